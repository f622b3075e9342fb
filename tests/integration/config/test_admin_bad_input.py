"""What nobody should send to Django's admin: refused in words, or read as nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.admin import PersonAdmin
from accounts.json_text import json_bytes
from accounts.models import Environment, User
from tests.integration.config.test_every_address import ADMIN, HUGE, PLACEHOLDER

pytestmark = pytest.mark.django_db
PEOPLE = "/admin/accounts/user/"
QUERIES: list[dict[str, str]] = [
    {"_to_field": ""}, {"_to_field": "nothing"}, {"_popup": "1", "_to_field": ""}, {"_facets": "x"}, {"p": "x"},
    {"p": HUGE}, {"p": "-1"}, {"o": HUGE}, {"o": "1.-2.x"}, {"o": "\N{SUPERSCRIPT TWO}"}, {"all": "x"},
    {"q": "x" * 70_000}, {"e": "x"},
    {"_changelist_filters": "%%"}, {"pk__in": "a,b"}, {"id__in": ","}, {"id": HUGE}, {"id__exact": "x"},
    {"id__isnull": "x"},
    {"id__range": "1"}, {"pk__regex": "("}, {"nothing": "1"}, {"id__nothing": "1"}, {"created_at__gte": "x"},
    {"created_at__year": HUGE}, {"created_at__year": "0", "created_at__month": "13"},
    {"created_at__lt": "9999-12-31T23:59:59-14:00"}, {"is_active__exact": "x"},
    {"memberships__organization__id__exact": "x"},
]  # fmt: skip
FORMS: list[dict[str, Any]] = [
    {}, {"action": "nothing", "_selected_action": ["1"]}, {"_save": "x"}, {"_save": "1", "form-TOTAL_FORMS": "x"},
    {"action": "delete_selected", "_selected_action": [HUGE]},
    *({"action": action, "_selected_action": chosen}
      for action in ("delete_selected", "switch_off")
      for chosen in ([], [""], ["x"], ["1", "\N{SUPERSCRIPT TWO}"])),
]  # fmt: skip
ROWS = ("1/change/", "x/change/", f"{HUGE}/change/", f"{HUGE}/delete/", f"{HUGE}/history/", "_2/delete/", "1/password/")


@pytest.fixture
def staff(environment: Environment) -> Client:
    """A browser of somebody who may do everything."""
    client = Client(raise_request_exception=False)
    client.force_login(
        User.objects.create_superuser("root@example.com", "pw"), "django.contrib.auth.backends.ModelBackend"
    )
    return client


@pytest.mark.django_db(transaction=True)  # what the database refuses would break off a transaction around it
def test_queries_that_make_no_sense(staff: Client) -> None:
    assert [query for query in QUERIES if staff.get(PEOPLE, query).status_code >= 500] == []


def test_everywhere(staff: Client) -> None:
    """Every address of the admin, with what most of them ask for."""
    wrong = []
    for pattern in ADMIN:
        address = PLACEHOLDER.sub("1", pattern).replace("\\", "").replace("$", "").replace("^", "")
        with transaction.atomic():
            for answer in (
                staff.get(address, {"_to_field": "", "p": HUGE, "pk__range": "x", "q": HUGE}),
                staff.post(address, {"action": "delete_selected", "_selected_action": ["x"], "_to_field": ""}),
            ):
                wrong += [(address, answer.status_code)] if answer.status_code >= 500 else []
            transaction.set_rollback(True)
    assert wrong == []


def test_forms_that_make_no_sense_change_nothing(staff: Client) -> None:
    wrong = [form for form in FORMS if staff.post(PEOPLE, form).status_code >= 500]
    assert wrong == []
    assert User.objects.filter(is_active=True).count() == 1


def test_rows_that_are_not_there_and_forms_of_those_that_are(staff: Client) -> None:
    for row in (*ROWS, f"{User.objects.get().pk}/change/", "add/"):
        for query in ("", "?_to_field=", "?_to_field=nothing", "?_popup=1&_to_field=email"):
            for answer in (staff.get(PEOPLE + row + query), staff.post(PEOPLE + row + query, {"email": HUGE})):
                assert answer.status_code < 500, (row, query)


def test_a_refusal_says_why(staff: Client) -> None:
    answer = staff.get(PEOPLE, {"id__range": "1"})
    assert answer.status_code == 400
    assert "cannot read this address" in answer.content.decode()


def test_a_mistake_of_ours_is_a_500_all_the_same(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PersonAdmin, "switch_off", lambda *_: json_bytes(object()))
    answer = staff.post(PEOPLE, {"action": "switch_off", "_selected_action": [User.objects.get().pk]})
    assert answer.status_code == 500
