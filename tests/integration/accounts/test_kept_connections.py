"""Kept connections are asked whether they live, each once a second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections

from accounts import kept_connections
from accounts.kept_connections import trust_recent_connections


class Kept:
    """A connection that is kept, and how often it was asked."""

    def __init__(self) -> None:
        self.connection: Any = object.__new__(type("Raw", (), {}))
        self.in_atomic_block, self.health_check_enabled, self.health_check_done = False, True, False
        self.asked = 0

    def close_if_health_check_failed(self) -> None:
        """As Django's."""
        self.asked += 1
        self.health_check_done = True


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    one = Kept()
    monkeypatch.setattr(connections, "all", lambda **_: [one])
    return one


@contextmanager
def at(monkeypatch: pytest.MonkeyPatch, seconds: float) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(kept_connections.time, "monotonic", lambda: seconds)
        yield


def begin(kept: Kept, monkeypatch: pytest.MonkeyPatch, seconds: float) -> int:
    """A request begins: Django has every connection asked anew. Answers how often it has been asked so far."""
    kept.health_check_done = False
    with at(monkeypatch, seconds):
        trust_recent_connections()
    assert kept.health_check_done
    return kept.asked


def test_a_connection_that_answered_is_not_asked_again_for_a_second(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = (100.0, 100.3, 100.9, 101.1, 101.2, 102.5)
    assert [begin(kept, monkeypatch, moment) for moment in moments] == [1, 1, 1, 2, 2, 3]


def test_a_new_connection_is_asked(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    assert begin(kept, monkeypatch, 100.0) == 1
    kept.connection = object.__new__(type("Raw", (), {}))
    assert begin(kept, monkeypatch, 100.1) == 2


def test_within_a_transaction_nothing_is_asked(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.in_atomic_block = True
    with at(monkeypatch, 100.0):
        trust_recent_connections()
    assert kept.asked == 0


@pytest.mark.django_db
def test_real_connections_have_what_it_looks_at() -> None:
    assert {"in_atomic_block", "health_check_enabled", "health_check_done"} <= vars(connections["default"]).keys()
    trust_recent_connections()
