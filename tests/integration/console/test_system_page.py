"""The page about the installation: for whoever runs it, true, and there even when parts are away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from engine.machines.models import Process
from engine.parts import system
from engine.services import standing
from engine.telemetry import tally

PAGE = "/o/acme/development/settings/system/"


@pytest.fixture
def client(client_as: Callable[[Role], Client], member: Callable[[Role], User]) -> Client:
    """Of an administrator who also runs the installation."""
    signed_in = client_as(Role.ADMINISTRATOR)
    User.objects.filter(pk=member(Role.ADMINISTRATOR).pk).update(is_superuser=True)
    return signed_in


def process(name: str, **values: object) -> Process:
    now = timezone.now()
    return Process.objects.create(name=name, **{"release": "0.1.0", "started_at": now, "seen_at": now, **values})


def test_only_who_runs_the_installation_sees_it(client: Client, client_as: Callable[[Role], Client]) -> None:
    assert client.get(PAGE).status_code == 200
    assert f'href="{PAGE}"' in client.get("/o/acme/development/settings/audit/").content.decode()
    assert client_as(Role.OPERATOR).get(PAGE).status_code == 403
    User.objects.update(is_superuser=False)
    assert client.get(PAGE).status_code == 403
    assert f'href="{PAGE}"' not in client.get("/o/acme/development/settings/audit/").content.decode()


def test_who_is_at_work_and_who_is_silent_is_told(client: Client) -> None:
    process("alpha:11:x", serves="advance, attempts", threads=64, busy=7, swept_at=timezone.now(), taken_over=3)
    process("beta:12:x", serves="attempts", threads=8, seen_at=timezone.now() - timedelta(minutes=2), late_seconds=90)
    page = client.get(PAGE).content.decode()
    assert "1 of 2" in page
    assert "7 of 64" in page
    assert page.count("silent") == 1
    found = system.look()
    figures = {figure.label: figure for figure in found.since_start}
    assert (figures["Leases run out"].value, figures["Leases run out"].is_bad) == ("3", False)
    # One that has gone says nothing about how late timers are now.
    assert figures["Latest timer in five minutes"].value == "0.00 s"


def test_the_page_asks_for_itself_again(client: Client) -> None:
    part = client.get(PAGE, headers={"HX-Request": "true"}).content.decode().strip()
    assert part.startswith('<div id="system-now"')
    assert 'hx-trigger="every 3s"' in part
    assert "Nobody is at work" in part


def test_nobody_at_work_is_bad(client: Client) -> None:
    swept = next(figure for figure in system.look().since_start if figure.label == "Last look for what is due")
    assert (swept.value, swept.is_bad) == ("never", True)


def test_what_is_away_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "layer_answers", lambda: False)
    page = client.get(PAGE).content.decode()
    assert page.count("does not answer") == 1
    assert page.count("not used") == 1  # the broker of an embedded engine


def test_without_the_database_there_is_a_page_of_what_is_known(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    def away(now: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(system.vitals, "look", away)
    found = system.look()
    assert (found.work, found.workers) == ([], [])
    assert [figure.label for figure in found.versions] == ["Quadrille", "Python", "Django", "Lease"]


def test_a_sweep_is_noted() -> None:
    now = timezone.now()
    assert tally.note_sweep(now) == 0
    assert tally.own.swept_at == now
