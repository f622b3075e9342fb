"""The tables of money. Only `engine.ledger`'s services write them."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Environment, EnvironmentScoped
from accounts.querysets import ScopedQuerySet
from engine.ledger.amounts import LONGEST_ADDRESS, AmountField, shown_amount
from engine.models import Instance


class Ledger(EnvironmentScoped):
    """One book: accounts, and transactions numbered from 0. Comes into being on first use."""

    name = models.CharField(max_length=63)
    metadata = models.JSONField(default=dict, blank=True)
    next_number = models.PositiveBigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ScopedQuerySet["Ledger"].as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["environment", "name"], name="one_ledger_per_name")]

    def __str__(self) -> str:
        return self.name


class Account(models.Model):
    """A place where money lies, by its address."""

    ledger = models.ForeignKey(Ledger, on_delete=models.CASCADE, related_name="accounts")
    address = models.CharField(max_length=LONGEST_ADDRESS)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["ledger", "address"]
        constraints = [models.UniqueConstraint(fields=["ledger", "address"], name="one_account_per_address")]

    def __str__(self) -> str:
        return self.address


class Balance(models.Model):
    """What came into an account and went out of it, of one asset. The balance is the difference."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="balances")
    asset = models.CharField(max_length=30)
    inflow = AmountField(default=0)
    outflow = AmountField(default=0)

    class Meta:
        ordering = ["account", "asset"]
        constraints = [models.UniqueConstraint(fields=["account", "asset"], name="one_balance_per_asset")]

    def __str__(self) -> str:
        return shown_amount(self.amount, self.asset)

    @property
    def amount(self) -> int:
        """What lies there."""
        return self.inflow - self.outflow

    @property
    def came_in(self) -> str:
        """What came in, as it is shown: `129.00 EUR`."""
        return shown_amount(self.inflow, self.asset)

    @property
    def went_out(self) -> str:
        """What went out, as it is shown."""
        return shown_amount(self.outflow, self.asset)


class Transaction(models.Model):
    """Postings that happened together. Never changes; what was wrong is made good by another one."""

    ledger = models.ForeignKey(Ledger, on_delete=models.CASCADE, related_name="transactions")
    number = models.PositiveBigIntegerField()
    reference = models.CharField(max_length=500, null=True, blank=True)  # noqa: DJ001  # many without one are no repeats
    idempotency_key = models.CharField(max_length=300, null=True, blank=True)  # noqa: DJ001
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of what was asked for.")
    metadata = models.JSONField(default=dict, blank=True)
    timestamp = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    reverts = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="reverted_by",
        help_text="What it undoes.",
    )

    class Meta:
        ordering = ["ledger", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["ledger", "number"], name="one_transaction_per_number"),
            models.UniqueConstraint(fields=["ledger", "reference"], name="one_transaction_per_reference"),
            models.UniqueConstraint(fields=["ledger", "idempotency_key"], name="one_transaction_per_key"),
        ]

    def __str__(self) -> str:
        return f"{self.ledger} {self.number}"


class Posting(models.Model):
    """So much of an asset from one account to another."""

    transaction = models.ForeignKey(Transaction, on_delete=models.CASCADE, related_name="postings")
    position = models.PositiveIntegerField()
    source = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="postings_out")
    destination = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="postings_in")
    asset = models.CharField(max_length=30)
    amount = AmountField()

    class Meta:
        ordering = ["transaction", "position"]
        constraints = [models.UniqueConstraint(fields=["transaction", "position"], name="one_posting_per_position")]

    def __str__(self) -> str:
        return f"{shown_amount(self.amount, self.asset)}: {self.source} → {self.destination}"


class Wallet(EnvironmentScoped):
    """Balances of somebody, kept on accounts of a ledger (`wallets:<id>:<balance>`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    ledger = models.CharField(max_length=63, default="wallets-002")
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ScopedQuerySet["Wallet"].as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["environment", "name"], name="wallets_by_name")]

    def __str__(self) -> str:
        return self.name


class Hold(EnvironmentScoped):
    """Money of a wallet set apart (on the account `wallets:holds:<id>`), to be paid out or given back."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE, related_name="holds")
    balance = models.CharField(max_length=100, default="main")
    asset = models.CharField(max_length=30)
    amount = AmountField()
    remaining = AmountField()
    destination = models.JSONField(null=True, blank=True)
    description = models.TextField(blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    idempotency_key = models.CharField(max_length=300, null=True, blank=True)  # noqa: DJ001
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ScopedQuerySet["Hold"].as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["environment", "idempotency_key"], name="one_hold_per_key")]

    def __str__(self) -> str:
        return f"{shown_amount(self.remaining, self.asset)} of {self.wallet}"


class Payment(EnvironmentScoped):
    """Money that a provider moved or is moving, as it was told to us."""

    class Type(models.TextChoices):
        PAY_IN = "PAY-IN", "Pay-in"
        PAYOUT = "PAYOUT", "Payout"
        TRANSFER = "TRANSFER", "Transfer"
        OTHER = "OTHER", "Other"

    class Status(models.TextChoices):
        PENDING = "PENDING", "Pending"
        ACTIVE = "ACTIVE", "Active"
        TERMINATED = "TERMINATED", "Terminated"
        FAILED = "FAILED", "Failed"
        SUCCEEDED = "SUCCEEDED", "Succeeded"
        CANCELLED = "CANCELLED", "Cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(max_length=300)
    connector_id = models.CharField(max_length=200, blank=True)
    provider = models.CharField(max_length=30, blank=True)
    source_account_id = models.CharField(max_length=300, blank=True)
    destination_account_id = models.CharField(max_length=300, blank=True)
    asset = models.CharField(max_length=30)
    initial_amount = AmountField()
    type = models.CharField(max_length=10, choices=Type.choices)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PENDING)
    scheme = models.CharField(max_length=20, default="unknown")
    metadata = models.JSONField(default=dict, blank=True)
    raw = models.JSONField(default=dict, blank=True)
    adjustments = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ScopedQuerySet["Payment"].as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "connector_id", "reference"], name="one_payment_per_reference"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {shown_amount(self.initial_amount, self.asset)}"


class Connector(EnvironmentScoped):
    """How transfer initiations leave the house: `dummy` says yes to all of them, `http` asks a service."""

    class Type(models.TextChoices):
        DUMMY = "dummy", "Dummy (succeeds at once)"
        HTTP = "http", "HTTP service"

    name = models.CharField(max_length=100, help_text="What a transfer calls it.")
    type = models.CharField(max_length=10, choices=Type.choices, default=Type.DUMMY)
    url = models.URLField(max_length=500, blank=True, help_text="For HTTP: where transfers are posted to.")
    secret = models.TextField(blank=True, editable=False, help_text="For HTTP: the bearer token, encrypted.")
    is_active = models.BooleanField("active", default=True)

    objects = ScopedQuerySet["Connector"].as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["environment", "name"], name="one_connector_per_name")]

    def __str__(self) -> str:
        return self.name


class TransferInitiation(EnvironmentScoped):
    """A payout or transfer that a provider is to make. A connector picks it up; without one a person settles it."""

    class Status(models.TextChoices):
        WAITING_FOR_VALIDATION = "WAITING_FOR_VALIDATION", "Waiting for validation"
        PROCESSING = "PROCESSING", "Processing"
        PROCESSED = "PROCESSED", "Processed"
        FAILED = "FAILED", "Failed"
        REJECTED = "REJECTED", "Rejected"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    instance = models.ForeignKey(
        Instance, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False
    )
    type = models.CharField(max_length=10, default="TRANSFER")
    provider = models.CharField(max_length=100, blank=True)
    connector_name = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=300, blank=True)
    destination = models.CharField(max_length=300)
    asset = models.CharField(max_length=30)
    amount = AmountField()
    description = models.TextField(blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=24, choices=Status.choices, default=Status.PROCESSING)
    error = models.TextField(blank=True)
    tries = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(
        null=True, blank=True, help_text="When a connector tries next; empty when none does."
    )
    idempotency_key = models.CharField(max_length=300)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedQuerySet["TransferInitiation"].as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["environment", "idempotency_key"], name="one_initiation_per_key")
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="transfer_initiations_due"),
        ]

    def __str__(self) -> str:
        return f"{shown_amount(self.amount, self.asset)} → {self.destination}"


class Activity(models.Model):
    """One thing a transfer or an account update did, in the shape of the Formance contract.

    Written in the transaction of what it did: a repeated attempt of the step takes its output instead of doing it
    again.
    """

    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    instance = models.ForeignKey(
        Instance, on_delete=models.CASCADE, related_name="activities", db_index=False, db_constraint=False
    )
    task = models.CharField(max_length=64)
    iteration = models.PositiveIntegerField(default=1)
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=40)
    input = models.JSONField(default=dict)
    output = models.JSONField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=1)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, help_text="Why it failed for good.")
    code = models.CharField(max_length=40, blank=True, help_text="The error in one word.")
    last_failure = models.TextField(blank=True)

    class Meta:
        ordering = ["instance", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["instance", "task", "iteration", "number"], name="one_activity_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.task}"
