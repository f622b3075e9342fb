"""A repeated request is answered like the first, and does nothing again."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from dialects.shared.idempotency import forget_old_keys
from engine.models import IdempotencyKey, InboundEvent, Instance
from tests.integration.api.conftest import Api, assert_problem


def test_a_repeat_is_answered_like_the_first(api: Api, published: str) -> None:
    first = api.post("/flows/hello/instances", {"input": {"a": 1}}, idempotency_key="k1")
    again = api.post("/flows/hello/instances", {"input": {"a": 1}}, idempotency_key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert not first.has_header("Idempotency-Replayed")
    assert Instance.objects.count() == 1


def test_the_same_key_with_another_request_is_a_422(api: Api, published: str) -> None:
    api.post("/flows/hello/instances", {"input": {"a": 1}}, idempotency_key="k1")
    assert_problem(api.post("/flows/hello/instances", {"input": {"a": 2}}, idempotency_key="k1"), 422)
    assert_problem(api.post("/events", {"type": "x"}, idempotency_key="k1"), 422)
    assert (Instance.objects.count(), InboundEvent.objects.count()) == (1, 0)


def test_a_refused_request_leaves_its_key_free(api: Api, published: str) -> None:
    assert_problem(api.post("/flows/hello/instances", {"version": 99}, idempotency_key="k1"), 422)
    assert api.post("/flows/hello/instances", {"version": 1}, idempotency_key="k1").status_code == 201


def test_a_key_is_free_again_after_24_hours(api: Api, published: str) -> None:
    api.post("/events", {"type": "x"}, idempotency_key="k1")
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert api.post("/events", {"type": "y"}, idempotency_key="k1").status_code == 202
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert forget_old_keys() == 1


def test_keys_of_two_environments_do_not_meet(api: Api, foreign_api: Api) -> None:
    assert api.post("/events", {"type": "x"}, idempotency_key="k1").status_code == 202
    assert foreign_api.post("/events", {"type": "y"}, idempotency_key="k1").status_code == 202
    assert InboundEvent.objects.count() == 2
