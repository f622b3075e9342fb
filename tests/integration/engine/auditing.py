"""Somebody who looks at the books all the time, over a connection of their own, while others post and machines die."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection

from engine.ledger.models import Balance, Posting, Transaction

Fault = tuple[int, str, int]
"""A ledger, an asset, and what all its accounts together hold, which is not nothing."""


@dataclass
class Audit:
    """What was seen so far. `looks`: how many snapshots were taken; `states`: the numbers of transactions in them."""

    looks: int = 0
    states: set[int] = field(default_factory=set)
    faults: list[Fault | str] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def note(self, transactions: int, faults: list[Fault | str]) -> None:
        """One look."""
        with self._changed:
            self.looks += 1
            self.states.add(transactions)
            self.faults += faults
            self._changed.notify_all()

    def wait_for_states(self, more: int, *, seconds: float = 60) -> None:
        """Until so many further states of the books were looked at. Raises AssertionError when that takes too long."""
        with self._changed:
            enough = len(self.states) + more
            assert self._changed.wait_for(lambda: len(self.states) >= enough, seconds), "nothing was posted any more"


@contextmanager
def auditing() -> Iterator[Audit]:
    """Look at the books until the block is left; every look was right, or the test fails."""
    audit, is_over = Audit(), threading.Event()

    def look_on() -> None:
        try:
            while not is_over.is_set():
                audit.note(*look())
                time.sleep(0.001)  # others want the processor as well
        except BaseException as error:
            audit.note(-1, [repr(error)])
        finally:
            connection.close()

    thread = threading.Thread(target=look_on)
    thread.start()
    try:
        yield audit
    finally:
        is_over.set()
        thread.join()
    assert audit.faults == []
    assert audit.looks > 0


def look() -> tuple[int, list[Fault | str]]:
    """One snapshot: how many transactions are in it, and the ledgers and assets that do not sum to zero, by their
    balances; nor may a balance be other than what its postings say.
    """
    with snapshot():
        count = Transaction.objects.count()
        balances = Balance.objects.values_list("account__ledger_id", "account_id", "asset", "inflow", "outflow")
        postings = Posting.objects.values_list("source_id", "destination_id", "asset", "amount")
        lying, moved = list(balances), list(postings)
    sums: dict[tuple[int, str], int] = defaultdict(int)
    posted: dict[tuple[int, str], int] = defaultdict(int)
    for source, destination, asset, amount in moved:
        posted[source, asset] -= amount
        posted[destination, asset] += amount
    faults: list[Fault | str] = []
    for ledger, account, asset, inflow, outflow in lying:
        sums[ledger, asset] += inflow - outflow
        if inflow - outflow != posted[account, asset]:
            faults.append(
                f"account {account} holds {inflow - outflow} {asset}, its postings say {posted[account, asset]}"
            )
    faults += [(*place, amount) for place, amount in sums.items() if amount]
    return count, faults


@contextmanager
def snapshot() -> Iterator[None]:
    """Reads within see the database as it was at the first of them. It locks nobody out."""
    # Not `atomic`: on SQLite that begins as a writer does.
    begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if connection.vendor == "postgresql" else "BEGIN DEFERRED"
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute(begin)
        try:
            yield
        finally:
            cursor.execute("COMMIT")
