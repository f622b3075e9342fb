"""Going back, duplicating, switching, deleting, importing, exporting, the library of reasons."""

from __future__ import annotations

import pytest

from accounts.models import AuditEntry
from accounts.scope import Scope
from designer import models
from designer.graph.codec import decode_flow, encode_flow
from designer.graph.loading import load_text
from designer.graph.problems import FlowFileInvalid
from designer.services.drafting import FlowKeyTaken, StaleRevision, draft_of, replace_draft, undo
from designer.services.errors import FlowInUse, ReasonInUse, TitleTaken
from designer.services.exporting import export_json, export_yaml
from designer.services.importing import import_flow
from designer.services.library import add_reason, change_reason, remove_reason
from designer.services.publishing import publish_flow
from designer.services.triggering import renew_address, set_active
from designer.services.versions import (
    delete_flow,
    duplicate_flow,
    flow_of,
    plan_of,
    restore_version,
    set_enabled,
)
from engine.models import Instance
from tests.integration.designer.conftest import order_file


def run(scope: Scope, version: models.Version, status: str) -> Instance:
    return Instance.objects.create(
        environment=scope.environment, flow=version.flow, version=version, key=f"one-{status}", status=status
    )


def test_a_version_is_decoded_and_compiled_once(version: models.Version) -> None:
    again = models.Version.objects.get(pk=version.pk)
    assert flow_of(version) is flow_of(again)
    assert plan_of(version.pk) is plan_of(version.pk)
    assert plan_of(version.pk).flow is flow_of(version)


def test_a_version_becomes_the_draft_again_and_that_can_be_undone(scope: Scope, version: models.Version) -> None:
    row = models.Flow.objects.get(pk=version.flow_id)
    emptied = replace_draft(scope, row, decode_flow(order_file(tasks=[], edges=[], phases=[])), revision=1)
    outcome = restore_version(scope, emptied.row, version, revision=emptied.revision)
    assert encode_flow(outcome.flow) == encode_flow(flow_of(version))
    assert outcome.row.tasks.filter(version=None).count() == 4
    back = undo(scope, outcome.row)
    assert not back.flow.tasks
    assert AuditEntry.objects.within(scope).filter(action="flow.version_restored").exists()


def test_a_draft_that_moved_on_is_not_replaced(scope: Scope, version: models.Version) -> None:
    with pytest.raises(StaleRevision):
        restore_version(scope, version.flow, version, revision=99)


def test_a_copy_has_the_draft_and_nothing_else(scope: Scope, version: models.Version) -> None:
    copy = duplicate_flow(scope, version.flow)
    assert (copy.key, copy.name, copy.live_version) == ("order-copy", "Order fulfilment (copy)", None)
    assert draft_of(copy).tasks == draft_of(version.flow).tasks
    assert not copy.trigger_rows.exists()
    assert duplicate_flow(scope, version.flow).key == "order-copy-2"


def test_a_disabled_flow_forgets_what_its_schedules_missed(scope: Scope, version: models.Version) -> None:
    cron = version.flow.trigger_rows.get(type="cron")
    set_enabled(scope, version.flow, enabled=False)
    assert not models.Flow.objects.get(pk=version.flow_id).is_enabled
    models.Trigger.objects.filter(pk=cron.pk).update(next_at="2020-01-01T00:00:00Z")
    set_enabled(scope, version.flow, enabled=True)
    cron.refresh_from_db()
    assert cron.next_at is not None
    assert cron.next_at > version.published_at
    actions = AuditEntry.objects.within(scope).filter(action__in=["flow.enabled", "flow.disabled"])
    set_enabled(scope, version.flow, enabled=True)
    assert actions.count() == 2


def test_triggers_are_switched_and_get_new_addresses(scope: Scope, version: models.Version) -> None:
    webhook, cron = (version.flow.trigger_rows.get(type=name) for name in ("webhook", "cron"))
    before = (webhook.secret_path, webhook.secret)
    renew_address(scope, webhook)
    webhook.refresh_from_db()
    assert webhook.secret_path != before[0]
    assert webhook.secret not in ("", before[1])
    set_active(scope, cron, active=False)
    models.Trigger.objects.filter(pk=cron.pk).update(next_at=None)
    cron.refresh_from_db()
    set_active(scope, cron, active=True)
    cron.refresh_from_db()
    assert cron.is_active
    assert cron.next_at is not None


# -- the rule about instances -----------------------------------------------------------------------------------------


def test_a_flow_without_instances_goes_with_all_that_is_its_own(scope: Scope, version: models.Version) -> None:
    delete_flow(scope, version.flow)
    for model in (models.Flow, models.Version, models.Task, models.Edge, models.Condition, models.Trigger):
        assert not model._default_manager.exists()
    assert models.ClosingReason.objects.within(scope).count() == 2
    entry = AuditEntry.objects.within(scope).get(action="flow.deleted")
    assert entry.before == {"key": "order", "versions": 1, "instances": 0}


def test_a_flow_with_an_unfinished_instance_stays(scope: Scope, version: models.Version) -> None:
    run(scope, version, "waiting")
    with pytest.raises(FlowInUse, match="not finished"):
        delete_flow(scope, version.flow, with_finished=True)
    assert models.Flow.objects.filter(pk=version.flow_id).exists()


def test_finished_instances_go_with_it_only_when_asked(scope: Scope, version: models.Version) -> None:
    run(scope, version, "complete")
    with pytest.raises(FlowInUse, match="would be deleted"):
        delete_flow(scope, version.flow)
    delete_flow(scope, version.flow, with_finished=True)
    assert not Instance.objects.exists()
    assert not models.Flow.objects.exists()


# -- files ------------------------------------------------------------------------------------------------------------


def test_what_is_exported_can_be_imported_again(scope: Scope, version: models.Version) -> None:
    flow = flow_of(version)
    for text in (export_json(flow), export_yaml(flow)):
        copy = import_flow(scope, load_text(text), replace=False, key="copy")
        assert draft_of(copy).tasks == flow.tasks
        delete_flow(scope, copy)


def test_an_import_is_all_or_nothing(scope: Scope) -> None:
    bad = order_file(edges=[{"from": "charge", "to": "nowhere"}], colour="red")
    with pytest.raises(FlowFileInvalid) as refused:
        import_flow(scope, bad, replace=False)
    assert {problem.path for problem in refused.value.problems} == {"colour", "edges[0].to"}
    assert not models.Flow.objects.exists()


def test_an_import_over_a_flow_needs_consent_and_can_be_undone(scope: Scope, row: models.Flow) -> None:
    with pytest.raises(FlowKeyTaken):
        import_flow(scope, order_file(name="Another"), replace=False)
    replaced = import_flow(scope, order_file(name="Another"), replace=True)
    assert replaced.pk == row.pk
    assert undo(scope, replaced).flow.name == "Order fulfilment"


def test_an_import_never_touches_another_environment(scope: Scope, foreign_scope: Scope) -> None:
    import_flow(foreign_scope, order_file(name="Theirs"), replace=False)
    import_flow(scope, order_file(name="Ours"), replace=True)
    assert models.Flow.objects.within(foreign_scope).get().name == "Theirs"


# -- the library ------------------------------------------------------------------------------------------------------


def test_reasons_are_offered_changed_and_removed(scope: Scope) -> None:
    reason = add_reason(scope, title="Out of stock")
    add_reason(scope, title="Customer withdrew")
    with pytest.raises(TitleTaken):
        add_reason(scope, title="Out of stock")
    with pytest.raises(TitleTaken):
        change_reason(scope, reason, title="Customer withdrew", description="", is_active=True)
    reason.refresh_from_db()
    change_reason(scope, reason, title="Sold out", description="", is_active=False)
    offered = models.ClosingReason.objects.within(scope).filter(is_active=True)
    assert [reason.title for reason in offered] == ["Customer withdrew"]
    remove_reason(scope, reason)
    assert models.ClosingReason.objects.within(scope).count() == 1


def test_a_reason_that_a_flow_offers_stays(scope: Scope, version: models.Version) -> None:
    reason = models.ClosingReason.objects.within(scope).get(title="Out of stock")
    with pytest.raises(ReasonInUse, match="1 flow offers it"):
        remove_reason(scope, reason)


def test_reasons_of_two_organizations_do_not_meet(scope: Scope, foreign_scope: Scope, version: models.Version) -> None:
    row = import_flow(foreign_scope, order_file(), replace=False)
    publish_flow(foreign_scope, row)
    assert models.ClosingReason.objects.within(foreign_scope).count() == 2
    assert models.ClosingReason.objects.count() == 4
