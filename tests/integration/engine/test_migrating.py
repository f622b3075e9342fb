"""Moving instances to another version of their flow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import AuditEntry
from accounts.scope import Scope
from engine.core.ports import failed
from engine.models import Instance, Step, Timer
from engine.services.errors import InvalidInput, NotLegalNow
from engine.services.human_tasks import complete_step
from engine.services.interventions import retry, terminate
from engine.services.moving import MigrationRefused, migrate
from tests.integration.engine.conftest import Engine, python

Find = Callable[..., Step]
ASK = {"kinds": {"ask": "manual"}}


def waiting_instance(engine: Engine) -> Instance:
    """`a` is done, a person is asked; then version 2 comes, with `extra` behind that."""
    flow = engine.publish("a -> ask -> b", settings={"a": python()}, **ASK)
    instance = engine.start(flow)
    engine.work()
    engine.publish_again(flow, "a -> ask -> extra -> b", settings={"a": python()}, **ASK)
    instance.refresh_from_db()
    return instance


def test_an_instance_goes_on_in_the_other_version(engine: Engine, scope: Scope, step_of: Find) -> None:
    instance = waiting_instance(engine)
    report = migrate(scope, instance, version="newest", reason="a step was missing", now=engine.now)
    assert (report.is_possible, report.is_done, report.from_version, report.to_version) == (True, True, 1, 2)
    assert [(step.task, step.status) for step in report.carried] == [("a", "completed"), ("ask", "waiting")]
    assert instance.version.number == 2
    complete_step(scope, step_of(instance, "ask"), now=engine.now)
    instance.refresh_from_db()
    assert (instance.status, step_of(instance, "extra").status) == ("complete", "completed")
    fact = instance.facts.get(type="InstanceMigrated")
    assert (fact.data["before"], fact.data["after"], fact.data["reason"]) == (
        {"version": 1},
        {"version": 2},
        "a step was missing",
    )
    assert AuditEntry.objects.get(action="instance.migrated").after["version"] == 2


def test_a_dry_run_changes_nothing(engine: Engine, scope: Scope) -> None:
    instance = waiting_instance(engine)
    count = instance.fact_count
    report = migrate(scope, instance, version=2, dry_run=True)
    assert (report.is_possible, report.is_done, report.passed_over) == (True, False, ())
    instance.refresh_from_db()
    assert (instance.version.number, instance.fact_count) == (1, count)
    assert not AuditEntry.objects.filter(action="instance.migrated").exists()


def test_what_is_in_the_way_is_listed_and_nothing_changes(engine: Engine, scope: Scope) -> None:
    flow = engine.publish("a -> ask", settings={"a": python()}, **ASK)
    instance = engine.start(flow)
    engine.work()
    engine.publish_again(flow, "z -> question", kinds={"question": "manual"})
    report = migrate(scope, instance, version=2, dry_run=True)
    assert [(one.task, one.status) for one in report.obstacles] == [("a", "completed"), ("ask", "waiting")]
    with pytest.raises(MigrationRefused, match="is not in version 2") as refused:
        migrate(scope, instance, version=2, now=engine.now)
    assert refused.value.report.obstacles == report.obstacles
    instance.refresh_from_db()
    assert instance.version.number == 1


def test_a_mapping_renames_steps_and_timers(engine: Engine, scope: Scope, step_of: Find) -> None:
    flow = engine.publish("a -> rest -> b", kinds={"rest": "delay"})
    instance = engine.start(flow)
    engine.publish_again(flow, "rest -> a -> b", kinds={"a": "delay"})
    migrate(scope, instance, version=2, mapping={"a": "rest", "rest": "a"}, now=engine.now)
    assert (step_of(instance, "rest").kind, step_of(instance, "a").kind) == ("automation", "delay")
    assert Timer.objects.get().task == "a"
    assert engine.later(hours=1) == 1
    instance.refresh_from_db()
    assert instance.status == "complete"


def test_a_name_that_another_task_has_used_is_not_taken(engine: Engine, scope: Scope) -> None:
    flow = engine.publish("a -> ask", **ASK)
    instance = engine.start(flow)
    engine.publish_again(flow, "b -> a", kinds={"a": "manual"})
    with pytest.raises(MigrationRefused, match="a"):
        migrate(scope, instance, version=2, mapping={"ask": "a"}, now=engine.now)
    migrate(scope, instance, version=2, mapping={"ask": "a", "a": "b"}, now=engine.now)
    assert instance.status == "waiting"


def test_an_attempt_under_way_counts_after_the_move(engine: Engine, scope: Scope) -> None:
    flow = engine.publish("a -> b", settings={"a": python()})
    instance = engine.start(flow)
    (attempt,) = engine.claim()
    engine.publish_again(flow, "a -> b -> c", settings={"a": python()})
    migrate(scope, instance, version=2, now=engine.now)
    assert engine.settle(attempt) == 1
    instance.refresh_from_db()
    assert (instance.status, instance.steps.count()) == ("complete", 3)


@pytest.mark.parametrize("version", [1, "newest"])
def test_there_has_to_be_another_version(engine: Engine, scope: Scope, version: int | str) -> None:
    instance = engine.start("ask", **ASK)
    with pytest.raises(NotLegalNow, match="runs version 1 already"):
        migrate(scope, instance, version=version)


@pytest.mark.parametrize("version", [2, 0, -1, True, "7", 2**40])
def test_a_version_that_there_is_not_is_refused(engine: Engine, scope: Scope, version: int | str) -> None:
    instance = engine.start("ask", **ASK)
    with pytest.raises(InvalidInput, match="is no version of this flow"):
        migrate(scope, instance, version=version)


def test_the_version_of_another_flow_is_none(engine: Engine, scope: Scope) -> None:
    instance = engine.start("ask", **ASK)
    other = engine.publish("x", key="other")
    other.refresh_from_db()
    assert other.live_version is not None
    with pytest.raises(InvalidInput):
        migrate(scope, instance, version=other.live_version)


def test_a_mapping_names_tasks_that_there_are(engine: Engine, scope: Scope) -> None:
    instance = waiting_instance(engine)
    with pytest.raises(InvalidInput) as refused:
        migrate(scope, instance, version=2, mapping={"nope": "a", "ask": "nowhere"})
    assert [path for path, _ in refused.value.problems] == ["mapping.nope", "mapping.ask"]


def test_an_instance_that_has_ended_is_not_migrated(engine: Engine, scope: Scope) -> None:
    instance = waiting_instance(engine)
    terminate(scope, instance, now=engine.now)
    with pytest.raises(NotLegalNow, match="only one that has not ended"):
        migrate(scope, instance, version=2)


def test_a_failed_instance_is_retried_on_the_version_that_mends_it(engine: Engine, scope: Scope, step_of: Find) -> None:
    flow = engine.publish("a -> b", settings={"a": python(), "b": python()})
    instance = engine.start(flow)
    engine.settle(*engine.claim())
    engine.settle(*engine.claim(), result=failed("Down", "down"))
    engine.publish_again(flow, "a -> b -!-> mend", settings={"a": python(), "b": python()})
    instance.refresh_from_db()
    retry(scope, instance, version="newest", reason="mended", now=engine.now)
    assert (instance.status, instance.version.number) == ("running", 2)
    engine.settle(*engine.claim(), result=failed("Down", "down"))
    instance.refresh_from_db()
    assert (instance.status, step_of(instance, "mend").status, step_of(instance, "a").attempt) == (
        "complete",
        "completed",
        1,
    )
    types = list(instance.facts.filter(type__startswith="InstanceM").values_list("type", flat=True))
    assert types == ["InstanceMigrated"]
    entry = AuditEntry.objects.get(action="instance.retried")
    assert (entry.before["version"], entry.after["version"]) == (1, 2)


def test_a_retry_on_a_version_without_the_failed_step_says_what_is_in_the_way(engine: Engine, scope: Scope) -> None:
    flow = engine.publish("a -> b", settings={"a": python(), "b": python()})
    instance = engine.start(flow)
    engine.settle(*engine.claim())
    engine.settle(*engine.claim(), result=failed("Down", "down"))
    engine.publish_again(flow, "a -> c", settings={"a": python()})
    with pytest.raises(NotLegalNow, match="b is not in version 2"):
        retry(scope, instance, version=2, now=engine.now)
    instance.refresh_from_db()
    assert (instance.status, instance.version.number) == ("errored", 1)


def test_edited_input_has_to_fit_the_version_it_is_retried_on(
    engine: Engine, scope: Scope, status_of: Callable[..., str]
) -> None:
    def wants(type: str) -> dict[str, Any]:
        return {"type": "object", "properties": {"n": {"type": type}}, "required": ["n"]}

    row = engine.publish("a", settings={"a": python("nowhere")}, input_schema=wants("string"))
    instance = engine.start(row, input={"n": "x"})
    engine.work()
    engine.publish_again(row, "a", settings={"a": python()}, input_schema=wants("integer"))
    with pytest.raises(InvalidInput):
        retry(scope, instance, input={"n": 5}, now=engine.now)
    with pytest.raises(InvalidInput):
        retry(scope, instance, input={"n": "y"}, version="newest", now=engine.now)
    retry(scope, instance, input={"n": 5}, version="newest", now=engine.now)
    engine.work()
    assert status_of(instance) == "complete"
