"""What a request brought: a form that was sent."""

import pytest
from django.http import QueryDict
from django.test import RequestFactory

from accounts.http import sent


@pytest.mark.parametrize("fields", [{}, {"name": "x"}])
def test_a_form_that_was_sent_is_bound_even_when_empty(fields: dict[str, str]) -> None:
    assert isinstance(sent(RequestFactory().post("/", fields)), QueryDict)
    assert sent(RequestFactory().get("/", fields)) is None
