"""The door to a ledger: what the activities of a step ask for, in the shapes of the Formance contract.

`BuiltIn` is the ledger of this database: what it does is part of the transaction that settles the step, so it takes
effect exactly once. `engine.ledger.outside` reaches a Formance server instead, over HTTP, at least once and under
idempotency keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from django.conf import settings

from designer.graph.model import Json
from engine.ledger import payments, posting, wallets
from engine.ledger.amounts import check_address
from engine.ledger.errors import BadScript, Invalid
from engine.ledger.models import Account, Hold, Payment, Transaction, Wallet


class Backend(Protocol):
    """What can be asked of a ledger. Every method raises `LedgerRefused`. `key`: the idempotency key of a write."""

    def get_account(self, ledger: str, address: str) -> Json:
        """`{address, metadata, volumes}`; an account that nothing has used is empty."""
        ...

    def add_account_metadata(self, ledger: str, address: str, metadata: Mapping[str, str], key: str) -> None:
        """Set keys of an account's metadata."""
        ...

    def create_transaction(self, ledger: str, data: Mapping[str, Json], key: str) -> Json:
        """PostTransaction to `{id, postings, metadata, timestamp, reverted, reference?}`."""
        ...

    def get_wallet(self, id: str) -> Json:
        """A wallet with its balances."""
        ...

    def list_wallets(self, name: str) -> list[Json]:
        """The wallets of a name, at least two where there are several."""
        ...

    def credit_wallet(self, id: str, data: Mapping[str, Json], key: str) -> None:
        """Put money in."""
        ...

    def debit_wallet(self, id: str, data: Mapping[str, Json], key: str) -> Json:
        """Take money out; the hold if it is only set apart, else None."""
        ...

    def get_payment(self, id: str) -> Json:
        """A payment."""
        ...

    def create_transfer_initiation(self, data: Mapping[str, Json], key: str) -> None:
        """Ask a provider to transfer."""
        ...


def is_outside() -> bool:
    """Whether this deployment keeps its money on a Formance server."""
    return bool(settings.LEDGER_URL)


def backend_for(environment_id: int, *, instance_id: int | None, now: datetime) -> Backend:
    """The ledger of an environment."""
    if is_outside():
        from engine.ledger.outside import Outside

        return Outside(settings.LEDGER_URL, settings.LEDGER_CLIENT_ID, settings.LEDGER_CLIENT_SECRET)
    return BuiltIn(environment_id, instance_id, now)


SCRIPT: Final = re.compile(
    r"\s*send\s*\[\s*(?P<asset>\S+)\s+(?P<amount>-?\d{1,400})\s*\]\s*\(\s*"
    r"source\s*=\s*@(?P<source>\S+)(?P<overdraft>\s+allowing\s+unbounded\s+overdraft)?\s+"
    r"destination\s*=\s*@(?P<destination>\S+)\s*\)\s*"
)
"""The one form of script that is read here: one amount, one source, one destination."""


ENDS: Final = ("source", "destination", "asset")


def overdraft_script(move: posting.Move) -> str:
    """The script that moves money from an account which may go below zero."""
    return (
        f"send [{move.asset} {move.amount}] (\n"
        f"  source = @{move.source} allowing unbounded overdraft\n"
        f"  destination = @{move.destination}\n)"
    )


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """The ledger of this database."""

    environment_id: int
    instance_id: int | None
    now: datetime

    def get_account(self, ledger: str, address: str) -> Json:
        """As `Backend`."""
        account = posting.find_account(self.environment_id, ledger, check_address(address))
        return {"address": address, "metadata": {}, "volumes": {}} if account is None else account_json(account)

    def add_account_metadata(self, ledger: str, address: str, metadata: Mapping[str, str], key: str) -> None:
        """As `Backend`. Setting a value twice is the same as once."""
        posting.add_metadata(self.environment_id, ledger, address, metadata, now=self.now)

    def create_transaction(self, ledger: str, data: Mapping[str, Json], key: str) -> Json:
        """As `Backend`."""
        made = posting.post(self.environment_id, post_request(ledger, data, key), now=self.now)
        return transaction_json(made)

    def get_wallet(self, id: str) -> Json:
        """As `Backend`."""
        return wallet_json(wallets.find_wallet(self.environment_id, id), with_balances=True)

    def list_wallets(self, name: str) -> list[Json]:
        """As `Backend`."""
        return [wallet_json(wallet) for wallet in wallets.wallets_called(self.environment_id, name)]

    def credit_wallet(self, id: str, data: Mapping[str, Json], key: str) -> None:
        """As `Backend`."""
        wallets.credit(wallets.find_wallet(self.environment_id, id), credit_of(data, key), now=self.now)

    def debit_wallet(self, id: str, data: Mapping[str, Json], key: str) -> Json:
        """As `Backend`."""
        wallet = wallets.find_wallet(self.environment_id, id)
        hold = wallets.debit(wallet, debit_of(data, key), is_pending=data.get("pending") is True, now=self.now)
        return None if hold is None else hold_json(hold)

    def get_payment(self, id: str) -> Json:
        """As `Backend`."""
        return payment_json(payments.find_payment(self.environment_id, id))

    def create_transfer_initiation(self, data: Mapping[str, Json], key: str) -> None:
        """As `Backend`."""
        request = payments.TransferRequest(
            amount=data["amount"],
            asset=data["asset"],
            destination=data["destination"],
            type=data.get("type", "TRANSFER"),
            source=data.get("source", ""),
            provider=data.get("provider", ""),
            connector=data.get("connectorID", ""),
            description=data.get("description", ""),
            metadata=data.get("metadata", {}),
            waits_for_validation=data.get("waitingValidation") is True,
            key=key,
        )
        payments.initiate_transfer(self.environment_id, request, instance_id=self.instance_id, now=self.now)


# -- from the contract's shapes ---------------------------------------------------------------------------------------


def post_request(ledger: str, data: Mapping[str, Json], key: str | None) -> posting.PostRequest:
    """A PostTransaction: postings or a script. Raises `Invalid`, `BadScript`."""
    script = data.get("script")
    overdraft: tuple[str, ...] = ()
    if script is not None and data.get("postings"):
        raise Invalid("give either postings or a script")
    if script is not None:
        move, has_overdraft = _read_script(script)
        moves, overdraft = [move], (move.source,) if has_overdraft else ()
    else:
        moves = [_move(raw) for raw in data.get("postings") or ()]
    return posting.PostRequest(
        ledger=ledger,
        moves=moves,
        metadata=texts(data.get("metadata")),
        reference=data.get("reference") or None,
        timestamp=moment(data.get("timestamp")),
        overdraft=overdraft,
        key=key,
    )


def _read_script(script: Json) -> tuple[posting.Move, bool]:
    plain = script.get("plain") if isinstance(script, Mapping) else None
    found = SCRIPT.fullmatch(plain) if isinstance(plain, str) else None
    if found is None:
        raise BadScript("only scripts that send one amount from one account to another are read here")
    move = posting.Move(found["source"], found["destination"], found["asset"], int(found["amount"]))
    return move, found["overdraft"] is not None


def _move(raw: Json) -> posting.Move:
    if not isinstance(raw, Mapping) or not all(isinstance(raw.get(key), str) for key in ENDS):
        raise Invalid("a posting has a source, a destination, an asset and an amount")
    return posting.Move(raw["source"], raw["destination"], raw["asset"], whole(raw.get("amount")))


def whole(value: Json) -> int:
    """An amount from the wire. Raises `Invalid`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid("an amount is a whole number")
    return value


def texts(value: Json) -> dict[str, str]:
    """Metadata: texts by keys. Raises `Invalid`."""
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(entry, str) for entry in value.values()):
        raise Invalid("metadata are texts by keys")
    return dict(value)


def moment(value: Json) -> datetime | None:
    """A moment in RFC 3339. Raises `Invalid`."""
    if value is None or value == "":
        return None
    try:
        found = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        raise Invalid("timestamp: expected date as rfc3339 format") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _monetary(data: Mapping[str, Json]) -> tuple[int, str]:
    amount = data.get("amount")
    if not isinstance(amount, Mapping) or not isinstance(amount.get("asset"), str):
        raise Invalid("amount must be specified")
    return whole(amount.get("amount")), amount["asset"]


def credit_of(data: Mapping[str, Json], key: str | None) -> wallets.Change:
    """A CreditWalletRequest. Raises `Invalid`."""
    amount, asset = _monetary(data)
    return wallets.Change(
        amount=amount,
        asset=asset,
        subjects=[wallets.subject_of(raw) for raw in data.get("sources") or ()],
        balances=(str(data.get("balance") or wallets.MAIN),),
        metadata=texts(data.get("metadata")),
        reference=data.get("reference") or None,
        timestamp=moment(data.get("timestamp")),
        key=key,
    )


def debit_of(data: Mapping[str, Json], key: str | None) -> wallets.Change:
    """A DebitWalletRequest. Raises `Invalid`."""
    amount, asset = _monetary(data)
    destination = data.get("destination")
    return wallets.Change(
        amount=amount,
        asset=asset,
        subjects=() if destination is None else (wallets.subject_of(destination),),
        balances=tuple(str(balance) for balance in data.get("balances") or (wallets.MAIN,)),
        metadata=texts(data.get("metadata")),
        timestamp=moment(data.get("timestamp")),
        description=str(data.get("description") or ""),
        key=key,
    )


# -- into the contract's shapes ---------------------------------------------------------------------------------------


def stamp(value: datetime) -> str:
    """A moment as it is written: RFC 3339, in UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def account_json(account: Account) -> dict[str, Any]:
    """`{address, metadata, volumes}`."""
    volumes = {
        asset: {"input": balance.inflow, "output": balance.outflow, "balance": balance.amount}
        for asset, balance in posting.balances_of(account).items()
    }
    return {"address": account.address, "metadata": account.metadata, "volumes": volumes}


def transaction_json(made: Transaction) -> dict[str, Any]:
    """`{id, postings, metadata, timestamp, reverted, reference?}`."""
    rows = made.postings.select_related("source", "destination").order_by("position")
    postings = [
        {"amount": p.amount, "asset": p.asset, "source": p.source.address, "destination": p.destination.address}
        for p in rows
    ]
    found: dict[str, Any] = {
        "id": made.number,
        "postings": postings,
        "metadata": made.metadata,
        "timestamp": stamp(made.timestamp),
        "reverted": hasattr(made, "reverted_by"),
    }
    return found if made.reference is None else {**found, "reference": made.reference}


def wallet_json(wallet: Wallet, *, with_balances: bool = False) -> dict[str, Any]:
    """A wallet, with its balances if asked for."""
    found: dict[str, Any] = {
        "id": str(wallet.pk),
        "name": wallet.name,
        "ledger": wallet.ledger,
        "metadata": wallet.metadata,
        "createdAt": stamp(wallet.created_at),
    }
    if with_balances:
        found["balances"] = {name: {"assets": assets} for name, assets in wallets.balances(wallet).items()}
    return found


def hold_json(hold: Hold) -> dict[str, Any]:
    """`{id, walletID, description, metadata, destination?}`."""
    found = {
        "id": str(hold.pk),
        "walletID": str(hold.wallet_id),
        "description": hold.description,
        "metadata": hold.metadata,
    }
    return found if hold.destination is None else {**found, "destination": hold.destination}


def payment_json(payment: Payment) -> dict[str, Any]:
    """A payment. A provider that the contract does not know is left out."""
    found: dict[str, Any] = {
        "id": str(payment.pk),
        "reference": payment.reference,
        "connectorID": payment.connector_id,
        "sourceAccountID": payment.source_account_id,
        "destinationAccountID": payment.destination_account_id,
        "asset": payment.asset,
        "initialAmount": payment.initial_amount,
        "amount": payment.initial_amount,
        "createdAt": stamp(payment.created_at),
        "metadata": payment.metadata,
        "raw": payment.raw,
        "adjustments": payment.adjustments,
        "status": payment.status,
        "type": payment.type,
        "scheme": payment.scheme,
    }
    return {**found, "provider": payment.provider} if payment.provider in payments.PROVIDERS else found
