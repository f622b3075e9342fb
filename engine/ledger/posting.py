"""Moving money: the one place where balances change.

Everything that writes a ledger takes one lock first (on SQLite the write lock that a transaction has anyway, on
PostgreSQL an advisory lock), and holds it to the end of its transaction. So numbers have no gaps, balances are read as
they are, and no two transactions can wait for each other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from designer.graph.model import Json
from engine.ledger.amounts import LARGEST, WORLD, check_address, check_amount, check_asset, check_ledger
from engine.ledger.errors import Conflict, InsufficientFunds, Invalid, NotFound
from engine.ledger.models import Account, Balance, Ledger, Posting, Transaction

LOCK: Final = 0x51_6C_65_64_67_65_72
"""The number of the advisory lock."""
MOST_POSTINGS: Final = 1_000
LONGEST_KEY: Final = 300
LONGEST_REFERENCE: Final = 500


@dataclass(frozen=True, slots=True)
class Move:
    """So much of an asset from one address to another."""

    source: str
    destination: str
    asset: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRequest:
    """A transaction to be made. `overdraft`: addresses that may go below zero in it, beside `world`."""

    ledger: str
    moves: Sequence[Move]
    metadata: Mapping[str, str] = field(default_factory=dict)
    reference: str | None = None
    timestamp: datetime | None = None
    overdraft: Collection[str] = ()
    key: str | None = None
    """The idempotency key: a repeat is answered with the first transaction."""


def lock() -> None:
    """Be the only one who writes ledgers until the end of the transaction. Call it in one."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def post(environment_id: int, request: PostRequest, *, now: datetime) -> Transaction:
    """Make a transaction: all of its postings or none.

    Raises `Invalid`, `Conflict` (the reference or the key was used for something else) and `InsufficientFunds`.
    """
    _check(request)
    with transaction.atomic():
        lock()
        ledger = open_ledger(environment_id, request.ledger, now=now)
        print = _fingerprint(request)
        before = _repeated(ledger, request, print)
        if before is not None:
            return before
        accounts = open_accounts(ledger, _addresses(request.moves), now=now)
        _move(accounts, request)
        return _write(ledger, accounts, request, print, now)


def open_ledger(environment_id: int, name: str, *, now: datetime) -> Ledger:
    """The ledger, made if need be. Call it under the lock. Raises `Invalid`."""
    check_ledger(name)
    found = Ledger.objects.filter(environment_id=environment_id, name=name).first()
    return found or Ledger.objects.create(environment_id=environment_id, name=name, created_at=now)


def make_ledger(environment_id: int, name: str, *, metadata: Mapping[str, str], now: datetime) -> Ledger:
    """The ledger, made with these metadata if it is not there yet. Raises `Invalid`."""
    with transaction.atomic():
        lock()
        found = open_ledger(environment_id, name, now=now)
        if metadata and found.next_number == 0 and not found.metadata:
            found.metadata = dict(metadata)
            found.save(update_fields=["metadata"])
    return found


def open_accounts(ledger: Ledger, addresses: Iterable[str], *, now: datetime) -> dict[str, Account]:
    """The accounts by their addresses, made if need be. Call it under the lock."""
    wanted = list(dict.fromkeys(addresses))
    found = {account.address: account for account in ledger.accounts.filter(address__in=wanted)}
    for address in wanted:
        if address not in found:
            found[address] = Account.objects.create(ledger=ledger, address=address, created_at=now)
    return found


def add_metadata(
    environment_id: int, ledger: str, address: str, metadata: Mapping[str, str], *, now: datetime
) -> Account:
    """Set keys of an account's metadata; the others stay. Raises `Invalid`."""
    check_address(address)
    for key, value in metadata.items():
        if not isinstance(value, str):
            raise Invalid(f"metadata {key[:60]} must be a text")
    with transaction.atomic():
        lock()
        account = open_accounts(open_ledger(environment_id, ledger, now=now), [address], now=now)[address]
        account.metadata = {**account.metadata, **metadata}
        account.save(update_fields=["metadata"])
    return account


def revert(environment_id: int, ledger: str, number: int, *, key: str | None = None, now: datetime) -> Transaction:
    """Undo a transaction by one that moves everything back. Raises `NotFound`, `Conflict`, `InsufficientFunds`."""
    with transaction.atomic():
        lock()
        rows = Transaction.objects.filter(ledger__environment_id=environment_id, ledger__name=ledger, number=number)
        first = rows.prefetch_related("postings__source", "postings__destination").first()
        if first is None:
            raise NotFound("transaction not found")
        if hasattr(first, "reverted_by"):
            raise Conflict(f"transaction {number} was reverted before")
        back = [
            Move(p.destination.address, p.source.address, p.asset, p.amount) for p in reversed(first.postings.all())
        ]
        made = post(environment_id, PostRequest(ledger=ledger, moves=back, key=key), now=now)
        made.reverts = first
        made.save(update_fields=["reverts"])
    return made


def balances_of(account: Account) -> dict[str, Balance]:
    """What lies on an account, by asset."""
    return {balance.asset: balance for balance in account.balances.all()}


def find_account(environment_id: int, ledger: str, address: str) -> Account | None:
    """An account; None for one that nothing has used yet."""
    rows = Account.objects.filter(ledger__environment_id=environment_id, ledger__name=ledger, address=address)
    return rows.prefetch_related("balances").first()


def available(environment_id: int, ledger: str, address: str, asset: str) -> int:
    """How much of an asset lies on an account."""
    account = find_account(environment_id, ledger, address)
    balance = balances_of(account).get(asset) if account is not None else None
    return balance.amount if balance is not None else 0


# -- inside -----------------------------------------------------------------------------------------------------------


def _check(request: PostRequest) -> None:
    check_ledger(request.ledger)
    if not request.moves:
        raise Invalid("a transaction needs postings")
    if len(request.moves) > MOST_POSTINGS:
        raise Invalid(f"a transaction has at most {MOST_POSTINGS} postings")
    for move in request.moves:
        check_amount(move.amount)
        check_asset(move.asset)
        check_address(move.source)
        check_address(move.destination)
    if request.reference is not None and not 0 < len(request.reference) <= LONGEST_REFERENCE:
        raise Invalid(f"a reference has 1 to {LONGEST_REFERENCE} characters")
    if request.key is not None and not 0 < len(request.key) <= LONGEST_KEY:
        raise Invalid(f"an idempotency key has 1 to {LONGEST_KEY} characters")


def _addresses(moves: Iterable[Move]) -> Iterable[str]:
    for move in moves:
        yield move.source
        yield move.destination


def _fingerprint(request: PostRequest) -> str:
    moves: Json = [[move.source, move.destination, move.asset, str(move.amount)] for move in request.moves]
    timestamp = request.timestamp.isoformat() if request.timestamp else None
    value = [moves, dict(request.metadata), request.reference, timestamp, sorted(request.overdraft)]
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _repeated(ledger: Ledger, request: PostRequest, print: str) -> Transaction | None:
    if request.key is not None:
        before = ledger.transactions.filter(idempotency_key=request.key).first()
        if before is not None and before.fingerprint != print:
            raise Conflict("the idempotency key was used for another transaction")
        if before is not None:
            return before
    if request.reference is not None and ledger.transactions.filter(reference=request.reference).exists():
        raise Conflict(f"there is a transaction with the reference '{request.reference[:100]}' already")
    return None


def _move(accounts: Mapping[str, Account], request: PostRequest) -> None:
    """Bring the balances up to date, posting by posting, and write them."""
    ids = [account.pk for account in accounts.values()]
    assets = {move.asset for move in request.moves}
    rows = Balance.objects.filter(account_id__in=ids, asset__in=assets)
    balances = {(balance.account_id, balance.asset): balance for balance in rows}
    for move in request.moves:
        source = _balance(balances, accounts[move.source], move.asset)
        destination = _balance(balances, accounts[move.destination], move.asset)
        source.outflow += move.amount
        if source.amount < 0 and move.source != WORLD and move.source not in request.overdraft and move.amount:
            raise InsufficientFunds(
                f"insufficient funds: account {move.source} of the ledger {request.ledger} has "
                f"{source.amount + move.amount} {move.asset}, and {move.amount} are needed"
            )
        destination.inflow += move.amount
        if max(source.outflow, destination.inflow) >= LARGEST:
            raise Invalid("the balance would have too many digits")
    changed = [balance for balance in balances.values() if balance.pk is not None]
    Balance.objects.bulk_create([balance for balance in balances.values() if balance.pk is None])
    Balance.objects.bulk_update(changed, ["inflow", "outflow"])


def _balance(balances: dict[tuple[int, str], Balance], account: Account, asset: str) -> Balance:
    found = balances.get((account.pk, asset))
    if found is None:
        found = balances[account.pk, asset] = Balance(account=account, asset=asset, inflow=0, outflow=0)
    return found


def _write(
    ledger: Ledger, accounts: Mapping[str, Account], request: PostRequest, print: str, now: datetime
) -> Transaction:
    made = Transaction.objects.create(
        ledger=ledger,
        number=ledger.next_number,
        reference=request.reference,
        idempotency_key=request.key,
        fingerprint=print,
        metadata=dict(request.metadata),
        timestamp=request.timestamp or now,
        created_at=now,
    )
    ledger.next_number += 1
    ledger.save(update_fields=["next_number"])
    Posting.objects.bulk_create(
        Posting(
            transaction=made,
            position=position,
            source=accounts[move.source],
            destination=accounts[move.destination],
            asset=move.asset,
            amount=move.amount,
        )
        for position, move in enumerate(request.moves)
    )
    return made
