"""Wallets: balances of somebody, kept on accounts of a ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from designer.graph.model import Json
from engine.ledger.amounts import WORLD, check_address, check_amount, check_asset, check_ledger
from engine.ledger.errors import Conflict, Invalid, NotFound
from engine.ledger.models import Account, Hold, Wallet
from engine.ledger.posting import Move, PostRequest, available, balances_of, lock, post

MAIN: Final = "main"
LEDGER: Final = "wallets-002"
"""Where wallets keep their balances unless they say otherwise."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Where money comes from or goes to: an account of the wallet's ledger, or a balance of another wallet."""

    type: str
    identifier: str
    balance: str = MAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A credit or a debit. `subjects`: sources of a credit, taken one after the other; of a debit the destination."""

    amount: int
    asset: str
    subjects: Sequence[Subject] = ()
    balances: Sequence[str] = (MAIN,)
    metadata: Mapping[str, str] = field(default_factory=dict)
    reference: str | None = None
    timestamp: datetime | None = None
    description: str = ""
    key: str | None = None


def create_wallet(
    environment_id: int, *, name: str, metadata: Mapping[str, str] | None = None, ledger: str = LEDGER, now: datetime
) -> Wallet:
    """A new wallet, empty. Raises `Invalid`."""
    if not 0 < len(name) <= 200:
        raise Invalid("a wallet's name has 1 to 200 characters")
    check_ledger(ledger)
    return Wallet.objects.create(
        environment_id=environment_id, name=name, ledger=ledger, metadata=dict(metadata or {}), created_at=now
    )


def find_wallet(environment_id: int, id: str) -> Wallet:
    """The wallet with this id. Raises `NotFound`."""
    try:
        wanted = UUID(id)
    except ValueError:
        raise NotFound("wallet not found") from None
    found = Wallet.objects.filter(environment_id=environment_id, pk=wanted).first()
    if found is None:
        raise NotFound("wallet not found")
    return found


def wallets_called(environment_id: int, name: str) -> list[Wallet]:
    """The wallets with this name; there may be several."""
    return list(Wallet.objects.filter(environment_id=environment_id, name=name)[:2])


def address_of(wallet: Wallet, balance: str = MAIN) -> str:
    """The account that holds a balance of a wallet."""
    return check_address(f"wallets:{wallet.pk.hex}:{balance}")


def hold_address(hold: Hold) -> str:
    """The account that holds what was set apart."""
    return f"wallets:holds:{hold.pk.hex}"


def balances(wallet: Wallet) -> dict[str, dict[str, int]]:
    """What a wallet holds: by balance, by asset. `main` is always there."""
    prefix = f"wallets:{wallet.pk.hex}:"
    rows = Account.objects.filter(
        ledger__environment_id=wallet.environment_id, ledger__name=wallet.ledger, address__startswith=prefix
    )
    found: dict[str, dict[str, int]] = {MAIN: {}}
    for account in rows.prefetch_related("balances"):
        held = {asset: balance.amount for asset, balance in balances_of(account).items()}
        found[account.address.removeprefix(prefix)] = held
    return found


def credit(wallet: Wallet, change: Change, *, now: datetime) -> None:
    """Put money into a balance, from the sources one after the other (without any: from `world`).

    Raises `Invalid`, `NotFound`, `InsufficientFunds`.
    """
    _check(change)
    sources = [_address(wallet, subject) for subject in change.subjects] or [WORLD]
    with transaction.atomic():
        lock()
        moves = _taken(wallet, sources, address_of(wallet, change.balances[0]), change)
        post(wallet.environment_id, _request(wallet, moves, change), now=now)


def debit(wallet: Wallet, change: Change, *, is_pending: bool = False, now: datetime) -> Hold | None:
    """Take money out of the balances one after the other, to the destination (without one: to `world`).

    With `is_pending` it is only set apart: the answer is the hold. Raises as `credit`.
    """
    _check(change)
    if is_pending and change.key is not None:
        before = Hold.objects.filter(environment_id=wallet.environment_id, idempotency_key=change.key).first()
        if before is not None:
            return before
    sources = [address_of(wallet, balance) for balance in change.balances or (MAIN,)]
    with transaction.atomic():
        lock()
        hold = _new_hold(wallet, change, now) if is_pending else None
        if hold is not None:
            target = hold_address(hold)
        else:
            target = _address(wallet, change.subjects[0]) if change.subjects else WORLD
        moves = _taken(wallet, sources, target, change)
        post(wallet.environment_id, _request(wallet, moves, change), now=now)
    return hold


def confirm_hold(environment_id: int, id: str, *, key: str | None = None, now: datetime) -> Hold:
    """Pay out what was set apart. Raises `NotFound`, `Conflict` when nothing is left of it."""
    return _settle(environment_id, id, key=key, is_confirmed=True, now=now)


def void_hold(environment_id: int, id: str, *, key: str | None = None, now: datetime) -> Hold:
    """Give back what was set apart. Raises as `confirm_hold`."""
    return _settle(environment_id, id, key=key, is_confirmed=False, now=now)


def _settle(environment_id: int, id: str, *, key: str | None, is_confirmed: bool, now: datetime) -> Hold:
    with transaction.atomic():
        lock()
        hold = _find_hold(environment_id, id)
        if hold.remaining == 0:
            raise Conflict("the hold is closed")
        target = address_of(hold.wallet, hold.balance)
        if is_confirmed:
            given = hold.destination
            target = _address(hold.wallet, subject_of(given)) if given else WORLD
        move = Move(hold_address(hold), target, hold.asset, hold.remaining)
        post(environment_id, PostRequest(ledger=hold.wallet.ledger, moves=[move], key=key), now=now)
        hold.remaining = 0
        hold.save(update_fields=["remaining"])
    return hold


def _find_hold(environment_id: int, id: str) -> Hold:
    try:
        wanted = UUID(id)
    except ValueError:
        raise NotFound("hold not found") from None
    found = Hold.objects.filter(environment_id=environment_id, pk=wanted).select_related("wallet").first()
    if found is None:
        raise NotFound("hold not found")
    return found


def subject_of(raw: Json) -> Subject:
    """A subject from the wire: `{type, identifier, balance?}`. Raises `Invalid`."""
    if not isinstance(raw, Mapping) or raw.get("type") not in ("ACCOUNT", "WALLET"):
        raise Invalid("a subject has the type ACCOUNT or WALLET")
    if not isinstance(raw.get("identifier"), str) or not raw["identifier"]:
        raise Invalid("a subject needs an identifier")
    return Subject(raw["type"], raw["identifier"], str(raw.get("balance") or MAIN))


def _new_hold(wallet: Wallet, change: Change, now: datetime) -> Hold:
    given = change.subjects[0] if change.subjects else None
    return Hold.objects.create(
        environment_id=wallet.environment_id,
        wallet=wallet,
        balance=(change.balances or (MAIN,))[0],
        asset=change.asset,
        amount=change.amount,
        remaining=change.amount,
        destination=None
        if given is None
        else {"type": given.type, "identifier": given.identifier, "balance": given.balance},
        description=change.description,
        metadata=dict(change.metadata),
        idempotency_key=change.key,
        created_at=now,
    )


def _check(change: Change) -> None:
    check_amount(change.amount)
    check_asset(change.asset)


def _address(wallet: Wallet, subject: Subject) -> str:
    """The account a subject stands for, in the wallet's ledger."""
    if subject.type == "ACCOUNT":
        return check_address(subject.identifier)
    other = find_wallet(wallet.environment_id, subject.identifier)
    if other.ledger != wallet.ledger:
        raise Invalid("the wallets are kept in different ledgers")
    return address_of(other, subject.balance)


def _taken(wallet: Wallet, sources: Sequence[str], target: str, change: Change) -> list[Move]:
    """What is taken from each source; the last one has to have the rest."""
    moves, rest = [], change.amount
    for source in sources[:-1]:
        there = rest if source == WORLD else available(wallet.environment_id, wallet.ledger, source, change.asset)
        part = min(rest, max(0, there))
        if part:
            moves.append(Move(source, target, change.asset, part))
            rest -= part
    if rest or not moves:
        moves.append(Move(sources[-1], target, change.asset, rest))
    return moves


def _request(wallet: Wallet, moves: Sequence[Move], change: Change) -> PostRequest:
    return PostRequest(
        ledger=wallet.ledger,
        moves=moves,
        metadata=change.metadata,
        reference=change.reference,
        timestamp=change.timestamp,
        key=change.key,
    )
