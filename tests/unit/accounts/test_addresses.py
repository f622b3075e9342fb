"""Private networks cannot be called unless an administrator says so."""

import pytest

from accounts.addresses import may_call, parse_networks

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",  # noqa: S104
    "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
    "::", "::1", "fe80::1", "fc00::1", "fd12::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a00:1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_may_not_be_called(address: str) -> None:
    assert not may_call(address, ())


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_a_public_address_may_be_called(address: str) -> None:
    assert may_call(address, ())


def test_an_allowed_network_may_be_called_and_only_it() -> None:
    allowed = parse_networks(["127.0.0.0/8", "fd00::/8"])
    assert may_call("127.0.0.1", allowed)
    assert may_call("::ffff:127.0.0.1", allowed)
    assert may_call("fd00::5", allowed)
    assert not may_call("10.0.0.1", allowed)
    assert not may_call("::1", allowed)


def test_a_network_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/99"):
        parse_networks(["10.0.0.0/99"])
