"""`manage.py demo` can be run again and again: what is there is left alone."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import MemberGroup, Membership, User
from accounts.roles import Role
from designer.models import Flow, Version
from engine.models import Instance

pytestmark = pytest.mark.django_db
URL = "http://127.0.0.1:8000"


@pytest.fixture(autouse=True)
def note(settings: Settings, tmp_path: Path) -> Path:
    """Where the credentials are kept."""
    settings.DEMO_NOTE = tmp_path / "demo-credentials.json"
    return tmp_path / "demo-credentials.json"


def demo(*words: str) -> str:
    """What `manage.py demo` prints."""
    out = io.StringIO()
    call_command("demo", *words, stdout=out)
    return out.getvalue()


def test_it_makes_people_flows_and_instances(note: Path) -> None:
    printed = demo("--url", URL)
    noted = json.loads(note.read_text())
    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    assert noted["password"] in printed
    assert set(noted["users"]) == {role.value for role in Role}
    assert Membership.objects.count() == len(Role)
    assert MemberGroup.objects.count() == 4
    assert Flow.objects.filter(live_version__isnull=False).count() == 6
    assert Instance.objects.count() == 16
    assert User.objects.get(email=noted["users"]["designer"]).check_password(noted["password"])


def test_a_second_run_changes_nothing_and_prints_no_password(note: Path) -> None:
    demo("--url", URL)
    password = json.loads(note.read_text())["password"]
    before = (User.objects.count(), Version.objects.count(), Instance.objects.count())
    assert password not in demo("--url", URL)
    assert json.loads(note.read_text())["password"] == password
    assert (User.objects.count(), Version.objects.count(), Instance.objects.count()) == before


def test_another_address_is_published_and_edits_are_kept(note: Path) -> None:
    demo("--url", URL)
    flow = Flow.objects.get(key="nightly-report")
    assert "http://127.0.0.1:8000/demo/" in flow.draft_document
    demo("--url", "http://127.0.0.1:9000/")
    flow.refresh_from_db()
    assert flow.live_version is not None
    assert flow.live_version.number == 2
    assert "http://127.0.0.1:9000/demo/reports" in flow.live_version.document
    assert json.loads(note.read_text())["url"] == "http://127.0.0.1:9000"


def test_a_new_password_can_be_asked_for(note: Path) -> None:
    demo("--url", URL)
    old = json.loads(note.read_text())["password"]
    demo("--url", URL, "--new-password")
    new = json.loads(note.read_text())["password"]
    assert new != old
    viewer = User.objects.get(email="viewer@demo.example")
    assert viewer.check_password(new)
    assert not viewer.check_password(old)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(CommandError, match="--url must look like"):
        demo("--url", "localhost")


@pytest.mark.parametrize(
    ("origins", "hosts", "redirects", "wanted"),
    [
        (["https://flows.example.org"], ["inside"], True, "https://flows.example.org"),
        (["https://*.example.org"], [".example.org", "flows.example.org"], True, "https://flows.example.org"),
        ([], ["flows.example.org"], False, "http://flows.example.org"),
        ([], [".example.org"], True, "http://127.0.0.1:8000"),
    ],
)
def test_in_production_it_is_where_the_server_answers(
    settings: Settings, origins: list[str], hosts: list[str], redirects: bool, wanted: str
) -> None:
    settings.PRODUCTION = True
    settings.CSRF_TRUSTED_ORIGINS, settings.ALLOWED_HOSTS = origins, hosts
    settings.SECURE_SSL_REDIRECT = redirects
    printed = demo()
    assert f"Quadrille will be at {wanted}\n" in printed
