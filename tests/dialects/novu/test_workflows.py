"""Workflows through the official Python SDK: every operation, success and typed error, with default retry settings."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest
from novu_py import Novu
from novu_py.models import ErrorDto, ValidationErrorDto

from tests.dialects.novu.conftest import Account

PARCEL: dict[str, Any] = {
    "name": "Parcel on its way",
    "active": True,
    "tags": ["logistics"],
    "description": "From depot to door",
    "validate_payload": True,
    "payload_schema": {
        "type": "object",
        "properties": {"parcelNo": {"type": "string"}},
        "required": ["parcelNo"],
    },
    "steps": [
        {
            "name": "Collect",
            "type": "digest",
            "control_values": {"type": "regular", "amount": 30, "unit": "minutes"},
        },
        {
            "name": "Inbox note",
            "type": "in_app",
            "control_values": {"subject": "On its way", "body": "Parcel {{payload.parcelNo}} has left"},
        },
        {
            "name": "Mail",
            "type": "email",
            "control_values": {
                "subject": "Parcel {{payload.parcelNo}}",
                "body": "<p>Soon</p>",
                "editorType": "html",
            },
        },
    ],
}


def fresh(prefix: str = "wf") -> str:
    """An identifier nobody has used."""
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def make(novu: Novu, **more: Any) -> Any:
    """A workflow."""
    body = {**PARCEL, "workflow_id": fresh("parcel"), **more}
    return novu.workflows.create(create_workflow_dto=body).result


def test_a_created_workflow_comes_back_whole(novu: Novu) -> None:
    made = make(novu, workflow_id="parcel-shipped")
    assert made.workflow_id.startswith("parcel-shipped")
    issues = [step.issues for step in made.steps]
    assert (made.name, made.status.value, made.active) == ("Parcel on its way", "ACTIVE", True), issues
    assert made.slug.startswith("parcel-on-its-way_wf_")
    assert [(step.step_id, step.type) for step in made.steps] == [
        ("collect", "digest"),
        ("inbox-note", "in_app"),
        ("mail", "email"),
    ]
    digest, note, mail = made.steps
    assert (digest.controls.values.amount, digest.controls.values.unit.value) == (30, "minutes")
    assert note.controls.values.body == "Parcel {{payload.parcelNo}} has left"
    assert mail.controls.values.editor_type.value == "html"
    assert made.preferences.default.all.enabled
    again = novu.workflows.get(workflow_id=made.id).result
    assert again == made


@pytest.mark.parametrize("spelling", ["id", "workflow_id", "slug"])
def test_a_workflow_and_its_steps_answer_to_three_spellings(novu: Novu, spelling: str) -> None:
    made = make(novu)
    name = getattr(made, spelling)
    assert novu.workflows.get(workflow_id=name).result.id == made.id
    step = made.steps[1]
    step_name = getattr(step, {"workflow_id": "step_id"}.get(spelling, spelling))
    found = novu.workflows.steps.retrieve(workflow_id=name, step_id=step_name).result
    assert (found.id, found.step_id, found.workflow_id) == (step.id, "inbox-note", made.workflow_id)


def test_an_old_slug_still_finds_a_renamed_workflow(novu: Novu) -> None:
    made = make(novu)
    renamed = novu.workflows.patch(workflow_id=made.id, patch_workflow_dto={"name": "Another name"}).result
    assert renamed.slug.startswith("another-name_wf_")
    assert novu.workflows.get(workflow_id=made.slug).result.name == "Another name"


def test_a_taken_identifier_gets_a_suffix(novu: Novu) -> None:
    first, second = make(novu, workflow_id="twice-taken"), make(novu, workflow_id="twice-taken")
    assert first.workflow_id != second.workflow_id
    assert second.workflow_id.startswith("twice-taken-")


def test_an_update_keeps_matched_steps_and_clears_what_it_leaves_out(novu: Novu, http: httpx.Client) -> None:
    made = make(novu)
    digest, note, _ = made.steps
    answer = http.put(  # the SDK leaves out what is null
        f"/v2/workflows/{made.workflow_id}",
        json={
            "name": "Parcel 2",
            "preferences": {},
            "active": True,
            "steps": [
                {"_id": note.id, "name": "Note", "type": "in_app"},
                {"stepId": digest.step_id, "name": "Collect", "type": "digest", "controlValues": None},
                {"name": "Text", "type": "sms", "controlValues": {"body": "Hi"}},
            ],
        },
    )
    assert answer.status_code == 200
    changed = novu.workflows.get(workflow_id=made.id).result
    assert [step.step_id for step in changed.steps] == ["inbox-note", "collect", "text"]
    assert (changed.steps[0].id, changed.steps[0].name) == (note.id, "Note")
    assert changed.steps[0].controls.values.subject == "On its way"  # absent: kept
    assert changed.steps[1].controls.values.amount is None  # null: erased
    assert (changed.tags or [], changed.description, changed.payload_schema) == ([], None, None)
    assert changed.status.value == "ERROR"  # the digest has lost its window
    assert "amount" in changed.steps[1].issues.controls
    again = novu.workflows.update(
        workflow_id=made.workflow_id,
        update_workflow_dto={
            "name": "Parcel 3",
            "preferences": {},
            "steps": [{"name": "Text", "type": "sms", "control_values": {"body": "Ho"}}],
        },
    ).result
    assert [(step.id, step.controls.values.body) for step in again.steps] == [(changed.steps[2].id, "Ho")]
    assert again.status.value == "INACTIVE"  # the SDK sends active: false by itself


def test_a_patch_changes_what_it_names(novu: Novu) -> None:
    made = make(novu)
    off = novu.workflows.patch(workflow_id=made.id, patch_workflow_dto={"active": False, "tags": ["b"]}).result
    assert (off.status.value, off.tags, off.name) == ("INACTIVE", ["b"], made.name)
    on = novu.workflows.patch(workflow_id=made.id, patch_workflow_dto={"active": True}).result
    assert on.status.value == "ACTIVE"
    assert on.updated_at > made.updated_at


def test_a_deleted_workflow_is_gone(novu: Novu) -> None:
    made = make(novu)
    novu.workflows.delete(workflow_id=made.id)
    with pytest.raises(ErrorDto) as refused:
        novu.workflows.get(workflow_id=made.id)
    assert refused.value.data.status_code == 404
    with pytest.raises(ErrorDto):
        novu.workflows.delete(workflow_id=made.id)


def test_the_list_is_filtered_ordered_and_paged(novu: Novu) -> None:
    tag = fresh("t")[:20]
    names = ["Beta", "alpha", "Gamma"]
    for name in names:
        make(novu, name=name, tags=[tag], active=name != "Gamma")
    everything = novu.workflows.list(request={"tags": [tag]}).result
    assert everything.total_count == 3
    assert [each.name for each in everything.workflows] == ["Gamma", "alpha", "Beta"]
    assert everything.workflows[0].step_type_overviews == ["digest", "in_app", "email"]
    page = novu.workflows.list(
        request={"tags": [tag], "limit": 1, "offset": 1, "order_by": "createdAt", "order_direction": "ASC"}
    ).result
    assert ([each.name for each in page.workflows], page.total_count) == (["alpha"], 3)
    off = novu.workflows.list(request={"tags": [tag], "status": ["INACTIVE"]}).result
    assert [each.name for each in off.workflows] == ["Gamma"]
    found = novu.workflows.list(request={"tags": [tag], "query": "ALPH"}).result
    assert [each.name for each in found.workflows] == ["alpha"]
    beyond = novu.workflows.list(request={"tags": [tag], "offset": 50}).result
    assert (beyond.workflows, beyond.total_count) == ([], 3)
    with pytest.raises(ValidationErrorDto) as refused:
        novu.workflows.list(request={"limit": 101})
    assert refused.value.data.errors["general"].messages == ["limit must not be greater than 100"]


def test_a_preview_renders_and_tells_what_hinders_it(novu: Novu) -> None:
    made = make(novu)
    shown = novu.workflows.steps.generate_preview(
        workflow_id=made.id,
        step_id="inbox-note",
        generate_preview_request_dto={"preview_payload": {"payload": {"parcelNo": "P-7"}}},
    ).result
    assert shown.result["preview"]["body"] == "Parcel P-7 has left"
    plain = novu.workflows.steps.generate_preview(
        workflow_id=made.id, step_id="mail", generate_preview_request_dto={}
    ).result
    assert plain.result["preview"] == {"subject": "Parcel parcelNo", "body": "<p>Soon</p>"}
    broken = novu.workflows.steps.generate_preview(
        workflow_id=made.id,
        step_id="inbox-note",
        generate_preview_request_dto={"control_values": {"body": "{{ payload."}},
    ).result
    assert broken.result["error"]["title"]
    with pytest.raises(ErrorDto) as refused:
        novu.workflows.steps.retrieve(workflow_id=made.id, step_id="ghost")
    assert refused.value.data.message == "Step cannot be found"


def test_sync_keeps_the_identity_and_updates_in_place(account: Account, novu: Novu) -> None:
    made = make(novu)
    there = novu.workflows.sync(
        workflow_id=made.workflow_id, sync_workflow_dto={"target_environment_id": account.production.id}
    ).result
    assert there.workflow_id == made.workflow_id
    assert there.id != made.id
    assert [step.step_id for step in there.steps] == [step.step_id for step in made.steps]
    assert there.payload_schema == made.payload_schema
    novu.workflows.patch(workflow_id=made.id, patch_workflow_dto={"name": "Renamed"})
    again = novu.workflows.sync(
        workflow_id=made.slug, sync_workflow_dto={"target_environment_id": account.production.id}
    ).result
    assert (again.id, again.name) == (there.id, "Renamed")
    assert [step.id for step in again.steps] == [step.id for step in there.steps]
    with account.client(account.production) as production:
        assert production.workflows.get(workflow_id=made.workflow_id).result.id == there.id
    assert novu.workflows.get(workflow_id=made.id).result.last_published_at


@pytest.mark.parametrize("case", ["unknown", "same", "no such place", "foreign place"])
def test_sync_is_refused_with_its_reason(account: Account, stranger: Account, novu: Novu, case: str) -> None:
    made = make(novu)
    workflow, target, status, message = {
        "unknown": ("ghost", account.production.id, 404, "Workflow cannot be found"),
        "same": (made.id, account.development.id, 400, "Cannot sync workflow to the same environment"),
        "no such place": (made.id, "0" * 24, 404, f"Environment {'0' * 24} not found"),
        "foreign place": (made.id, stranger.production.id, 404, f"Environment {stranger.production.id} not found"),
    }[case]
    with pytest.raises(ErrorDto) as refused:
        novu.workflows.sync(workflow_id=workflow, sync_workflow_dto={"target_environment_id": target})
    assert (refused.value.data.status_code, refused.value.data.message) == (status, message)


def test_a_duplicate_is_a_copy_of_its_own(novu: Novu, http: httpx.Client) -> None:
    made = make(novu)
    answer = http.post(f"/v2/workflows/{made.id}/duplicate", json={})
    assert answer.status_code == 201
    copy = novu.workflows.get(workflow_id=answer.json()["data"]["_id"]).result
    assert (copy.name, copy.active, copy.tags) == ("Parcel on its way (Copy)", False, ["logistics"])
    assert copy.id != made.id
    assert [step.step_id for step in copy.steps] == [step.step_id for step in made.steps]
    assert {step.id for step in copy.steps}.isdisjoint(step.id for step in made.steps)
    schemas = http.get(f"/v2/workflows/{made.id}/test-data").json()["data"]
    assert schemas["payload"]["properties"] == {"parcelNo": {"type": "string"}}
    assert "email" in schemas["to"]["properties"]


def test_a_foreign_workflow_is_not_there(novu: Novu, stranger: Account) -> None:
    made = make(novu)
    with stranger.client() as theirs:
        for name in (made.id, made.slug, made.workflow_id):
            with pytest.raises(ErrorDto) as refused:
                theirs.workflows.get(workflow_id=name)
            assert refused.value.data.status_code == 404


def test_another_environment_is_forbidden_and_a_bad_key_is_unauthorized(account: Account, novu: Novu) -> None:
    made = make(novu)
    with pytest.raises(ErrorDto) as refused:
        novu.workflows.get(workflow_id=made.id, environment_id=account.production.id)
    assert refused.value.data.status_code == 403
    assert "is scoped to a single environment" in refused.value.data.message
    assert novu.workflows.get(workflow_id=made.id, environment_id=account.development.id).result.id == made.id
    with Novu(secret_key="nonsense", server_url=account.url) as nobody:
        with pytest.raises(ErrorDto) as refused:
            nobody.workflows.get(workflow_id=made.id)
        assert (refused.value.data.status_code, refused.value.data.message) == (401, "Unauthorized")


def test_a_reading_key_may_not_write(account: Account) -> None:
    with Novu(secret_key=account.development.reader, server_url=account.url) as reader:
        assert reader.workflows.list(request={}).result.total_count >= 0
        with pytest.raises(ErrorDto):
            make(reader)


def test_every_type_of_step_survives_a_round_trip(novu: Novu, http: httpx.Client) -> None:
    skip = {"==": [{"var": "payload.kind"}, "a"]}
    steps: list[dict[str, Any]] = [
        {
            "name": "In app",
            "type": "in_app",
            "control_values": {
                "subject": "S",
                "body": "B",
                "avatar": "/a.png",
                "primaryAction": {"label": "Go", "redirect": {"url": "/go", "target": "_blank"}},
                "redirect": {"url": "https://example.test/x"},
                "data": {"a": 1},
                "skip": skip,
            },
        },
        {
            "name": "Mail",
            "type": "email",
            "control_values": {
                "subject": "S",
                "body": "<b>B</b>",
                "editorType": "html",
                "from": {"email": "a@example.test", "name": "A"},
                "replyTo": "r@example.test",
                "preheader": "P",
                "layoutId": None,
            },
        },
        {"name": "Sms", "type": "sms", "control_values": {"body": "B", "skip": skip}},
        {"name": "Push", "type": "push", "control_values": {"subject": "S", "body": "B"}},
        {"name": "Chat", "type": "chat", "control_values": {"body": "B"}},
        {"name": "Tool", "type": "tool", "control_values": {"body": "B"}},
        {
            "name": "Digest",
            "type": "digest",
            "control_values": {
                "amount": 2,
                "unit": "weeks",
                "digestKey": "payload.order.id",
                "lookBackWindow": {"amount": 5, "unit": "minutes"},
            },
        },
        {"name": "Timed", "type": "digest", "control_values": {"type": "timed", "cron": "0 9 * * 1"}},
        {"name": "Delay", "type": "delay", "control_values": {"type": "regular", "amount": 3, "unit": "days"}},
        {
            "name": "Throttle",
            "type": "throttle",
            "control_values": {
                "type": "fixed",
                "amount": 1,
                "unit": "hours",
                "threshold": 2,
                "throttleKey": "payload.x",
            },
        },
        {"name": "Custom", "type": "custom", "control_values": {"custom": {"a": "{{payload.x}}"}}},
        {
            "name": "Call",
            "type": "http_request",
            "control_values": {
                "method": "POST",
                "url": "https://example.test/{{payload.x}}",
                "headers": [{"key": "X-A", "value": "b"}],
                "body": [{"key": "a", "value": "{{payload.x}}"}],
                "responseBodySchema": {"type": "object", "properties": {"ok": {"type": "boolean"}}},
                "enforceSchemaValidation": True,
                "continueOnFailure": True,
            },
        },
    ]
    made = make(novu, steps=steps, payload_schema=None, validate_payload=False)
    raw = http.get(f"/v2/workflows/{made.id}").json()["data"]["steps"]
    for asked, step in zip(steps, raw, strict=True):
        wanted = dict(asked["control_values"])
        found = step["controls"]["values"]
        if "layoutId" in wanted:
            assert wanted.pop("layoutId") is None
            assert len(found["layoutId"]) == 24
        assert {key: found[key] for key in wanted} == wanted
    assert not [step["issues"] for step in raw if step["issues"]]
    assert made.status.value == "ACTIVE"
    again = novu.workflows.get(workflow_id=made.id).result
    assert again == made
