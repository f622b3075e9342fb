"""Steering instances from the command line."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry
from tests.integration.api.conftest import Api
from tests.integration.api.test_steering import flow_of, person, publish, start, values

Run = Callable[[], None]
PLACE = ("--organization", "acme", "--environment", "development")


def instances(*words: str) -> tuple[str, str]:
    """What the command printed, and what it complained about."""
    out, err = StringIO(), StringIO()
    call_command("instances", *words, *PLACE, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_instances_that_fit_are_migrated_after_a_look(api: Api, run: Run) -> None:
    publish(api, flow_of(values("first"), person()))
    start(api, "a", "b")
    publish(api, flow_of(values("begin"), person(), values("last")))
    which = ("--flow", "order", "--on-version", "1", "--to-version", "newest")
    with pytest.raises(SystemExit):
        instances("migrate", *which, "--dry-run")
    out, _ = instances("migrate", *which, "--map", "first=begin", "--reason", "More to do.")
    assert "order a: waiting, version 2" in out
    assert "2 done, 0 refused" in out
    entry = AuditEntry.objects.get(action="instances.migrate")
    assert (entry.after, entry.actor_user) == ({"done": 2, "refused": 0, "reason": "More to do."}, None)


def test_what_is_refused_makes_the_exit_code_1(api: Api, run: Run) -> None:
    publish(api, flow_of(person()))
    start(api, "a", "b")
    instances("terminate", "a", "--reason", "A mistake.", "--rollback")
    with pytest.raises(SystemExit) as ended:
        instances("terminate", "a", "b")
    assert ended.value.code == 1
    assert {api.get(f"/instances/{id}").json()["status"] for id in "ab"} == {"terminated"}


def test_an_event_is_sent(api: Api, run: Run) -> None:
    publish(api, flow_of(person()))
    start(api, "a")
    assert "1 done" in instances("send-event", "a", "--type", "go", "--payload", '{"n": 1}')[0]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("pause",), "Say which instances"),
        (("pause", "nobody"), "no such instance: nobody"),
        (("send-event", "a"), "type: is needed"),
        (("send-event", "a", "--type", "go", "--payload", "{"), "not JSON"),
        (("migrate", "a", "--to-version", "2", "--map", "first"), "takes pairs"),
    ],
)
def test_words_that_make_no_sense_are_refused(api: Api, run: Run, words: tuple[str, ...], problem: str) -> None:
    publish(api, flow_of(person()))
    start(api, "a")
    with pytest.raises(CommandError, match=problem):
        instances(*words)
