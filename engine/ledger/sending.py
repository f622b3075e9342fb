"""What a transfer does, activity by activity (Formance contract, 6.7), and what an account update does."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from designer.graph.model import Json
from engine.ledger.activities import Activities
from engine.ledger.amounts import check_amount
from engine.ledger.backend import Backend, overdraft_script
from engine.ledger.errors import Conflict, Invalid, NotFound
from engine.ledger.posting import Move

MOVE_TO: Final = "orchestration/move-to-ledger"
MOVE_FROM: Final = "orchestration/move-from-ledger"
Settings = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Money:
    """So much of an asset."""

    amount: int
    asset: str

    def to_json(self) -> dict[str, Json]:
        """Monetary."""
        return {"amount": self.amount, "asset": self.asset}


@dataclass(slots=True)
class Transfer:
    """One transfer on its way. `settings` are resolved: variables put in, defaults filled in, alternatives checked."""

    settings: Settings
    backend: Backend
    activities: Activities

    def run(self) -> None:
        """Do it. Raises `LedgerRefused`."""
        source, destination = _way(self.settings["source"]), _way(self.settings["destination"])
        if source[0] == "payment" and destination[0] == "payment":
            raise Invalid("send from payment to payment is not supported")
        money = self._money()
        account: Settings | None = source[1] if source[0] == "account" else None
        if source[0] == "payment":
            account, money = self._ingest(source[1], money)
        if money is None:
            raise Invalid("amount must be specified")
        check_amount(money.amount)
        if account is not None:
            self._from_account(account, destination, money)
        else:
            self._from_wallet(source[1], destination, money)

    # -- ways ---------------------------------------------------------------------------------------------------------

    def _from_account(self, source: Settings, destination: tuple[str, Settings], money: Money) -> None:
        kind, target = destination
        if kind == "account":
            self._account_to_account(source, target, money)
        elif kind == "wallet":
            self._account_to_wallet(source, target, money)
        else:
            account = self._get_account(source["ledger"], source["id"])
            reached = _reached(target, account["metadata"])
            self._move(source["ledger"], source["id"], source["through_account"], money, overdraft=_overdraft(source))
            self._initiate(target, reached, money)

    def _account_to_account(self, source: Settings, target: Settings, money: Money) -> None:
        if source["ledger"] == target["ledger"]:
            timestamp = self.settings.get("timestamp")
            self._move(
                source["ledger"],
                source["id"],
                target["id"],
                money,
                overdraft=_overdraft(source),
                timestamp=timestamp,
            )
            return
        self._move_out(source, target["ledger"], money)
        came = {MOVE_FROM: source["ledger"]}
        through = target["through_account"]
        self._move(target["ledger"], through, target["id"], money, came, overdraft=_overdraft(target))

    def _account_to_wallet(self, source: Settings, target: Settings, money: Money) -> None:
        wallet = self._get_wallet(target)
        if wallet["ledger"] == source["ledger"]:
            self._credit(wallet, target, money, _account_subject(source["id"]))
            return
        self._move_out(source, wallet["ledger"], money)
        came = {MOVE_FROM: source["ledger"]}
        self._credit(wallet, target, money, _account_subject(source["through_account"]), came)

    def _from_wallet(self, source: Settings, destination: tuple[str, Settings], money: Money) -> None:
        kind, target = destination
        wallet = self._get_wallet(source)
        if kind == "account":
            if wallet["ledger"] == target["ledger"]:
                self._debit(wallet, source, money, _account_subject(target["id"]))
                return
            self._debit(wallet, source, money, None, {MOVE_TO: target["ledger"]})
            came = {MOVE_FROM: wallet["ledger"]}
            through = target["through_account"]
            self._move(target["ledger"], through, target["id"], money, came, overdraft=_overdraft(target))
        elif kind == "wallet":
            self._wallet_to_wallet(wallet, source, target, money)
        else:
            reached = _reached(target, wallet["metadata"])
            self._debit(wallet, source, money, None)
            self._initiate(target, reached, money)

    def _wallet_to_wallet(self, wallet: Any, source: Settings, target: Settings, money: Money) -> None:
        other = self._get_wallet(target)
        if wallet["ledger"] == other["ledger"]:
            subject = {"type": "WALLET", "identifier": wallet["id"], "balance": source["balance"]}
            self._credit(other, target, money, subject)
            return
        self._debit(wallet, source, money, None, {MOVE_TO: other["ledger"]})
        self._credit(other, target, money, None, {MOVE_FROM: wallet["ledger"]})

    def _ingest(self, source: Settings, money: Money | None) -> tuple[Settings, Money]:
        """Have the payment's money on its holding account, once; answers that account and what is to be sent."""
        payment = self.activities.do(
            "GetPayment", {"id": source["id"]}, lambda _: self.backend.get_payment(source["id"])
        )
        whole = Money(payment["initialAmount"], payment["asset"])
        holding, ledger = source["holding_account"], source["ledger"]
        move = Move(source["through_account"], holding, whole.asset, whole.amount)
        how = self._how(move, _overdraft(source))
        data: dict[str, Json] = {"metadata": self._metadata(None), "reference": holding, **how}
        with contextlib.suppress(Conflict):  # an earlier instance may have brought it in
            self._create_transaction(ledger, data)
        return {**source, "id": holding}, money or whole

    # -- activities ---------------------------------------------------------------------------------------------------

    def _move_out(self, source: Settings, to_ledger: str, money: Money) -> None:
        went = {MOVE_TO: to_ledger}
        self._move(source["ledger"], source["id"], source["through_account"], money, went, overdraft=_overdraft(source))

    def _move(
        self,
        ledger: str,
        source: str,
        destination: str,
        money: Money,
        metadata: Mapping[str, str] | None = None,
        *,
        overdraft: bool,
        timestamp: Json = None,
    ) -> None:
        move = Move(source, destination, money.asset, money.amount)
        data = {"metadata": self._metadata(metadata), **self._how(move, overdraft)}
        self._create_transaction(ledger, {**data, "timestamp": timestamp} if timestamp else data)

    def _how(self, move: Move, overdraft: bool) -> dict[str, Json]:
        if overdraft:
            return {"script": {"plain": overdraft_script(move), "vars": {}}}
        posting = {"amount": move.amount, "asset": move.asset, "source": move.source, "destination": move.destination}
        return {"postings": [posting]}

    def _create_transaction(self, ledger: str, data: Mapping[str, Json]) -> None:
        def act(key: str) -> Json:
            return self.backend.create_transaction(ledger, data, key)

        self.activities.do("CreateTransaction", {"ledger": ledger, "data": dict(data)}, act)

    def _get_account(self, ledger: str, id: str) -> Any:
        input = {"id": id, "ledger": ledger}
        return self.activities.do("GetAccount", input, lambda _: self.backend.get_account(ledger, id))

    def _get_wallet(self, wanted: Settings) -> Any:
        """The wallet with its balances; one that is addressed by its name is looked up first."""
        if wanted.get("id"):
            id = wanted["id"]
            return self.activities.do("GetWallet", {"id": id}, lambda _: self.backend.get_wallet(id))
        name = wanted["name"]
        found = self.activities.do("ListWallets", {"name": name}, lambda _: self.backend.list_wallets(name))
        if not found:
            raise NotFound("wallet not found")
        if len(found) > 1:
            raise Invalid("found multiple wallets with the same name")
        return found[0]

    def _credit(
        self,
        wallet: Any,
        target: Settings,
        money: Money,
        source: Json,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        data: dict[str, Json] = {
            "amount": money.to_json(),
            "balance": target["balance"],
            "metadata": self._metadata(metadata),
            "sources": [] if source is None else [source],
        }
        if self.settings.get("timestamp"):
            data["timestamp"] = self.settings["timestamp"]

        def act(key: str) -> Json:
            self.backend.credit_wallet(wallet["id"], data, key)

        self.activities.do("CreditWallet", {"id": wallet["id"], "data": data}, act)

    def _debit(
        self,
        wallet: Any,
        source: Settings,
        money: Money,
        destination: Json,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        data: dict[str, Json] = {
            "amount": money.to_json(),
            "balances": [source["balance"]],
            "metadata": self._metadata(metadata),
        }
        if destination is not None:
            data["destination"] = destination
        if self.settings.get("timestamp"):
            data["timestamp"] = self.settings["timestamp"]

        def act(key: str) -> Json:
            return self.backend.debit_wallet(wallet["id"], data, key)

        self.activities.do("DebitWallet", {"id": wallet["id"], "data": data}, act)

    def _initiate(self, target: Settings, reached: str, money: Money) -> None:
        data: dict[str, Json] = {
            "amount": money.amount,
            "asset": money.asset,
            "destination": reached,
            "provider": target["psp"],
            "type": target["type"],
            "metadata": self._metadata(None),
            "waitingValidation": target["waiting_validation"],
        }
        if target.get("source_account"):
            data["source"] = target["source_account"]
        if target.get("connector"):
            data["connectorID"] = target["connector"]

        def act(key: str) -> Json:
            self.backend.create_transfer_initiation(data, key)

        self.activities.do("CreateTransferInitiation", data, act)

    def _metadata(self, more: Mapping[str, str] | None) -> dict[str, str]:
        return {**(self.settings.get("metadata") or {}), **(more or {})}

    def _money(self) -> Money | None:
        given = self.settings.get("amount")
        return None if given is None else Money(int(given["amount"]), given["asset"])


def update_account(settings: Settings, backend: Backend, activities: Activities) -> None:
    """Set metadata of an account. Raises `LedgerRefused`."""
    account, metadata = settings["account"], settings["metadata"]

    def act(key: str) -> Json:
        backend.add_account_metadata(account["ledger"], account["id"], metadata, key)

    input = {"id": account["id"], "account": account["id"], "ledger": account["ledger"], "metadata": metadata}
    activities.do("AddAccountMetadata", input, act)


def _way(side: Settings) -> tuple[str, Settings]:
    return next(iter(side.items()))


def _overdraft(account: Settings) -> bool:
    return account.get("allow_overdraft") is True


def _account_subject(address: str) -> dict[str, Json]:
    return {"type": "ACCOUNT", "identifier": address}


def _reached(target: Settings, metadata: Mapping[str, str]) -> str:
    """The account at the provider that metadata name."""
    key = target["metadata_key"]
    if not metadata.get(key):
        raise Invalid(f"expected '{key}' metadata containing formance account ID")
    return metadata[key]
