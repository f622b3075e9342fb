"""One URL serves a page and its parts; a view may add a message to any answer."""

import json

import pytest
from django.http import HttpResponse, QueryDict
from django.test import RequestFactory

from accounts.http import sent, with_toast


def test_a_message_travels_beside_the_answer() -> None:
    response = with_toast(HttpResponse("part"), "Saved.")
    assert json.loads(response.headers["HX-Trigger"]) == {"toast": {"text": "Saved.", "kind": "success"}}


@pytest.mark.parametrize("fields", [{}, {"name": "x"}])
def test_a_form_that_was_sent_is_bound_even_when_empty(fields: dict[str, str]) -> None:
    assert isinstance(sent(RequestFactory().post("/", fields)), QueryDict)
    assert sent(RequestFactory().get("/", fields)) is None
