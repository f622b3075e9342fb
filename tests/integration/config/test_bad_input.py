"""Whatever is sent, the answer is a clear 4xx and never a 500."""

from __future__ import annotations

from collections.abc import Callable
from unittest import mock

import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, OperationalError, connection
from django.test import Client

from accounts.models import Environment, MemberGroup
from accounts.roles import Role
from accounts.scope import Scope
from designer.services.drafting import create_flow

AUDIT = "/o/acme/development/settings/audit/"
NEW_GROUP = "/o/acme/development/settings/groups/new/"


@pytest.fixture
def admin(client_as: Callable[[Role], Client]) -> Client:
    """A browser with the administrator."""
    return client_as(Role.ADMINISTRATOR)


@pytest.mark.parametrize("path", ["/%00", f"{AUDIT}?q=%00", f"{AUDIT}?%00=x", "/o/acme%00/development/settings/"])
def test_nul_in_an_address_is_400(admin: Client, path: str) -> None:
    response = admin.get(path)
    assert response.status_code == 400
    assert "NUL" in response.content.decode()


def test_nul_in_a_form_is_400_and_nothing_is_written(admin: Client) -> None:
    response = admin.post(NEW_GROUP, {"name": "a\0b"})
    assert response.status_code == 400
    assert "NUL" in response.content.decode()
    assert not MemberGroup.objects.exists()


def test_a_lone_surrogate_in_a_form_never_reaches_the_database(admin: Client) -> None:
    body = b"name=a%ED%A0%80b"
    assert admin.post(NEW_GROUP, body, content_type="application/x-www-form-urlencoded").status_code == 302
    assert "\ud800" not in MemberGroup.objects.get().name


def test_a_body_over_the_limit_is_413(admin: Client) -> None:
    body = b"name=" + b"x" * settings.MAX_REQUEST_BYTES
    response = admin.post(NEW_GROUP, body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 413
    assert "larger than 6 MiB" in response.content.decode()


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        (
            "/cloudflare/client/v4/accounts/acme.development/workflows/order/instances",
            400,
            {
                "success": False,
                "errors": [{"code": 10306, "message": "params is too large. Maximum allowed size is 1MiB."}],
                "messages": [],
                "result": None,
            },
        ),
        (
            "/formance/api/orchestration/v2/workflows",
            400,
            {"errorCode": "VALIDATION", "errorMessage": "request body too large"},
        ),
    ],
)
def test_a_body_over_the_limit_is_refused_in_the_shape_of_the_vendor(
    client: Client, path: str, status: int, body: object
) -> None:
    answer = client.post(path, b"x" * (settings.MAX_REQUEST_BYTES + 1), content_type="application/json")
    assert (answer.status_code, answer.json()) == (status, body)
    assert answer["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", ["/cloudflare/client/v4/a%00b", "/formance/api/orchestration/workflows/a%00b"])
def test_other_refusals_below_a_vendors_address_have_its_shape_too(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 400
    assert {"errors", "result"} <= answer.json().keys() or answer.json()["errorCode"] == "VALIDATION"


def test_too_many_fields_are_413(admin: Client) -> None:
    assert admin.post(NEW_GROUP, {f"field{number}": "x" for number in range(3000)}).status_code == 413


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"not multipart at all", "multipart/form-data; boundary=x"),
        (b"--x\r\n", "multipart/form-data"),
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"{}", "application/x-www-form-urlencoded; charset=nonsense"),
        (b"{", "application/json"),
    ],
)
def test_a_broken_form_is_a_4xx(admin: Client, body: bytes, content_type: str) -> None:
    assert 400 <= admin.generic("POST", NEW_GROUP, body, content_type).status_code < 500
    assert not MemberGroup.objects.exists()


def test_a_form_where_json_is_wanted_is_400(admin: Client, scope: Scope) -> None:
    create_flow(scope, key="order", name="Order")
    response = admin.post("/o/acme/development/flows/order/edit/keep-sample", {"input": "{}"})
    assert response.status_code == 400
    assert "JSON" in response.content.decode()


def test_a_content_length_that_is_no_number_is_400(client: Client, db: None) -> None:
    assert client.get("/healthz", CONTENT_LENGTH="lots").status_code == 400


def test_a_form_without_its_token_is_403_in_words(environment: Environment) -> None:
    response = Client(enforce_csrf_checks=True).post("/accounts/sign-in/", {"username": "x"})
    assert response.status_code == 403
    assert "Reload it" in response.content.decode()


def test_a_program_gets_problem_json(client: Client, db: None) -> None:
    response = client.get("/api/nothing-here")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == 404


def test_htmx_gets_the_reason_as_plain_text(admin: Client) -> None:
    response = admin.post(NEW_GROUP, {"name": "a\0b"}, headers={"HX-Request": "true"})
    assert response.status_code == 400
    assert response.headers["Content-Type"].startswith("text/plain")
    assert "NUL" in response.content.decode()


def test_an_unknown_host_is_400(client: Client, db: None) -> None:
    assert client.get("/accounts/sign-in/", headers={"Host": "evil.example"}).status_code == 400


def test_a_number_beyond_64_bits_is_refused_in_words(admin: Client) -> None:
    response = admin.post(NEW_GROUP, {"name": "Ops", "members": "1" * 30})
    # PostgreSQL looks for it and finds nobody, which the form says; SQLite cannot even be asked.
    assert (response.status_code, "too large" in response.content.decode()) in ((400, True), (422, False))
    assert not MemberGroup.objects.exists()


def test_a_text_of_any_length_may_be_looked_for_or_is_refused_in_words(admin: Client) -> None:
    # PostgreSQL finds nothing; SQLite has no patterns of more than 50,000 bytes.
    response = admin.get(AUDIT, {"q": "x" * 60_000})
    assert (response.status_code, "too long" in response.content.decode()) in ((400, True), (200, False))


@pytest.mark.parametrize(("error", "status"), [(IntegrityError, 409), (OperationalError, 503)])
def test_trouble_in_the_database_is_answered_in_words(
    admin: Client, error: type[DatabaseError], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with mock.patch("accounts.services.groups.add_group", side_effect=error("duplicate key value")):
        response = admin.post(NEW_GROUP, {"name": "Ops"})
    assert response.status_code == status
    assert "duplicate key" not in response.content.decode()
    assert "duplicate key" in caplog.text


@pytest.mark.parametrize("answered", [0, 2, 4])
def test_a_database_that_is_away_is_told_without_asking_it(admin: Client, answered: int) -> None:
    asked = 0

    def away(execute: Callable[..., object], *query: object) -> object:
        nonlocal asked
        asked += 1
        if asked > answered:
            raise OperationalError("the server closed the connection")
        return execute(*query)

    with connection.execute_wrapper(away):
        response = admin.get(AUDIT)
    assert response.status_code == 503
    assert "The database is busy" in response.content.decode()
    assert asked == answered + 1
