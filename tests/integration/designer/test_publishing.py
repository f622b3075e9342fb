"""Publishing makes a version that never changes again, with rows, triggers and closing reasons of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest
from django.db import connection

from accounts.models import AuditEntry
from accounts.scope import Scope
from accounts.sealing import unseal
from designer import models
from designer.graph.codec import decode_flow, encode_flow
from designer.graph.model import Flow
from designer.services.drafting import StaleRevision, draft_of, replace_draft
from designer.services.importing import import_flow
from designer.services.publishing import FlowHasProblems, is_unchanged, publish_flow
from designer.services.schedules import next_firing
from designer.services.versions import flow_of
from tests.integration.designer.conftest import order_file


def change(scope: Scope, row: models.Flow, **changes: object) -> models.Flow:
    row.refresh_from_db()
    return replace_draft(scope, row, decode_flow(order_file(**changes)), revision=row.draft_revision).row


def test_a_version_holds_the_document_its_hash_and_who_published_it(scope: Scope, version: models.Version) -> None:
    assert version.number == 1
    assert version.note == "First"
    assert version.published_by == scope.user
    assert encode_flow(flow_of(version)) == encode_flow(decode_flow(orjson.loads(version.document)))
    assert len(version.graph_hash) == 64
    assert models.Flow.objects.get(key="order").live_version == version


def test_the_rows_of_a_version_say_what_its_document_says(version: models.Version) -> None:
    phases = version.phases.order_by("position")
    assert [(phase.key, phase.name, phase.frame) for phase in phases] == [
        ("pay", "Payment", None),
        ("ship", "Shipping", [0, 0, 400, 200]),
    ]
    tasks = version.tasks.select_related("phase").order_by("position")
    assert [(task.key, task.phase.key, task.kind, task.join, task.at) for task in tasks if task.phase] == [
        ("charge", "pay", "automation", "all", None),
        ("big", "pay", "decision", "all", None),
        ("approve", "ship", "manual", "all", [40, 60]),
        ("pack", "ship", "noop", "any", None),
    ]
    assert [(edge.source, edge.target, edge.branch) for edge in version.edges.order_by("position")] == [
        ("trigger", "charge", ""),
        ("charge", "big", ""),
        ("big", "approve", "large"),
        ("big", "pack", "none_met"),
        ("approve", "pack", ""),
    ]
    condition = version.conditions.get()
    assert (condition.task.key, condition.key, condition.name) == ("big", "large", "Over 1000")
    assert condition.statements == [{"source": "input.order.total", "operator": "greater_than", "values": ["1000"]}]


def test_a_version_stays_as_it_is_whatever_becomes_of_the_draft(scope: Scope, version: models.Version) -> None:
    before, names = version.document, list(version.tasks.values_list("name", flat=True))
    row = change(scope, version.flow, name="Another name", tasks=[], edges=[], phases=[])
    version.refresh_from_db()
    assert version.document == before
    assert list(version.tasks.values_list("name", flat=True)) == names
    assert list(row.tasks.filter(version=None)) == []


def test_a_stored_version_refuses_to_be_saved_again(version: models.Version) -> None:
    version.note = "Rewritten"
    with pytest.raises(TypeError, match="never changes"):
        version.save()
    assert models.Version.objects.get().note == "First"


def test_the_next_version_is_the_live_one(scope: Scope, version: models.Version) -> None:
    row = change(scope, version.flow, description="Changed")
    assert not is_unchanged(row)
    second = publish_flow(scope, row)
    row.refresh_from_db()
    assert (second.number, row.live_version) == (2, second)
    assert is_unchanged(row)


def test_a_draft_that_moved_on_is_not_published_by_someone_who_saw_an_older_one(scope: Scope, row: models.Flow) -> None:
    seen = row.draft_revision
    change(scope, row, description="Changed")
    with pytest.raises(StaleRevision):
        publish_flow(scope, row, revision=seen)
    assert not row.versions.exists()


def test_while_a_draft_is_checked_no_transaction_is_open(scope: Scope, row: models.Flow) -> None:
    depths: list[int] = []
    publish_flow(scope, row, check=lambda _: depths.append(len(connection.savepoint_ids)))
    assert depths == [len(connection.savepoint_ids)]


def test_a_draft_that_moves_on_while_it_is_checked_is_checked_anew(scope: Scope, row: models.Flow) -> None:
    checked: list[str] = []

    def check(flow: Flow) -> None:
        if not checked:
            replace_draft(scope, row, replace(flow, name="Another"), revision=row.draft_revision)
        checked.append(flow.name)

    version = publish_flow(scope, row, check=check)
    assert checked[1:] == ["Another"]
    assert json.loads(version.document)["name"] == "Another"


def test_a_flow_with_problems_is_not_published_and_nothing_is_written(scope: Scope) -> None:
    edges = [{"from": "charge", "to": "big"}, {"from": "big", "to": "charge", "branch": "large"}]
    row = import_flow(scope, order_file(edges=edges), replace=False)
    with pytest.raises(FlowHasProblems) as refused:
        publish_flow(scope, row)
    assert refused.value.problems
    assert not row.versions.exists()
    assert not row.trigger_rows.exists()


def test_triggers_keep_their_address_secret_and_id_from_publish_to_publish(
    scope: Scope, version: models.Version
) -> None:
    webhook = version.flow.trigger_rows.get(type="webhook")
    assert webhook.secret_path
    assert unseal(webhook.secret).startswith("whsec_")
    triggers = [{"type": "webhook", "signed": True}, {"type": "webhook"}, {"type": "api"}]
    row = change(scope, version.flow, triggers=triggers)
    publish_flow(scope, row)
    stored = list(row.trigger_rows.order_by("position"))
    assert [trigger.type for trigger in stored] == ["webhook", "webhook", "api"]
    assert (stored[0].pk, stored[0].secret_path, stored[0].secret) == (webhook.pk, webhook.secret_path, webhook.secret)
    assert stored[1].secret_path not in (None, webhook.secret_path)
    assert stored[1].secret == ""
    assert stored[2].secret_path is None


def test_a_schedule_knows_its_next_firing_and_an_event_its_type(version: models.Version) -> None:
    cron = version.flow.trigger_rows.get(type="cron")
    assert cron.next_at is not None
    assert cron.next_at > version.published_at
    assert version.flow.trigger_rows.get(type="event").event_type == "payment.saved"


def test_schedules_are_read_in_their_time_zone() -> None:
    friday = datetime(2026, 1, 2, 12, tzinfo=UTC)
    assert next_firing("0 6 * * 1-5", timezone="Europe/Berlin", after=friday) == datetime(2026, 1, 5, 5, tzinfo=UTC)
    assert next_firing("0 6 31 2 *", after=friday) is None
    assert next_firing("nonsense", after=friday) is None


def test_closing_reasons_are_linked_and_missing_ones_join_the_library(scope: Scope, version: models.Version) -> None:
    titles = {reason.title for reason in version.flow.chosen_closing_reasons.all()}
    assert titles == {"Customer withdrew", "Out of stock"}
    assert models.ClosingReason.objects.within(scope).count() == 2
    row = change(scope, version.flow, closing_reasons=["Out of stock"])
    publish_flow(scope, row)
    assert [reason.title for reason in row.chosen_closing_reasons.all()] == ["Out of stock"]


def test_publishing_is_in_the_audit_log(scope: Scope, version: models.Version) -> None:
    entry = AuditEntry.objects.within(scope).get(action="flow.published")
    assert entry.after == {"version": 1, "note": "First"}


def test_the_draft_rows_follow_every_replacement(scope: Scope, row: models.Flow) -> None:
    assert row.tasks.filter(version=None).count() == 4
    pks = dict(row.tasks.filter(version=None).values_list("key", "pk"))
    tasks = order_file()["tasks"]
    tasks[0] = {**tasks[0], "name": "Charge"}
    changed = change(scope, row, tasks=[tasks[1], tasks[0], tasks[2], tasks[3]])
    stored = changed.tasks.filter(version=None).order_by("position")
    assert [(task.key, task.name) for task in stored][:2] == [("big", "Large order?"), ("charge", "Charge")]
    assert dict(stored.values_list("key", "pk")) == pks
    assert draft_of(changed).tasks["charge"].name == "Charge"
