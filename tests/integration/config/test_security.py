"""Headers that every page has, health checks, and a production start that refuses what is unsafe."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest
from django.db import DatabaseError
from django.db.migrations.recorder import MigrationRecorder
from django.template import Context, Template, TemplateSyntaxError
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.models import Environment
from accounts.roles import Role
from engine.models import InboundEvent

HOUSE = Path(__file__).parents[3]


@pytest.mark.parametrize("path", ["/accounts/sign-in/", "/accounts/me/", "/admin/", "/nothing", "/healthz"])
def test_every_answer_has_a_strict_policy(client_as: Callable[[Role], Client], path: str) -> None:
    response = client_as(Role.ADMINISTRATOR).get(path, follow=True)
    policy = response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"


def test_no_page_of_ours_has_inline_style_or_script(client_as: Callable[[Role], Client]) -> None:
    for path in ("/accounts/me/", "/o/acme/development/settings/members/", "/o/acme/development/settings/audit/"):
        page = client_as(Role.ADMINISTRATOR).get(path).content.decode()
        assert " style=" not in page
        assert " onclick=" not in page
        assert "<script>" not in page


def test_the_scripts_within_a_page_have_the_nonce_of_that_answer(client_as: Callable[[Role], Client]) -> None:
    client = client_as(Role.VIEWER)
    answers = [client.get("/accounts/me/") for _ in range(2)]
    nonces = set()
    for answer in answers:
        within = re.findall(r'<script nonce="([^"]+)">\s*(.)', answer.content.decode())
        assert [start for _, start in within] == ["(", "("], "the theme, and what waits for a script"
        (nonce,) = {nonce for nonce, _ in within}
        assert f"'nonce-{nonce}'" in answer.headers["Content-Security-Policy"]
        nonces.add(nonce)
    assert len(nonces) == 2


def test_a_script_that_is_not_there_is_no_empty_one(rf: RequestFactory) -> None:
    page = Template('{% load shell %}{% inline_script "js/nothing.js" %}')
    request = rf.get("/")
    request.csp_nonce = "n"  # type: ignore[attr-defined]  # set by the policy's middleware
    with pytest.raises(TemplateSyntaxError, match=r"js/nothing\.js"):
        page.render(Context({"request": request}))


def test_the_session_cookie_is_out_of_reach_of_scripts(client: Client, member: Callable[[Role], object]) -> None:
    from tests.conftest import PASSWORD

    member(Role.VIEWER)
    client.post("/accounts/sign-in/", {"username": "viewer@example.com", "password": PASSWORD})
    cookie = client.cookies["quadrille_session"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_healthz_says_ok_without_asking_anything(client: Client) -> None:
    assert client.get("/healthz").content == b"ok\n"


def test_readyz_names_what_does_not_answer(client: Client, db: None) -> None:
    answer = client.get("/readyz")
    well = {"database": True, "cache": True, "channel_layer": True, "migrations": True, "queue_age_seconds": 0.0}
    assert (answer.status_code, answer.json()) == (200, well)
    with mock.patch("django.db.backends.utils.CursorWrapper.execute", side_effect=DatabaseError("gone")):
        response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {**well, "database": False, "migrations": False, "queue_age_seconds": None}


def run_manage(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    command = [sys.executable, "manage.py", *words, "--data", str(folder)]
    return subprocess.run(command, cwd=HOUSE, env=kept | variables, capture_output=True, text=True, check=False)


def test_production_refuses_to_start_and_names_every_reason(tmp_path: Path) -> None:
    done = run_manage(tmp_path, "check", QUADRILLE_MODE="production", SECRET_KEY="short", ALLOWED_HOSTS="*")
    assert done.returncode != 0
    for name in ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL", "FIELD_KEYS"):
        assert f"- {name}" in done.stderr
    assert not list(tmp_path.iterdir())


def test_embedded_mode_makes_its_data_folder_and_a_database_that_writes_ahead_and_waits_for_locks(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "new" / "data"
    code = (
        "from django.db import connection as c; u = c.cursor();"
        "print([u.execute(f'PRAGMA {p}').fetchone()[0] for p in ('journal_mode', 'synchronous', 'busy_timeout')])"
    )
    done = run_manage(folder, "shell", "--verbosity=0", "--command", code)
    assert done.stdout.strip() == "['wal', 1, 30000]", done.stderr
    assert {"quadrille.sqlite3", "secret.key", "field.key"} <= {entry.name for entry in folder.iterdir()}
    assert folder.stat().st_mode & 0o077 == 0
    done = run_manage(folder, "shell", "--verbosity=0", "--command", code, SQLITE_SYNCHRONOUS="FULL")
    assert done.stdout.strip() == "['wal', 2, 30000]", done.stderr


def test_readyz_tells_how_long_work_has_waited(client: Client, environment: Environment) -> None:
    long_ago = timezone.now() - timedelta(minutes=5)
    InboundEvent.objects.create(environment=environment, type="nobody-asked", received_at=long_ago)
    assert 300 <= client.get("/readyz").json()["queue_age_seconds"] < 400
    assert client.get("/readyz").status_code == 200
    assert client.get("/readyz?max_queue_age=60").status_code == 503
    assert client.get("/readyz?max_queue_age=3600").status_code == 200
    assert client.get("/readyz?max_queue_age=soon").status_code == 400


def test_readyz_waits_for_the_migrations(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.services.standing._is_migrated", False)
    MigrationRecorder.Migration.objects.filter(app="engine").last().delete()
    response = client.get("/readyz")
    assert (response.status_code, response.json()["migrations"]) == (503, False)


def test_probes_may_know_a_machine_by_its_address(client: Client, db: None) -> None:
    for path in ("/healthz", "/readyz"):
        assert client.get(path, headers={"Host": "10.1.2.3:8000"}).status_code == 200
    assert client.get("/accounts/sign-in/", headers={"Host": "10.1.2.3:8000"}).status_code == 400
    assert client.post("/healthz").status_code == 405
