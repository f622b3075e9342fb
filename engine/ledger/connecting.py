"""Connectors: how transfer initiations leave the house.

A connector is handed one transfer and answers how it went: done, refused for good, or try again. It may be handed the
same transfer again after a crash, so it passes the transfer's id on as an idempotency key. Where no connector is meant
for a transfer, it waits for a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from django.db import transaction
from django.utils import timezone

from accounts.json_text import json_bytes
from accounts.outbound import OutboundError, OutboundRequest, send
from accounts.sealing import SecretUnreadable, unseal
from engine.ledger.models import Connector, TransferInitiation
from engine.ledger.payments import connector_for, pause_after, settle_transfer

LEASE: Final = timedelta(seconds=60)
TIMEOUT_SECONDS: Final = 30.0


class Verdict(StrEnum):
    """How it went."""

    DONE = "done"
    REFUSED = "refused"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a connector says of a transfer. `words` are for people."""

    verdict: Verdict
    words: str = ""


class Carrier(Protocol):
    """A type of connector."""

    def carry(self, connector: Connector, transfer: TransferInitiation) -> Answer:
        """Carry out one transfer. Never raises."""
        ...


class Dummy:
    """Says yes to everything: for development."""

    def carry(self, connector: Connector, transfer: TransferInitiation) -> Answer:
        """Done."""
        return Answer(Verdict.DONE)


class Http:
    """Posts the transfer to a service: 2xx is done; 4xx but 408, 409, 425 and 429 is refused; anything else again."""

    def carry(self, connector: Connector, transfer: TransferInitiation) -> Answer:
        """Ask the service."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(transfer.pk)}
        try:
            if connector.secret:
                headers["Authorization"] = f"Bearer {unseal(connector.secret)}"
            request = OutboundRequest("POST", connector.url, headers, body_of(transfer), TIMEOUT_SECONDS)
            answer = send(request)
        except (OutboundError, SecretUnreadable) as trouble:
            return Answer(Verdict.AGAIN, str(trouble))
        words = f"{answer.status} {answer.body[:500].decode('utf-8', 'replace')}".strip()
        if 200 <= answer.status < 300:
            return Answer(Verdict.DONE, words)
        is_final = 400 <= answer.status < 500 and answer.status not in (408, 409, 425, 429)
        return Answer(Verdict.REFUSED if is_final else Verdict.AGAIN, words)


CARRIERS: Final[Mapping[str, Carrier]] = {Connector.Type.DUMMY: Dummy(), Connector.Type.HTTP: Http()}


def body_of(transfer: TransferInitiation) -> bytes:
    """What a service is posted. The amount is a text: it has any size."""
    return json_bytes(
        {
            "id": str(transfer.pk),
            "type": transfer.type,
            "provider": transfer.provider,
            "source": transfer.source,
            "destination": transfer.destination,
            "asset": transfer.asset,
            "amount": str(transfer.amount),
            "description": transfer.description,
            "metadata": transfer.metadata,
        }
    )


def carry_out_transfers(now: datetime, limit: int = 20) -> int:
    """Hand transfers that are due to their connectors. Answers how many were looked at. A chore."""
    due = TransferInitiation.objects.filter(next_at__lte=now, status=TransferInitiation.Status.PROCESSING)
    found = list(due.order_by("next_at")[:limit])
    return sum(_carry_out(transfer) for transfer in found)


def _carry_out(transfer: TransferInitiation) -> int:
    """Claim one and hand it over. Answers 0 when somebody else has it."""
    now = timezone.now()
    with transaction.atomic():
        rows = TransferInitiation.objects.filter(pk=transfer.pk, next_at=transfer.next_at)
        connector = connector_for(transfer)
        # Without a connector nobody looks at it again: a person says how it went.
        if not rows.update(next_at=now + LEASE if connector else None, tries=transfer.tries + 1):
            return 0
    if connector is None:
        return 1
    answer = CARRIERS[connector.type].carry(connector, transfer)
    statuses = TransferInitiation.Status
    if answer.verdict is Verdict.AGAIN:
        again = TransferInitiation.objects.filter(pk=transfer.pk, status=statuses.PROCESSING)
        again.update(next_at=timezone.now() + pause_after(transfer.tries), error=answer.words[:2000])
    else:
        is_done = answer.verdict is Verdict.DONE
        error = "" if is_done else answer.words
        settle_transfer(transfer, statuses.PROCESSED if is_done else statuses.FAILED, error=error, now=timezone.now())
    return 1
