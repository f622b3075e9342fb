"""Which network addresses the product may call on somebody's behalf. Pure.

A flow's HTTP request runs inside the operator's network. Without this check its author could read what only that
network should see: cloud metadata at 169.254.169.254, a database's admin page, the router.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NAT64 = IPv6Network("64:ff9b::/96")


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks in CIDR notation; a lone address is a network of one. Raises ValueError naming the bad one."""
    return tuple(ip_network(text, strict=False) for text in texts)


def may_call(text: str, allowed: Sequence[Network]) -> bool:
    """Whether an address may be called: public ones always, others only inside an allowed network.

    Addresses that carry another one inside (IPv4-mapped, 6to4, Teredo, NAT64) are judged by both.
    """
    return all(is_public(address) or is_inside(address, allowed) for address in with_carried(ip_address(text)))


def is_public(address: Address) -> bool:
    """Whether an address belongs to the internet at large."""
    return address.is_global and not address.is_multicast


def is_inside(address: Address, networks: Sequence[Network]) -> bool:
    """Whether an address lies in one of the networks."""
    return any(address in network for network in networks if network.version == address.version)


def with_carried(address: Address) -> list[Address]:
    """The address, or what it stands for; a translating address together with the one it leads to."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address, address.sixtofour]
    if address.teredo is not None:
        return [address, *address.teredo]
    if address in NAT64:
        return [address, IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address]
