"""Money to look at: ledgers, accounts with their balances and postings, transfers that providers are to make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped
from engine.ledger.amounts import shown_amount
from engine.ledger.models import Account, Connector, Ledger, Posting, TransferInitiation, Wallet
from engine.ledger.wallets import balances

A_PAGE: Final = 50
LATEST: Final = 20


@dataclass(frozen=True, slots=True)
class PostingRow:
    """A posting as an account sees it: what came in or went out, and to whom or from whom."""

    posting: Posting
    other: Account
    amount: str
    is_in: bool
    at: datetime


@require_GET
@scoped(Role.VIEWER)
def ledgers(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Ledgers, wallets, the latest transfers of the environment, and the connectors that carry them out."""
    rows = Ledger.objects.within(scope).annotate(account_count=Count("accounts"))
    wallets = list(Wallet.objects.within(scope)[:LATEST])
    context = {
        "ledgers": rows,
        "connectors": Connector.objects.within(scope),
        "wallets": [(wallet, _lines(wallet)) for wallet in wallets],
        "transfers": [
            (row, shown_amount(row.amount, row.asset)) for row in TransferInitiation.objects.within(scope)[:LATEST]
        ],
    }
    return render(request, "engine/ledgers.html", context)


def _lines(wallet: Wallet) -> list[str]:
    return [
        f"{name}: {shown_amount(amount, asset)}" if name != "main" else shown_amount(amount, asset)
        for name, held in balances(wallet).items()
        for asset, amount in held.items()
    ]


@require_GET
@scoped(Role.VIEWER)
def accounts(request: HtmxHttpRequest, scope: Scope, ledger: str) -> HttpResponse:
    """The accounts of a ledger, those that begin with `?q=`."""
    found = get_object_or_404(Ledger.objects.within(scope), name=ledger)
    wanted = request.GET.get("q", "").strip()[:500]
    rows = found.accounts.prefetch_related("balances").order_by("address")
    if wanted:
        rows = rows.filter(address__startswith=wanted)
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    context = {"ledger": found, "page": page, "wanted": wanted, "query": urlencode({"q": wanted}) if wanted else ""}
    return render(request, "engine/ledger.html", context)


@require_GET
@scoped(Role.VIEWER)
def account(request: HtmxHttpRequest, scope: Scope, ledger: str, address: str) -> HttpResponse:
    """One account: what lies on it, what is noted of it, what came and went."""
    rows = Account.objects.filter(ledger__in=Ledger.objects.within(scope), ledger__name=ledger)
    found = get_object_or_404(rows.select_related("ledger").prefetch_related("balances"), address=address)
    postings = Posting.objects.filter(Q(source=found) | Q(destination=found))
    postings = postings.select_related("transaction", "source", "destination")
    postings = postings.order_by("-transaction__number", "position")
    page = Paginator(postings, A_PAGE).get_page(request.GET.get("page"))
    context = {"account": found, "ledger": found.ledger, "page": page, "rows": list(_rows(found, list(page)))}
    return render(request, "engine/ledger_account.html", context)


def _rows(account: Account, postings: Sequence[Posting]) -> Iterator[PostingRow]:
    for posting in postings:
        is_in = posting.destination_id == account.pk
        other = posting.source if is_in else posting.destination
        amount = shown_amount(posting.amount if is_in else -posting.amount, posting.asset)
        yield PostingRow(posting, other, amount, is_in, posting.transaction.timestamp)
