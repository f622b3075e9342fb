"""One flow, several voices: made through Novu's SDK it can be changed as a drawing, and the other way round."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from novu_py import Novu

from tests.dialects.novu.conftest import Account, jobs_of
from tests.dialects.novu.test_sending import flow as make_flow
from tests.dialects.novu.test_sending import fresh, messages, person, send, statuses, step
from tests.servers import serve_in_thread

pytestmark = pytest.mark.filterwarnings("ignore:warning. .. DEPRECATED:DeprecationWarning")


@pytest.fixture(scope="module")
def native(account: Account) -> Iterator[httpx.Client]:
    """Our own API, as the editor's files go through it."""
    headers = {"Authorization": f"Bearer {account.development.key}"}
    with httpx.Client(base_url=f"{account.server.url}/api/v1", headers=headers, timeout=60) as client:
        yield client


def change(native: httpx.Client, key: str, edit: Any) -> None:
    """Change a flow's drawing and publish it."""
    answer = native.get(f"/flows/{key}")
    document = answer.json()
    edit(document)
    put = native.put(f"/flows/{key}", json=document, headers={"If-Match": answer.headers["ETag"]})
    assert put.status_code == 200, put.text
    assert native.post(f"/flows/{key}/publish", json={}).status_code == 201


def test_what_a_person_draws_is_read_back_through_the_sdk(novu: Novu, native: httpx.Client, http: httpx.Client) -> None:
    key = make_flow(
        novu,
        step("digest", "gather", amount=30, unit="minutes", digestKey="payload.x"),
        step("in_app", "note", subject="Old", body="b"),
    )
    document = native.get(f"/flows/{key}").json()
    assert [(task["key"], task["kind"]) for task in document["tasks"]] == [("gather", "digest"), ("note", "in_app")]
    assert document["tasks"][0]["settings"] == {"key": "payload.x", "window": "30 minutes"}

    def edit(document: dict[str, Any]) -> None:
        document["tasks"][0]["settings"]["window"] = "2 hours"
        document["tasks"][1]["settings"]["subject"] = "New"
        document["tasks"].append(
            {"key": "look", "name": "Look", "kind": "manual", "settings": {"assigned_to": ["ops"]}}
        )
        document["edges"].append({"from": "note", "to": "look"})

    change(native, key, edit)
    read = novu.workflows.get(workflow_id=key).result
    assert [(each.step_id, each.type) for each in read.steps] == [
        ("gather", "digest"),
        ("note", "in_app"),
        ("look", "custom"),
    ]
    gather, note, _ = read.steps
    assert (gather.controls.values.amount, gather.controls.values.unit.value) == (2, "hours")
    assert (gather.controls.values.digest_key, note.controls.values.subject) == ("payload.x", "New")
    kept = [{"_id": each.id, "name": each.name, "type": each.type} for each in read.steps]
    kept[1]["controlValues"] = {"subject": "Newest", "body": "b"}
    put = http.put(f"/v2/workflows/{key}", json={"name": "Kept", "preferences": {}, "steps": kept})
    assert put.status_code == 200
    tasks = {task["key"]: task for task in native.get(f"/flows/{key}").json()["tasks"]}
    assert (tasks["look"]["kind"], tasks["look"]["settings"]) == ("manual", {"assigned_to": ["ops"]})
    assert tasks["note"]["settings"]["subject"] == "Newest"


def test_a_drawn_flow_that_notifies_is_a_workflow(novu: Novu, native: httpx.Client) -> None:
    key = fresh("drawn")
    document = {
        "format": 1,
        "key": key,
        "name": "Drawn",
        "tasks": [{"key": "tell", "name": "Tell", "kind": "in_app", "settings": {"body": "Hi {{ payload.n }}"}}],
        "edges": [{"from": "trigger", "to": "tell"}],
    }
    assert native.post("/flows", json=document).status_code == 201
    assert native.post(f"/flows/{key}/publish", json={}).status_code == 201
    assert novu.workflows.get(workflow_id=key).result.steps[0].controls.values.body == "Hi {{ payload.n }}"
    transaction = send(novu, key, person(), payload={"n": 4})
    assert statuses(jobs_of(novu, transaction)[0]) == ["completed"]
    assert [message.content for message in messages(novu, transaction)] == ["Hi 4"]
    instances = native.get(f"/instances?flow={key}").json()["items"]
    assert [instance["status"] for instance in instances] == ["complete"]


@pytest.fixture
def service() -> Iterator[tuple[str, list[Any]]]:
    """A service that answers what it is asked, and what it was asked."""
    asked: list[Any] = []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            asked.append((self.path, dict(self.headers.items()), json.loads(body)))
            text = b'{"ok": true, "name": "Ada"}'
            self.send_response(500 if self.path == "/broken" else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    serve_in_thread(running)
    yield f"http://127.0.0.1:{running.server_port}", asked
    running.shutdown()
    running.server_close()


def test_an_http_step_calls_out_and_its_answer_can_be_used(novu: Novu, service: tuple[str, list[Any]]) -> None:
    url, asked = service
    workflow = make_flow(
        novu,
        step(
            "http_request",
            "ask",
            method="POST",
            url=url + "/{{payload.id}}",
            headers=[{"key": "X-Shop", "value": "s"}],
            body=[{"key": "who", "value": "{{subscriber.firstName}}"}],
            responseBodySchema={"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
            enforceSchemaValidation=True,
        ),
        step("custom", "mix", custom={"greeting": "Hi {{steps.ask.output.body.name}}"}),
        step("in_app", body="{{steps.mix.greeting}}"),
    )
    transaction = send(novu, workflow, person(), payload={"id": "7"})
    assert statuses(jobs_of(novu, transaction)[0]) == ["completed"] * 3
    ((path, headers, body),) = asked
    assert (path, headers["X-Shop"], body) == ("/7", "s", {"who": "Ada"})
    assert messages(novu, transaction)[0].content == "Hi Ada"


@pytest.mark.parametrize("goes_on", [True, False])
def test_an_http_step_that_fails_ends_the_path_unless_it_may_fail(
    novu: Novu, service: tuple[str, list[Any]], goes_on: bool
) -> None:
    ask = step("http_request", "ask", method="POST", url=service[0] + "/broken", body="{}", continueOnFailure=goes_on)
    workflow = make_flow(novu, ask, step("in_app", body="x"))
    (activity,) = jobs_of(novu, send(novu, workflow, person()))
    assert activity.jobs[0].status == "failed"
    assert (activity.jobs[1].status == "completed") is goes_on
