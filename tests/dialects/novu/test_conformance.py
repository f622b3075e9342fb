"""Every operation through both SDKs, with their default retries: success with a parsed answer, and a typed error.

The table in the room's README is what these tests found. `CONFORMANCE=write pytest …` writes it anew.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from novu_py import Novu
from novu_py.models import NovuError

from tests.acceptance.quadrille import ROOT
from tests.dialects.novu.conftest import Account, jobs_of
from tests.dialects.novu.test_workflows import fresh

pytestmark = pytest.mark.filterwarnings("ignore:warning. .. DEPRECATED:DeprecationWarning")
README = ROOT / "dialects" / "novu" / "README.md"
BEGIN, END = "<!-- conformance: made by the tests -->", "<!-- end of conformance -->"
Case = tuple[Callable[[], Any], Callable[[], Any]]
ADA = {"first_name": "Ada", "email": "a@example.test"}
PLAIN = [{"name": "Note", "type": "in_app", "control_values": {"body": "{{payload.n}}"}}]


class Python:
    """Each operation through the Python SDK: how it succeeds, and how it is refused."""

    def __init__(self, account: Account, novu: Novu, nobody: Novu) -> None:
        self.account, self.novu, self.nobody = account, novu, nobody
        self.id = fresh("py")
        self.made: Any = None
        self.sent = ""
        self.place: Any = None

    def cases(self) -> dict[str, Case]:
        """In an order in which they work."""
        novu, id = self.novu, self.id
        flows, people, topics = novu.workflows, novu.subscribers, novu.topics
        update = {"name": "Changed", "preferences": {}, "active": True, "tags": ["py"], "steps": PLAIN}
        return {
            "workflows.create": (
                self.create,
                lambda: flows.create(create_workflow_dto={"name": "", "workflow_id": "x", "steps": []}),
            ),
            "workflows.list": (
                lambda: same([w.id for w in flows.list(request={"query": id}).result.workflows], [self.made.id]),
                lambda: flows.list(request={"limit": 101}),
            ),
            "workflows.get": (
                lambda: same(flows.get(workflow_id=self.made.slug).result.id, self.made.id),
                lambda: flows.get(workflow_id="ghost"),
            ),
            "workflows.update": (
                lambda: same(flows.update(workflow_id=id, update_workflow_dto=update).result.name, "Changed"),
                lambda: flows.update(workflow_id="ghost", update_workflow_dto=update),
            ),
            "workflows.patch": (
                lambda: same(
                    flows.patch(workflow_id=id, patch_workflow_dto={"description": "D"}).result.description, "D"
                ),
                lambda: flows.patch(workflow_id="ghost", patch_workflow_dto={"name": "x"}),
            ),
            "workflows.steps.retrieve": (
                lambda: same(flows.steps.retrieve(workflow_id=id, step_id="note").result.step_id, "note"),
                lambda: flows.steps.retrieve(workflow_id=id, step_id="ghost"),
            ),
            "workflows.steps.generatePreview": (
                self.preview,
                lambda: flows.steps.generate_preview(workflow_id=id, step_id="ghost", generate_preview_request_dto={}),
            ),
            "workflows.sync": (
                lambda: same(self.sync(self.account.production.id).workflow_id, id),
                lambda: self.sync(self.account.development.id),
            ),
            "subscribers.create": (
                lambda: same(
                    people.create(
                        create_subscriber_request_dto={
                            "subscriber_id": id,
                            "first_name": "Ada",
                            "email": "a@example.test",
                        }
                    ).result.subscriber_id,
                    id,
                ),
                lambda: people.create(create_subscriber_request_dto={"subscriber_id": ""}),
            ),
            "subscribers.createBulk": (
                lambda: same(
                    len(
                        people.create_bulk(
                            bulk_subscriber_create_dto={"subscribers": [{"subscriber_id": f"{id}-b"}]}
                        ).result.created
                    ),
                    1,
                ),
                lambda: people.create_bulk(bulk_subscriber_create_dto={"subscribers": []}),
            ),
            "subscribers.search": (
                lambda: same([s.first_name for s in people.search(request={"subscriber_id": id}).result.data], ["Ada"]),
                lambda: people.search(request={"limit": 500}),
            ),
            "subscribers.retrieve": (
                lambda: same(people.retrieve(subscriber_id=id).result.email, "a@example.test"),
                lambda: people.retrieve(subscriber_id="ghost"),
            ),
            "subscribers.patch": (
                lambda: same(self.rename(id).last_name, "L"),
                lambda: self.rename("ghost"),
            ),
            "subscribers.preferences.update": (
                lambda: same(self.wish(id).global_.enabled, True),
                lambda: self.wish("ghost"),
            ),
            "subscribers.preferences.list": (
                lambda: same(people.preferences.list(subscriber_id=id).result.global_.enabled, True),
                lambda: people.preferences.list(subscriber_id="ghost"),
            ),
            "topics.create": (
                lambda: same(topics.create(create_update_topic_request_dto={"key": id, "name": "T"}).result.key, id),
                lambda: topics.create(create_update_topic_request_dto={"key": ""}),
            ),
            "topics.list": (
                lambda: same([t.name for t in topics.list(request={"key": id}).result.data], ["T"]),
                lambda: topics.list(request={"limit": 500}),
            ),
            "topics.get": (
                lambda: same(topics.get(topic_key=id).result.key, id),
                lambda: topics.get(topic_key="ghost"),
            ),
            "topics.update": (
                lambda: same(topics.update(topic_key=id, update_topic_request_dto={"name": "U"}).result.name, "U"),
                lambda: topics.update(topic_key="ghost", update_topic_request_dto={"name": "U"}),
            ),
            "topics.subscriptions.create": (
                lambda: same(self.subscribe([id]).meta.successful, 1),
                lambda: self.subscribe([]),
            ),
            "topics.subscriptions.list": (
                lambda: same(len(topics.subscriptions.list(request={"topic_key": id}).result.data), 1),
                lambda: topics.subscriptions.list(request={"topic_key": "ghost"}),
            ),
            "trigger": (
                self.trigger,
                lambda: novu.trigger(trigger_event_request_dto={"workflow_id": "ghost", "to": id}),
            ),
            "triggerBulk": (
                lambda: same(
                    [
                        answer.status.value
                        for answer in novu.trigger_bulk(
                            bulk_trigger_event_dto={"events": [{"workflow_id": id, "to": id}]}
                        ).result
                    ],
                    ["processed"],
                ),
                lambda: novu.trigger_bulk(bulk_trigger_event_dto={"events": []}),
            ),
            "triggerBroadcast": (
                lambda: same(self.broadcast(id).status.value, "processed"),
                lambda: self.broadcast("ghost"),
            ),
            "notifications.list": (
                lambda: same(len(jobs_of(novu, self.sent)), 1),
                lambda: novu.notifications.list(request={"limit": 500}),
            ),
            "notifications.retrieve": (
                lambda: same(
                    novu.notifications.retrieve(notification_id=jobs_of(novu, self.sent)[0].id).result.transaction_id,
                    self.sent,
                ),
                lambda: novu.notifications.retrieve(notification_id="ghost"),
            ),
            "messages.retrieve": (
                lambda: same(
                    [m.content for m in novu.messages.retrieve(request={"transaction_id": [self.sent]}).result.data],
                    ["1"],
                ),
                lambda: novu.messages.retrieve(request={"limit": 500}),
            ),
            "cancel": (
                lambda: same(novu.cancel(transaction_id=self.sent).result, False),
                lambda: self.nobody.cancel(transaction_id=self.sent),
            ),
            "environments.list": (
                lambda: same([e.type.value for e in novu.environments.list().result][:2], ["dev", "prod"]),
                lambda: self.nobody.environments.list(),
            ),
            "environments.create": (self.add_place, lambda: self.new_place("")),
            "environments.update": (
                lambda: same(self.rename_place(self.place.id).name, f"Py {id[-6:]}"),
                lambda: self.rename_place("ghost"),
            ),
            "environments.diff": (
                lambda: same(self.diff(self.place.id).summary.has_changes, True),
                lambda: self.diff(self.account.development.id),
            ),
            "environments.publish": (
                lambda: same(self.publish(self.place.id).results[0].successful[0].action.value, "created"),
                lambda: self.publish(self.account.development.id),
            ),
            "environments.getTags": (
                lambda: same(
                    "py"
                    in {t.name for t in novu.environments.get_tags(environment_id=self.account.development.id).result},
                    True,
                ),
                lambda: novu.environments.get_tags(environment_id="ghost"),
            ),
            "environments.delete": (
                lambda: novu.environments.delete(environment_id=self.place.id),
                lambda: novu.environments.delete(environment_id=self.account.production.id),
            ),
            "topics.subscriptions.delete": (
                lambda: same(self.unsubscribe(id).meta.successful, 1),
                lambda: self.unsubscribe("ghost"),
            ),
            "topics.delete": (
                lambda: same(topics.delete(topic_key=id).result.acknowledged, True),
                lambda: topics.delete(topic_key="ghost"),
            ),
            "subscribers.delete": (
                lambda: same(people.delete(subscriber_id=id).result.acknowledged, True),
                lambda: people.delete(subscriber_id="ghost"),
            ),
            "workflows.delete": (
                lambda: flows.delete(workflow_id=self.made.id),
                lambda: flows.delete(workflow_id="ghost"),
            ),
        }

    def create(self) -> None:
        body = {"name": "From Python", "workflow_id": self.id, "active": True, "tags": ["py"], "steps": PLAIN}
        self.made = self.novu.workflows.create(create_workflow_dto=body).result
        same((self.made.workflow_id, self.made.status.value), (self.id, "ACTIVE"))

    def preview(self) -> None:
        asked = {"preview_payload": {"payload": {"n": "7"}}}
        shown = self.novu.workflows.steps.generate_preview(
            workflow_id=self.id, step_id="note", generate_preview_request_dto=asked
        ).result
        same(shown.result["preview"]["body"], "7")

    def sync(self, target: str) -> Any:
        asked = {"target_environment_id": target}
        return self.novu.workflows.sync(workflow_id=self.id, sync_workflow_dto=asked).result

    def rename(self, id: str) -> Any:
        asked = {"last_name": "L"}
        return self.novu.subscribers.patch(subscriber_id=id, patch_subscriber_request_dto=asked).result

    def wish(self, id: str) -> Any:
        hours = [{"start": "09:00 AM", "end": "05:00 PM"}]
        schedule = {"is_enabled": True, "weekly_schedule": {"monday": {"is_enabled": True, "hours": hours}}}
        asked = {"channels": {"sms": False}, "schedule": schedule}
        found = self.novu.subscribers.preferences.update(subscriber_id=id, patch_subscriber_preferences_dto=asked)
        told = found.result.global_.schedule
        same((told.is_enabled, told.weekly_schedule.monday.hours[0].start), (True, "09:00 AM"))
        return found.result

    def subscribe(self, ids: list[str]) -> Any:
        asked = {"subscriber_ids": ids}
        found = self.novu.topics.subscriptions.create(topic_key=self.id, create_topic_subscriptions_request_dto=asked)
        return found.result

    def unsubscribe(self, topic: str) -> Any:
        asked = {"subscriber_ids": [self.id]}
        found = self.novu.topics.subscriptions.delete(topic_key=topic, delete_topic_subscriptions_request_dto=asked)
        return found.result

    def trigger(self) -> None:
        asked = {"workflow_id": self.id, "to": [self.id, self.id], "payload": {"n": "1"}}
        answer = self.novu.trigger(trigger_event_request_dto=asked).result
        same(answer.status.value, "processed")
        self.sent = answer.transaction_id or ""

    def broadcast(self, name: str) -> Any:
        return self.novu.trigger_broadcast(trigger_event_to_all_request_dto={"name": name, "payload": {}}).result

    def add_place(self) -> None:
        self.place = self.new_place(f"Python {self.id[-6:]}")
        same(self.place.parent_id, self.account.development.id)
        (key,) = self.place.api_keys
        with Novu(secret_key=key.key, server_url=self.account.url) as there:
            same(there.workflows.list().result.total_count, 0)

    def new_place(self, name: str) -> Any:
        asked = {"name": name, "color": "#aabbcc"}
        return self.novu.environments.create(create_environment_request_dto=asked).result

    def rename_place(self, id: str) -> Any:
        asked = {"name": f"Py {self.id[-6:]}"}
        return self.novu.environments.update(environment_id=id, update_environment_request_dto=asked).result

    def diff(self, id: str) -> Any:
        return self.novu.environments.diff(target_environment_id=id, diff_environment_request_dto={}).result

    def tags(self, id: str) -> set[str]:
        return {tag.name for tag in self.novu.environments.get_tags(environment_id=id).result}

    def publish(self, id: str) -> Any:
        asked = {"dry_run": True, "resources": [{"resource_type": "REGULAR", "resource_id": self.id}]}
        return self.novu.environments.publish(target_environment_id=id, publish_environment_request_dto=asked).result


def same(found: Any, wanted: Any) -> None:
    """Both are equal."""
    assert found == wanted, f"{found!r} is not {wanted!r}"


def outcome_of(case: Case) -> tuple[str, str]:
    """How an operation succeeds, and with which error it is refused."""
    succeed, fail = case
    success, error = "yes", "none"
    try:
        succeed()
    except (NovuError, AssertionError, AttributeError, TypeError, ValueError, IndexError) as problem:
        success = f"{type(problem).__name__}: {problem}"[:600]
    try:
        fail()
    except NovuError as problem:
        error = f"{type(problem).__name__} {problem.status_code}"
    return success, error


@pytest.fixture(scope="module")
def by_python(account: Account) -> dict[str, tuple[str, str]]:
    """What the Python SDK found."""
    with account.client() as novu, Novu(secret_key="nonsense", server_url=account.url) as nobody:
        return {name: outcome_of(case) for name, case in Python(account, novu, nobody).cases().items()}


@pytest.fixture(scope="module")
def by_node(account: Account) -> dict[str, tuple[str, str]]:
    """What the TypeScript SDK found, all in one process."""
    asked = {
        "key": account.development.key,
        "url": account.url,
        "prefix": fresh("ts"),
        "development": account.development.id,
        "production": account.production.id,
    }
    command = ["node", str(ROOT / "tests" / "dialects" / "novu" / "sdk.mjs")]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, cwd=ROOT, timeout=500)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["operation"]: (line["success"], line["error"]) for line in lines}


def test_every_operation_succeeds_through_both_sdks(
    by_python: dict[str, tuple[str, str]], by_node: dict[str, tuple[str, str]]
) -> None:
    assert list(by_python) == list(by_node)
    assert {name: success for name, (success, _) in by_python.items() if success != "yes"} == {}
    assert {name: success for name, (success, _) in by_node.items() if success != "yes"} == {}


def test_every_refusal_is_the_sdks_own_error(
    by_python: dict[str, tuple[str, str]], by_node: dict[str, tuple[str, str]]
) -> None:
    typed = ("ErrorDto", "ValidationErrorDto", "PayloadValidationExceptionDto", "SubscriberResponseDtoError")
    for found in (by_python, by_node):
        assert {name: error for name, (_, error) in found.items() if error.split(" ")[0] not in typed} == {}
    assert {name: e for name, (_, e) in by_python.items()} == {name: e for name, (_, e) in by_node.items()}


def test_the_readme_tells_what_was_found(
    by_python: dict[str, tuple[str, str]], by_node: dict[str, tuple[str, str]]
) -> None:
    rows = ["| operation | `novu-py` | `@novu/api` | refused with |", "|---|---|---|---|"]
    for name, (success, error) in by_python.items():
        rows.append(f"| `{name}` | {success} | {by_node[name][0]} | `{error}` |")
    text = README.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    told = f"{before}{BEGIN}\n" + "\n".join(rows) + f"\n{END}{after}"
    if os.environ.get("CONFORMANCE") == "write":
        README.write_text(told)
    assert README.read_text() == told
