"""What drawn flows write back to entities, and what changes of entities start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.scope import Scope
from engine.entities.automations import make_automation
from engine.entities.models import AutomationRun, Entity, EntityChange, EntityUse
from engine.entities.store import refer_to
from engine.models import Fact, InboundEvent, Instance
from engine.services.automation_triggers import begun_by_customers
from engine.services.entity_changes import MOST_CHANGES, delete_entity, save_entity
from engine.services.human_tasks import complete_step
from engine.services.instances import start_instance
from engine.services.triggers import match_inbound_events
from tests.integration.engine.conftest import Engine

FactsOf = Callable[..., list[str]]


def about(engine: Engine, flow: Any, key: str = "ord-1", name: str = "order", **more: Any) -> Instance:
    """An instance about an entity."""
    row = engine.publish(flow) if isinstance(flow, str) else flow
    context = {name: refer_to(key, "order")}
    return start_instance(engine.scope, row, context=context, now=engine.now, **more)


def attributes(key: str = "ord-1") -> Any:
    return Entity.objects.get(key=key).attributes


def synced(instance: Instance) -> list[Any]:
    return [fact.data for fact in Fact.objects.filter(instance=instance, type="EntitySynced").order_by("number")]


def hear_all(engine: Engine, most: int = 200) -> int:
    """Let the bus run dry; answers how many events there were."""
    heard = 0
    while (count := match_inbound_events(engine.now)) and heard < most:
        heard += count
        engine.work()
    return heard


RULES = (
    {"on": "started", "entity": "order", "set": {"state": "begun", "by": "{{ flow.name }}"}},
    {"on": "task:ask", "entity": "order", "set": {"answer": "{{ steps.ask.output.ok }}"}},
    {"on": "completed", "entity": "order", "set": {"state": "done"}},
)


def test_rules_are_carried_out_when_their_moment_comes(engine: Engine, facts_of: FactsOf) -> None:
    save_entity(engine.scope, "ord-1", schema="order", attributes={"total": 3})
    instance = about(engine, engine.publish("ask", kinds={"ask": "manual"}, entity_sync=RULES))
    assert attributes() == {"total": 3, "state": "begun", "by": instance.flow.name}
    step = instance.steps.get(task="ask")
    complete_step(engine.scope, step, output={"ok": True}, now=engine.now)
    assert attributes() == {"total": 3, "state": "done", "by": instance.flow.name, "answer": True}
    assert facts_of(instance, "EntitySynced") == ["EntitySynced", "EntitySynced"]
    assert synced(instance)[1]["entities"] == [
        {"entity": "ord-1", "schema": "order", "set": {"answer": True, "state": "done"}}
    ]
    change = EntityChange.objects.filter(entity__key="ord-1").latest("pk")
    assert change.instance_id == instance.pk
    assert change.values["state"] == {"before": "begun", "after": "done"}


def test_a_phase_and_a_failure_are_moments_too(engine: Engine) -> None:
    rules = (
        {"on": "phase:pay", "entity": "order", "set": {"paid": True}},
        {"on": "failed", "entity": "order", "set": {"state": "failed"}},
    )
    save_entity(engine.scope, "ord-1", schema="order", attributes={})
    settings = {"fail": {"action": "raise_error", "inputs": {"message": "no"}, "retries": {"limit": 0}}}
    flow = engine.publish("a -> fail", kinds={"a": "noop"}, phases={"pay": "a"}, settings=settings, entity_sync=rules)
    about(engine, flow)
    engine.work()
    assert attributes() == {"paid": True, "state": "failed"}


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"on": "started", "entity": "invoice", "set": {"a": 1}}, "No entity is linked under this name."),
        ({"on": "started", "entity": "order", "set": {"a": "{{ input.x | divided_by: 0 }}"}}, "set.a"),
        ({"on": "task:a", "entity": "order", "set": {"a": "{{ steps.a.output }}"}}, "shown nowhere"),
    ],
)
def test_a_rule_that_cannot_be_carried_out_says_so_and_holds_up_nothing(
    engine: Engine, rule: dict[str, Any], reason: str
) -> None:
    save_entity(engine.scope, "ord-1", schema="order", attributes={"old": 1})
    settings = {"a": {"action": "set_values", "inputs": {"values": {"x": 1}}, "sensitive": "output"}}
    flow = engine.publish("a", settings=settings, entity_sync=(rule,))
    instance = about(engine, flow, input={"x": 1})
    engine.work()
    instance.refresh_from_db()
    assert instance.status == "complete"
    assert attributes() == {"old": 1}
    (told,) = synced(instance)
    assert reason in told["problems"][0]["reason"]


def test_a_flow_without_rules_asks_nothing_about_entities(engine: Engine) -> None:
    instance = about(engine, engine.publish("a", kinds={"a": "noop"}))
    assert synced(instance) == []
    assert EntityUse.objects.get(instance=instance).name == "order"


def event_trigger(type: str, **more: Any) -> dict[str, Any]:
    return {"type": "event", "event": type, **more}


def test_a_change_of_an_entity_starts_a_flow_about_it(engine: Engine) -> None:
    trigger = event_trigger("entity.updated", filter="event.schema == 'order'")
    flow = engine.publish("a", kinds={"a": "noop"}, triggers=(trigger,))
    save_entity(engine.scope, "ord-1", schema="order", attributes={"a": 1})
    save_entity(engine.scope, "ord-1", schema="order", attributes={"a": 1})  # nothing is different
    save_entity(engine.scope, "ord-1", schema="order", attributes={"a": 2})
    assert hear_all(engine) == 2
    instance = Instance.objects.get(flow=flow)
    assert instance.context == {"primary": {"$entity": "ord-1", "schema": "order"}}
    assert EntityUse.objects.get(instance=instance).entity_key == "ord-1"


def test_flows_that_start_one_another_by_changes_come_to_an_end(engine: Engine) -> None:
    rule = {"on": "started", "entity": "primary", "set": {"n": "{{ context.primary.n | plus: 1 }}"}}
    triggers = (event_trigger("entity.updated"),)
    flow = engine.publish("a", kinds={"a": "noop"}, triggers=triggers, entity_sync=(rule,))
    save_entity(engine.scope, "ord-1", schema="order", attributes={"n": 0})
    save_entity(engine.scope, "ord-1", schema="order", attributes={"n": 1})
    assert hear_all(engine) < 50
    assert Instance.objects.filter(flow=flow).count() == int(attributes()["n"]) - 1 == 11


def test_automations_begin_by_themselves_and_start_flows(engine: Engine) -> None:
    trigger = {"type": "entity_operation", "configuration": {"schema": "order", "operations": ["createEntity"]}}
    automation = make_automation(engine.scope.environment.pk, name="New order", trigger=[trigger])
    listens = event_trigger("automation.ended", filter=f"event.automation == '{automation.key}'")
    flow = engine.publish("a", kinds={"a": "noop"}, triggers=(listens,))
    save_entity(engine.scope, "ord-1", schema="order", attributes={})
    save_entity(engine.scope, "cus-1", schema="customer", attributes={})
    hear_all(engine)
    assert [run.entity_key for run in AutomationRun.objects.all()] == ["ord-1"]
    assert Instance.objects.get(flow=flow).context["primary"]["$entity"] == "ord-1"


def filtered(**filter_config: Any) -> list[dict[str, Any]]:
    """What starts an automation: a change of an order that is as the filter says."""
    return [{"type": "entity_operation", "configuration": {"schema": "order", "filter_config": filter_config}}]


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (filtered(operation={"operation": ["createEntity"]}), ["made"]),
        (filtered(operation={"payload": {"_schema": ["order"], "_id": ["ord-1"]}}), ["made", "placed", "paid", "gone"]),
        (
            filtered(operation={"payload": {"status": ["placed"]}, "diff": {"updated": {"status": ["open"]}}}),
            ["placed"],
        ),
        (
            filtered(operation={"diff": {"$or": [{"added.paid": [{"exists": True}]}, {"deleted.note": ["x"]}]}}),
            ["paid"],
        ),
        (filtered(operation={"diff": {"deleted": {"note": [{"exists": True}]}}}), ["placed"]),
        (filtered(activity={"type": "EntityUpdated"}), ["placed", "paid"]),
        (filtered(activity={"type": [{"suffix": "FromPortal"}]}), []),
        (filtered(operation={"payload": {"status": "placed"}}), []),
        ([{"type": "entity_operation", "configuration": {"exclude_activities": ["EntityUpdated"]}}], ["made"]),
        (
            [{"type": "entity_operation", "configuration": {"include_activities": ["EntityUpdated"]}}],
            ["placed", "paid"],
        ),
        ([{"type": "entity_operation", "configuration": {"ecp_config": {"origin": "END_CUSTOMER_PORTAL"}}}], []),
    ],
)
def test_an_automation_begins_only_at_changes_that_pass_its_filter(
    engine: Engine, trigger: list[dict[str, Any]], expected: list[str]
) -> None:
    make_automation(engine.scope.environment.pk, name="Filtered", trigger=trigger)
    seen = []

    def note(what: str) -> None:
        hear_all(engine)
        if AutomationRun.objects.all().delete()[0]:
            seen.append(what)

    save_entity(engine.scope, "ord-1", schema="order", attributes={"status": "open", "note": "y"})
    note("made")
    save_entity(engine.scope, "ord-1", schema="order", attributes={"status": "placed"})
    note("placed")
    entity, _ = save_entity(engine.scope, "ord-1", schema="order", attributes={"paid": 5}, merge=True)
    note("paid")
    delete_entity(engine.scope, entity)
    note("gone")
    assert seen == expected


def test_a_large_entity_is_told_of_without_what_it_was(scope: Scope) -> None:
    for text in ("a", "b"):
        save_entity(scope, "ord-1", schema="order", attributes={"text": text * 600_000, "n": 1})
    save_entity(scope, "ord-1", schema="order", attributes={"n": 2}, merge=True)
    payloads = [event.payload for event in InboundEvent.objects.filter(type="entity.updated").order_by("pk")]
    assert ["before" in payload for payload in payloads] == [False, True]
    assert payloads[1]["before"] == {"n": 1}


def test_a_deleted_entity_is_told_of(engine: Engine) -> None:
    entity, _ = save_entity(engine.scope, "ord-1", schema="order", attributes={"a": 1})
    delete_entity(engine.scope, entity)
    assert list(InboundEvent.objects.order_by("pk").values_list("type", flat=True)) == [
        "entity.created",
        "entity.deleted",
    ]


def test_the_history_of_an_entity_is_bounded(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.services.entity_changes.MOST_CHANGES", 3)
    assert MOST_CHANGES > 3
    for number in range(5):
        save_entity(scope, "ord-1", schema="order", attributes={"n": number})
    history = EntityChange.objects.filter(entity__key="ord-1").order_by("pk")
    assert [change.values["n"]["after"] for change in history] == [2, 3, 4]


@pytest.mark.parametrize(
    ("wanted", "begins"),
    [
        ({"origin": "END_CUSTOMER_PORTAL"}, True),
        ({"origin": "END_CUSTOMER_PORTAL", "portal_id": "any-portal-id"}, True),
        ({"portal_id": "any-portal-id"}, True),
        ({"origin": "INSTALLER_PORTAL"}, False),
        ({"origin": "END_CUSTOMER_PORTAL", "file_config": {"shared_with_end_customer": True}}, False),
        ("END_CUSTOMER_PORTAL", False),
        (None, True),
    ],
)
def test_an_automation_for_the_portal_begins_at_changes_that_are_made_there(
    engine: Engine, wanted: Any, begins: bool
) -> None:
    configuration = {"schema": "order", **({"ecp_config": wanted} if wanted else {})}
    trigger = [{"type": "entity_operation", "configuration": configuration}]
    make_automation(engine.scope.environment.pk, name="Portal", trigger=trigger)
    save_entity(engine.scope, "ord-1", schema="order", attributes={}, portal="END_CUSTOMER_PORTAL")
    hear_all(engine)
    assert AutomationRun.objects.exists() is begins
    begun = begun_by_customers(engine.scope.environment.pk)
    assert begun == ({"order"} if begins and wanted else set())
