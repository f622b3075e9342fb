"""The services beside orchestration, as far as they fill and show the built-in ledger (contract, 4.4).

Each has scopes of its own and error words of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from designer.graph.model import Json
from dialects.formance import cursors
from dialects.formance.base import FormanceView
from dialects.formance.bodies import read_object
from dialects.formance.errors import bad_request
from dialects.formance.wire import data
from engine.ledger import payments, posting, wallets
from engine.ledger.amounts import check_address
from engine.ledger.backend import (
    account_json,
    credit_of,
    debit_of,
    hold_json,
    moment,
    payment_json,
    post_request,
    texts,
    transaction_json,
    wallet_json,
    whole,
)
from engine.ledger.errors import Conflict, InsufficientFunds, LedgerRefused, NotFound
from engine.ledger.models import Payment, Transaction, Wallet

STATUSES: Final[dict[type[LedgerRefused], int]] = {NotFound: 404, Conflict: 409}


class MoneyView(FormanceView):
    """A view of one of these services. `words`: its own words for our refusals."""

    words: ClassVar[dict[type[LedgerRefused], str]] = {}

    @property
    def environment_id(self) -> int:
        """The environment of the caller."""
        return self.scope.environment.pk

    @property
    def key(self) -> str | None:
        """The caller's idempotency key."""
        given = self.request.headers.get("Idempotency-Key", "")
        return f"api:{given}"[:300] if given else None

    def handle_exception(self, exc: Exception) -> Response:
        """What a ledger refuses, in the words of the service."""
        if isinstance(exc, LedgerRefused):
            code = self.words.get(type(exc), exc.code)
            status = next((code for kind, code in STATUSES.items() if isinstance(exc, kind)), 400)
            response = Response({"errorCode": code, "errorMessage": str(exc)}, status=status)
            response.exception = True
            return response
        return super().handle_exception(exc)


# -- ledgers ----------------------------------------------------------------------------------------------------------


class LedgerView(MoneyView):
    """Below `api/ledger/v2`."""

    service = "ledger"


class OneLedger(LedgerView):
    """`{ledger}`"""

    def post(self, request: Request, ledger: str) -> Response:
        """Open it. One that is there already stays as it is."""
        body = read_object(request, "decoding body") if request.body else {}
        posting.make_ledger(self.environment_id, ledger, metadata=texts(body.get("metadata")), now=timezone.now())
        return Response(status=204)


class Transactions(LedgerView):
    """`{ledger}/transactions`"""

    def get(self, request: Request, ledger: str) -> Response:
        """Newest first."""
        rows = Transaction.objects.filter(ledger__environment=self.scope.environment, ledger__name=ledger)
        return Response(cursors.page(rows.order_by("-number"), cursors.window_of(request.query_params, ()), _written))

    def post(self, request: Request, ledger: str) -> Response:
        """Make one, of postings or a script."""
        asked = post_request(ledger, read_object(request, "decoding body"), self.key)
        return Response(data(transaction_json(posting.post(self.environment_id, asked, now=timezone.now()))))


def _written(rows: Sequence[Transaction]) -> list[Json]:
    return [transaction_json(row) for row in rows]


class OneAccount(LedgerView):
    """`{ledger}/accounts/{address}`"""

    def get(self, request: Request, ledger: str, address: str) -> Response:
        """One that nothing has used yet is empty."""
        found = posting.find_account(self.environment_id, ledger, check_address(address))
        empty = {"address": address, "metadata": {}, "volumes": {}}
        return Response(data(empty if found is None else account_json(found)))


class AccountMetadata(LedgerView):
    """`{ledger}/accounts/{address}/metadata`"""

    def post(self, request: Request, ledger: str, address: str) -> Response:
        """Set keys; the others stay."""
        metadata = texts(read_object(request, "decoding body"))
        posting.add_metadata(self.environment_id, ledger, address, metadata, now=timezone.now())
        return Response(status=204)


# -- wallets ----------------------------------------------------------------------------------------------------------


class WalletView(MoneyView):
    """Below `api/wallets`."""

    service = "wallets"
    words = {NotFound: "VALIDATION", InsufficientFunds: "INSUFFICIENT_FUND", Conflict: "HOLD_CLOSED"}


class Wallets(WalletView):
    """`wallets`"""

    def get(self, request: Request) -> Response:
        """Newest first; those of a name."""
        window = cursors.window_of(request.query_params, ("name",))
        rows: QuerySet[Wallet] = Wallet.objects.within(self.scope)
        if window.filters.get("name"):
            rows = rows.filter(name=window.filters["name"])
        return Response(cursors.page(rows, window, lambda page: [wallet_json(wallet) for wallet in page]))

    def post(self, request: Request) -> Response:
        """Make one."""
        body = read_object(request, "decoding body")
        if not isinstance(body.get("name"), str):
            raise bad_request("name is required")
        made = wallets.create_wallet(
            self.environment_id, name=body["name"], metadata=texts(body.get("metadata")), now=timezone.now()
        )
        return Response(data(wallet_json(made)), status=201)


class OneWallet(WalletView):
    """`wallets/{id}`"""

    def get(self, request: Request, wallet: str) -> Response:
        """With its balances."""
        return Response(data(wallet_json(wallets.find_wallet(self.environment_id, wallet), with_balances=True)))


class Credit(WalletView):
    """`wallets/{id}/credit`"""

    def post(self, request: Request, wallet: str) -> Response:
        """Put money in."""
        found = wallets.find_wallet(self.environment_id, wallet)
        wallets.credit(found, credit_of(read_object(request, "decoding body"), self.key), now=timezone.now())
        return Response(status=204)


class Debit(WalletView):
    """`wallets/{id}/debit`"""

    def post(self, request: Request, wallet: str) -> Response:
        """Take money out, or set it apart."""
        found = wallets.find_wallet(self.environment_id, wallet)
        body = read_object(request, "decoding body")
        hold = wallets.debit(
            found, debit_of(body, self.key), is_pending=body.get("pending") is True, now=timezone.now()
        )
        return Response(status=204) if hold is None else Response(data(hold_json(hold)), status=201)


class SettleHold(WalletView):
    """`holds/{id}/confirm` and `holds/{id}/void`"""

    is_confirmed: ClassVar[bool] = True

    def post(self, request: Request, hold: str) -> Response:
        """Pay out, or give back."""
        settle = wallets.confirm_hold if self.is_confirmed else wallets.void_hold
        settle(self.environment_id, hold, key=self.key, now=timezone.now())
        return Response(status=204)


# -- payments ---------------------------------------------------------------------------------------------------------


class PaymentView(MoneyView):
    """Below `api/payments`."""

    service = "payments"


class Payments(PaymentView):
    """`payments`"""

    def post(self, request: Request) -> Response:
        """Record one."""
        body = read_object(request, "decoding body")
        for name in ("reference", "asset", "type", "status"):
            if not isinstance(body.get(name), str) or not body[name]:
                raise bad_request(f"{name} is required")
        texts_of = {name: str(body.get(key) or "")[:200] for name, key in FIELDS.items()}
        made: Payment = payments.create_payment(
            self.environment_id,
            reference=body["reference"][:300],
            asset=body["asset"],
            type=body["type"],
            status=body["status"],
            scheme=str(body.get("scheme") or "unknown"),
            initial_amount=whole(body.get("amount")),
            metadata=texts(body.get("metadata")),
            created_at=moment(body.get("createdAt")) or timezone.now(),
            now=timezone.now(),
            **texts_of,
        )
        return Response(data(payment_json(made)))


FIELDS: Final = {
    "connector_id": "connectorID",
    "source_account_id": "sourceAccountID",
    "destination_account_id": "destinationAccountID",
}


class OnePayment(PaymentView):
    """`payments/{id}`"""

    def get(self, request: Request, payment: str) -> Response:
        """One of them."""
        found: dict[str, Any] = payment_json(payments.find_payment(self.environment_id, payment))
        return Response(data(found))
