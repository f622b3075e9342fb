"""The small outside world of the demo: the same answer to the same question, and only in demo mode."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver
from pytest_django import Settings

from config.demo import urls


@pytest.fixture(autouse=True)
def demo_mode(settings: Settings, db: None) -> None:
    """Demo mode is on."""
    settings.DEMO = True


def post(path: str, body: Any, key: str = "") -> Any:
    """One call, as a step makes it."""
    return Client().post(f"/demo/{path}", body, content_type="application/json", headers={"idempotency-key": key})


def test_outside_demo_mode_nothing_is_there(settings: Settings) -> None:
    settings.DEMO = False
    for pattern in urls.urlpatterns:
        path = f"/demo/{pattern.pattern}"
        assert Client().get(path).status_code == 404
        assert Client().post(path, "{}", content_type="application/json").status_code == 404
    assert get_resolver().resolve("/demo/payments")


def test_the_same_question_gets_the_same_answer() -> None:
    first, second = post("images/score", {"image": "x.jpg"}), post("images/score", {"image": "x.jpg"})
    assert first.json() == second.json()
    assert 0 <= first.json()["score"] <= 1


def test_a_busy_service_works_at_the_third_try_of_a_call() -> None:
    order = {"order": "7-busy", "amount": 10}
    assert [post("payments", order, key="a").status_code for _ in range(4)] == [503, 503, 200, 200]
    assert post("payments", order, key="b").status_code == 503


def test_a_service_that_is_down_never_works() -> None:
    assert {post("payments", {"order": "7-down"}).status_code for _ in range(5)} == {503}


@pytest.mark.parametrize(
    ("amount", "status"), [(10, 200), (5000, 200), (5001, 402), (0, 422), ("10", 422), (True, 422)]
)
def test_what_is_charged_decides(amount: Any, status: int) -> None:
    assert post("payments", {"order": "1", "amount": amount}).status_code == status


def test_the_report_has_four_pages() -> None:
    pages = [Client().get(f"/demo/reports/orders?page={n}").json() for n in range(1, 5)]
    assert [page["next_page"] for page in pages] == [2, 3, 4, None]
    assert Client().get("/demo/reports/orders?page=5").status_code == 404


@pytest.mark.parametrize("pattern", [str(one.pattern) for one in urls.urlpatterns])
@pytest.mark.parametrize("body", ["", "{", "[]", "3", '{"order": null}', "[" * 100_000, '{"order": "\\u0000"}'])
def test_nothing_that_is_sent_breaks_it(pattern: str, body: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        answer = Client().generic(method, f"/demo/{pattern}", body, content_type="application/json")
        assert answer.status_code < 500 or answer.status_code == 503
