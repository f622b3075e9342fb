"""Money in Django's admin. Ledgers are history and only looked at; payments and connectors are told to us by hand."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts.admin import ReadOnlyAdmin, link_to
from engine.ledger.amounts import shown_amount
from engine.ledger.models import (
    Account,
    Activity,
    Balance,
    Connector,
    Hold,
    Ledger,
    Payment,
    Posting,
    Transaction,
    TransferInitiation,
    Wallet,
)
from engine.ledger.payments import settle_transfer, validate_transfer


class LedgerRowAdmin(ReadOnlyAdmin):
    """What these tables have in common."""

    show_full_result_count = False
    list_per_page = 50


class RowsInline(admin.TabularInline[Any, Any]):
    """Rows that are only looked at."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody writes them by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nor changes them."""
        return False


class BalanceInline(RowsInline):
    """What lies on an account."""

    model = Balance
    fields = ["asset", "inflow", "outflow", "shown"]
    readonly_fields = ["shown"]

    @admin.display(description="balance")
    def shown(self, balance: Balance) -> str:
        """For people."""
        return shown_amount(balance.amount, balance.asset)


class PostingInline(RowsInline):
    """What a transaction moved."""

    model = Posting
    fields = ["source", "destination", "asset", "amount"]


@admin.register(Ledger)
class LedgerAdmin(LedgerRowAdmin):
    """Ledgers."""

    list_display = ["name", "environment", "next_number", "created_at"]
    list_filter = ["environment__organization", "environment"]
    search_fields = ["name"]
    list_select_related = ["environment__organization"]


@admin.register(Account)
class AccountAdmin(LedgerRowAdmin):
    """Accounts with their balances."""

    list_display = ["address", "ledger_link", "balances_shown", "created_at"]
    list_filter = ["ledger__environment__organization", "ledger"]
    list_select_related = ["ledger__environment__organization"]
    search_fields = ["address"]
    inlines = [BalanceInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the balances, which every row shows."""
        return super().get_queryset(request).prefetch_related("balances")

    @admin.display(description="ledger")
    def ledger_link(self, account: Account) -> SafeString:
        """To its ledger."""
        return link_to(account.ledger)

    @admin.display(description="balances")
    def balances_shown(self, account: Account) -> str:
        """For people."""
        return ", ".join(str(balance) for balance in account.balances.all())


@admin.register(Transaction)
class TransactionAdmin(LedgerRowAdmin):
    """Transactions with their postings."""

    list_display = ["number", "ledger", "reference", "timestamp"]
    list_filter = ["ledger__environment__organization", "ledger", "timestamp"]
    list_select_related = ["ledger__environment__organization"]
    search_fields = ["reference", "=number"]
    inlines = [PostingInline]


@admin.register(Wallet)
class WalletAdmin(LedgerRowAdmin):
    """Wallets."""

    list_display = ["name", "id", "ledger", "environment", "created_at"]
    list_filter = ["environment__organization", "environment"]
    list_select_related = ["environment__organization"]
    search_fields = ["name", "id"]


@admin.register(Hold)
class HoldAdmin(LedgerRowAdmin):
    """What was set apart."""

    list_display = ["__str__", "wallet", "asset", "amount", "remaining", "created_at"]
    list_filter = ["environment__organization", "environment"]
    list_select_related = ["wallet"]


@admin.register(Activity)
class ActivityAdmin(LedgerRowAdmin):
    """What steps did."""

    list_display = ["name", "task", "instance", "number", "attempts", "started_at", "ended_at", "error"]
    list_filter = ["name", "environment__organization", "environment"]
    list_select_related = ["instance"]
    search_fields = ["=instance__key", "task"]


@admin.register(Payment)
class PaymentAdmin(admin.ModelAdmin[Payment]):
    """Payments, told by hand where no connector tells them."""

    list_display = ["reference", "type", "status", "shown", "environment", "created_at"]
    list_filter = ["status", "type", "environment__organization", "environment"]
    list_select_related = ["environment__organization"]
    search_fields = ["reference", "id"]

    @admin.display(description="amount")
    def shown(self, payment: Payment) -> str:
        """For people."""
        return shown_amount(payment.initial_amount, payment.asset)


@admin.register(Connector)
class ConnectorAdmin(admin.ModelAdmin[Connector]):
    """How transfers leave the house."""

    list_display = ["name", "type", "url", "is_active", "environment"]
    list_filter = ["type", "environment__organization", "environment"]
    list_select_related = ["environment__organization"]


@admin.register(TransferInitiation)
class TransferInitiationAdmin(LedgerRowAdmin):
    """Transfers that providers are to make; a person can let them go, and say how they ended."""

    list_display = ["__str__", "type", "provider", "connector_name", "status", "environment", "created_at"]
    list_filter = ["status", "environment__organization", "environment"]
    list_select_related = ["environment__organization"]
    search_fields = ["destination", "id"]
    actions = ["validate", "complete", "fail", "reject"]

    def has_settle_permission(self, request: HttpRequest) -> bool:
        """Who may say how transfers ended."""
        return request.user.has_perm("ledger.change_transferinitiation")

    @admin.action(description="Validate", permissions=["settle"])
    def validate(self, request: HttpRequest, rows: QuerySet[TransferInitiation]) -> None:
        """Let those go that wait for it."""
        self._say(request, sum(validate_transfer(row, now=timezone.now()) for row in rows))

    @admin.action(description="Mark as processed", permissions=["settle"])
    def complete(self, request: HttpRequest, rows: QuerySet[TransferInitiation]) -> None:
        """The money has moved."""
        self._settle(request, rows, TransferInitiation.Status.PROCESSED)

    @admin.action(description="Mark as failed", permissions=["settle"])
    def fail(self, request: HttpRequest, rows: QuerySet[TransferInitiation]) -> None:
        """It has not."""
        self._settle(request, rows, TransferInitiation.Status.FAILED)

    @admin.action(description="Reject", permissions=["settle"])
    def reject(self, request: HttpRequest, rows: QuerySet[TransferInitiation]) -> None:
        """It shall not."""
        self._settle(request, rows, TransferInitiation.Status.REJECTED)

    def _settle(self, request: HttpRequest, rows: QuerySet[TransferInitiation], status: str) -> None:
        self._say(request, sum(settle_transfer(row, status, now=timezone.now()) for row in rows))

    def _say(self, request: HttpRequest, number: int) -> None:
        self.message_user(request, f"Done for {number}.", messages.SUCCESS if number else messages.WARNING)
