"""Payments that providers told us of, and transfers that they are to make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from engine.ledger.amounts import check_amount, check_asset
from engine.ledger.errors import Conflict, Invalid, NotFound
from engine.ledger.models import Connector, Payment, TransferInitiation

SCHEMES: Final = frozenset(
    (
        *("visa", "mastercard", "amex", "diners", "discover", "jcb", "unionpay", "apple pay", "google pay"),
        *("sepa", "sepa debit", "sepa credit", "a2a", "ach", "ach debit", "rtp", "unknown", "other"),
    )
)
PROVIDERS: Final = frozenset(
    ("STRIPE", "DUMMY-PAY", "WISE", "MODULR", "CURRENCY-CLOUD", "BANKING-CIRCLE", "MANGOPAY", "MONEYCORP")
)
TRANSFER_TYPES: Final = ("TRANSFER", "PAYOUT")


def find_payment(environment_id: int, id: str) -> Payment:
    """The payment with this id. Raises `NotFound`."""
    try:
        wanted = UUID(id)
    except ValueError:
        raise NotFound("payment not found") from None
    found = Payment.objects.filter(environment_id=environment_id, pk=wanted).first()
    if found is None:
        raise NotFound("payment not found")
    return found


def create_payment(environment_id: int, *, now: datetime, **fields: Any) -> Payment:
    """Record a payment. Raises `Invalid`, and `Conflict` for a reference that its connector used before."""
    check_amount(fields["initial_amount"])
    check_asset(fields["asset"])
    if fields.get("type") not in Payment.Type.values:
        raise Invalid("unknown payment type")
    if fields.get("status") not in Payment.Status.values:
        raise Invalid("unknown payment status")
    if fields.get("scheme", "unknown") not in SCHEMES:
        raise Invalid("unknown payment scheme")
    same = Payment.objects.filter(
        environment_id=environment_id, connector_id=fields.get("connector_id", ""), reference=fields["reference"]
    )
    if same.exists():
        raise Conflict("there is a payment with this reference already")
    return Payment.objects.create(environment_id=environment_id, **{"created_at": now, **fields})


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRequest:
    """A payout or transfer to be made by a provider."""

    amount: int
    asset: str
    destination: str
    type: str = "TRANSFER"
    source: str = ""
    provider: str = ""
    connector: str = ""
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    waits_for_validation: bool = False
    key: str


def initiate_transfer(
    environment_id: int, request: TransferRequest, *, instance_id: int | None = None, now: datetime
) -> TransferInitiation:
    """Record a transfer; its connector picks it up. A repeat with the same key answers the first. Raises `Invalid`."""
    check_amount(request.amount)
    check_asset(request.asset)
    if request.type not in TRANSFER_TYPES:
        raise Invalid(f"unknown transfer type '{request.type[:40]}'")
    before = TransferInitiation.objects.filter(environment_id=environment_id, idempotency_key=request.key).first()
    if before is not None:
        return before
    statuses = TransferInitiation.Status
    waits = request.waits_for_validation
    made = TransferInitiation.objects.create(
        environment_id=environment_id,
        instance_id=instance_id,
        type=request.type,
        provider=request.provider[:100],
        connector_name=request.connector[:200],
        source=request.source[:300],
        destination=request.destination[:300],
        asset=request.asset,
        amount=request.amount,
        description=request.description,
        metadata=dict(request.metadata),
        status=statuses.WAITING_FOR_VALIDATION if waits else statuses.PROCESSING,
        next_at=None if waits else now,
        idempotency_key=request.key,
        created_at=now,
    )
    return made


OPEN: Final = (TransferInitiation.Status.WAITING_FOR_VALIDATION, TransferInitiation.Status.PROCESSING)


@transaction.atomic
def validate_transfer(made: TransferInitiation, *, now: datetime) -> bool:
    """Let a transfer that waits for validation go. Answers whether it did wait."""
    statuses = TransferInitiation.Status
    rows = TransferInitiation.objects.filter(pk=made.pk, status=statuses.WAITING_FOR_VALIDATION)
    return bool(rows.update(status=statuses.PROCESSING, next_at=now))


@transaction.atomic
def settle_transfer(made: TransferInitiation, status: str, *, error: str = "", now: datetime) -> bool:
    """Say how a transfer ended. Answers False when it had ended before."""
    rows = TransferInitiation.objects.filter(pk=made.pk, status__in=OPEN)
    return bool(rows.update(status=status, error=error[:2000], next_at=None, settled_at=now))


def connector_for(made: TransferInitiation) -> Connector | None:
    """The connector a transfer asks for; without a name that of its provider. None where there is none."""
    rows = Connector.objects.filter(environment_id=made.environment_id, is_active=True)
    return rows.filter(name=made.connector_name or made.provider).first()


RETRY_AFTER: Final = timedelta(seconds=5)
LONGEST_RETRY: Final = timedelta(hours=1)


def pause_after(tries: int) -> timedelta:
    """How long to wait after so many tries that came to nothing."""
    factor: int = 2 ** min(tries, 20)
    return min(RETRY_AFTER * factor, LONGEST_RETRY)
