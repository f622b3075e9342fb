"""What a ledger refuses. `code` is the word the Formance API has for it, `is_retryable` whether to try again."""

from __future__ import annotations


class LedgerRefused(Exception):
    """Something that cannot be done. The text is for people."""

    code = "VALIDATION"
    is_retryable = False


class Invalid(LedgerRefused):
    """An address, an asset, an amount that cannot be."""


class NotFound(LedgerRefused):
    """There is no such wallet, payment, hold or transaction."""

    code = "NOT_FOUND"


class Conflict(LedgerRefused):
    """A reference or an idempotency key that was used for something else."""

    code = "CONFLICT"


class BadScript(LedgerRefused):
    """A script that this ledger cannot read."""

    code = "COMPILATION_FAILED"


class InsufficientFunds(LedgerRefused):
    """An account would go below zero. Tried again for ever: money may come in."""

    code = "INSUFFICIENT_FUND"
    is_retryable = True


class OutsideTrouble(LedgerRefused):
    """The other side did not answer, or not as it should."""

    code = "INTERNAL"
    is_retryable = True


KNOWN = {kind.code: kind for kind in (Invalid, NotFound, Conflict, BadScript, InsufficientFunds, OutsideTrouble)}
"""By the words of the Formance API."""
