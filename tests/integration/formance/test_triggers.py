"""Triggers of the orchestration API: filters, variables, occurrences, deletion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.scope import Scope
from dialects.formance.triggers import LONGEST_CHAIN
from engine.models import Instance
from tests.integration.formance.conftest import Caller, publish, refused, settle


@pytest.fixture
def make_trigger(call: Caller, create: Callable[..., str]) -> Callable[..., dict[str, Any]]:
    """`make_trigger(event="X")`: a trigger of a workflow that waits."""

    def make(**fields: Any) -> dict[str, Any]:
        workflow = fields.pop("workflowID", None) or create({"wait_event": {"event": "go"}})
        answer = call("POST", "/v2/triggers", {"event": "SAVED_PAYMENT", "workflowID": workflow, **fields})
        assert answer.status_code == 201, answer.content
        found: dict[str, Any] = answer.json()["data"]
        return found

    return make


def test_a_trigger_starts_instances(call: Caller, make_trigger: Callable[..., dict[str, Any]], scope: Scope) -> None:
    trigger = make_trigger(
        name="settle",
        version="v2",
        filter='event.type == "PAY-IN" && event.amount > 5000',
        vars={"cents": "event.amount", "half": "event.amount / 2", "who": "event.customer?.name"},
    )
    for payload, version in (
        ({"id": "1", "type": "PAY-IN", "amount": 12900}, "v1"),
        ({"id": "2", "type": "PAY-IN", "amount": 12}, "v2"),
        ({"id": "3", "type": "PAY-IN"}, "v2"),
        ({"id": "4", "type": "PAY-IN", "amount": 12901}, "v2"),
        ({"id": "4", "type": "PAY-IN", "amount": 12901}, "v2"),
    ):
        publish(scope, "SAVED_PAYMENT", payload, version=version)
    (occurrence,) = call("GET", f"/v2/triggers/{trigger['id']}/occurrences").json()["cursor"]["data"]
    assert occurrence["event"]["payload"]["id"] == "4"
    assert (occurrence["event"]["version"], occurrence["workflowInstance"]["terminated"]) == ("v2", False)
    (instance,) = Instance.objects.all()
    assert instance.input == {"cents": "12901", "half": "6450.5", "who": ""}
    assert occurrence["workflowInstanceID"] == instance.key


def test_filters_and_variables_may_be_written_in_cel(
    call: Caller, make_trigger: Callable[..., dict[str, Any]], scope: Scope
) -> None:
    trigger = make_trigger(
        event="X",
        filter='event.type.startsWith("PAY") && event.lines.exists(l, l.price > 10)',
        vars={"lines": "size(event.lines)", "first": "event.lines[0].name.lower()"},
    )
    for price in (5, 15):
        publish(scope, "X", {"type": "PAY-IN", "lines": [{"name": "A", "price": price}]})
    publish(scope, "X", {"type": "PAY-IN"})  # breaks: no match
    assert [instance.input for instance in Instance.objects.all()] == [{"lines": "1", "first": "a"}]
    tried = call("POST", f"/v2/triggers/{trigger['id']}/test", {"type": "PAY-IN", "lines": []}).json()["data"]
    assert tried["filter"] == {"match": False}
    assert tried["variables"]["lines"] == {"value": "0"}
    assert tried["variables"]["first"]["error"].endswith("(1:1)")
    body = {"event": "X", "workflowID": trigger["workflowID"], "filter": "event.lines.steal(1)"}
    assert refused(call("POST", "/triggers", body))[:2] == (400, "VALIDATION")


def test_a_variable_that_breaks_leaves_an_occurrence_with_its_error(
    call: Caller, make_trigger: Callable[..., dict[str, Any]], scope: Scope
) -> None:
    trigger = make_trigger(event="X", vars={"who": "event.customer.name"})
    publish(scope, "X", {})
    (occurrence,) = call("GET", f"/triggers/{trigger['id']}/occurrences").json()["data"]
    assert occurrence["error"] == "cannot fetch name from <nil> (1:16)"
    assert "workflowInstanceID" not in occurrence
    assert not Instance.objects.exists()


def test_a_deleted_trigger_or_workflow_starts_nothing(
    call: Caller, make_trigger: Callable[..., dict[str, Any]], scope: Scope
) -> None:
    gone, orphan = make_trigger(event="X"), make_trigger(event="X")
    assert call("DELETE", f"/triggers/{gone['id']}").status_code == 204
    assert call("DELETE", f"/workflows/{orphan['workflowID']}").status_code == 204
    publish(scope, "X", {})
    assert not Instance.objects.exists()
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/occurrences"), ("POST", "/test")):
        answer = call(method, f"/v2/triggers/{gone['id']}{path}", {} if method == "POST" else None)
        assert refused(answer) == (404, "NOT_FOUND", "trigger not found")
    refusal = refused(call("POST", "/triggers", {"event": "X", "workflowID": orphan["workflowID"]}))
    assert refusal == (404, "NOT_FOUND", "workflow does not exists")


def test_a_trigger_can_be_tried(call: Caller, make_trigger: Callable[..., dict[str, Any]]) -> None:
    trigger = make_trigger(filter="event.amount > 1", vars={"cents": "event.amount", "who": "event.a.b"})
    answer = call("POST", f"/v2/triggers/{trigger['id']}/test", {"amount": 12900}).json()["data"]
    assert answer == {
        "filter": {"match": True},
        "variables": {"cents": {"value": "12900"}, "who": {"error": "cannot fetch b from <nil> (1:9)"}},
    }
    assert call("POST", f"/v2/triggers/{make_trigger(filter='')['id']}/test", {}).json() == {"data": {}}
    assert not Instance.objects.exists()
    assert call("POST", f"/triggers/{trigger['id']}/test", {}).status_code == 404


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"workflowID": "x"}, "validating data: missing event"),
        ({"event": "X"}, "validating data: missing workflow id"),
        (
            {"event": "X", "workflowID": "x", "filter": "1 +"},
            "validating data: error compiling expression '1 +': unexpected",
        ),
        ({"event": "X", "workflowID": "x", "vars": {"a": "("}}, "validating data: error compiling expression '('"),
        (
            {"event": "X", "workflowID": "x", "vars": {"a": 1}},
            "decoding body: vars: a: expected string",
        ),
        ([], "decoding body: expected an object"),
    ],
)
def test_a_bad_trigger_is_refused(call: Caller, body: Any, message: str) -> None:
    status, code, found = refused(call("POST", "/triggers", body))
    assert (status, code) == (400, "VALIDATION")
    assert found.startswith(message)


def test_triggers_are_listed_by_name(call: Caller, make_trigger: Callable[..., dict[str, Any]]) -> None:
    first, second = make_trigger(name="Settle it"), make_trigger(name="other")
    assert [one["id"] for one in call("GET", "/triggers").json()["data"]] == [second["id"], first["id"]]
    assert [one["id"] for one in call("GET", "/v2/triggers?name=SETTLE").json()["cursor"]["data"]] == [first["id"]]
    assert call("GET", f"/triggers/{first['id']}").json()["data"] == first


def test_workflows_are_chained_by_what_happens_to_them(
    call: Caller, create: Callable[..., str], make_trigger: Callable[..., dict[str, Any]], scope: Scope
) -> None:
    follow_up = create({"wait_event": {"event": "go"}}, name="follow-up")
    first = create({"noop": {}}, name="first")
    trigger = make_trigger(
        event="SUCCEEDED_WORKFLOW",
        workflowID=follow_up,
        filter=f'event.id == "{first}"',
        vars={"of": "event.instanceID"},
    )
    staged = make_trigger(event="FAILED_WORKFLOW_STAGE", workflowID=follow_up, vars={"n": "event.number"})
    run = call("POST", f"/workflows/{first}/instances").json()["data"]
    failing = create({"noop": {}}, {"delay": {}}, name="failing")
    call("POST", f"/workflows/{failing}/instances")
    settle()
    found = {
        instance.input.get("of", instance.input.get("n")) for instance in Instance.objects.filter(status="waiting")
    }
    assert found == {run["id"], "1"}
    for one in (trigger, staged):
        (occurrence,) = call("GET", f"/triggers/{one['id']}/occurrences").json()["data"]
        assert occurrence["event"]["app"] == "orchestration"


def test_triggers_are_chained_by_what_comes_of_triggers(
    call: Caller, make_trigger: Callable[..., dict[str, Any]], scope: Scope
) -> None:
    well = make_trigger(event="X", version="v1")
    badly = make_trigger(event="X", version="v2", vars={"who": "event.customer.name"})
    names = {"trigger": "event.triggerID", "of": "event.workflowInstanceID", "error": "event.error"}
    of_these = f"event.triggerID in ['{well['id']}', '{badly['id']}']"
    for type in ("SUCCEEDED_TRIGGER", "FAILED_TRIGGER"):
        make_trigger(event=type, version="v2", vars=names, filter=of_these)
    for version in ("v1", "v2"):
        publish(scope, "X", {}, version=version)
    settle()
    started = call("GET", f"/triggers/{well['id']}/occurrences").json()["data"][0]["workflowInstanceID"]
    told = [instance.input for instance in Instance.objects.order_by("pk") if instance.input]
    assert told == [
        {"trigger": well["id"], "of": started, "error": ""},
        {"trigger": badly["id"], "of": "", "error": "cannot fetch name from <nil> (1:16)"},
    ]


def test_triggers_of_triggers_tell_what_came_of_them_and_circles_end(
    call: Caller, make_trigger: Callable[..., dict[str, Any]], scope: Scope
) -> None:
    first = make_trigger(event="X", name="0")["id"]
    chain = [first]
    for _ in range(7):  # each hears of the one before
        follows = f'event.triggerID == "{chain[-1]}"'
        chain.append(make_trigger(event="SUCCEEDED_TRIGGER", version="v2", filter=follows)["id"])
    itself = make_trigger(event="FAILED_TRIGGER", vars={"who": "event.nothing.name"})["id"]
    fails = make_trigger(event="Y", vars={"who": "event.nothing.name"})["id"]

    def fired(id: str) -> int:
        return len(call("GET", f"/triggers/{id}/occurrences").json()["data"])

    publish(scope, "X", {})
    settle()
    assert [fired(id) for id in chain] == [1] * (LONGEST_CHAIN + 1) + [0] * (7 - LONGEST_CHAIN)
    publish(scope, "Y", {})
    settle()
    assert (fired(fails), fired(itself)) == (1, 2)  # what the first firing came to, it hears; then it is over


@pytest.mark.parametrize("id", ["1", "x", -1, None, "9" * 40, "²"])
def test_a_message_of_somebody_elses_trigger_is_taken(
    call: Caller, make_trigger: Callable[..., dict[str, Any]], scope: Scope, id: Any
) -> None:
    trigger = make_trigger(event="SUCCEEDED_TRIGGER", version="v7")["id"]
    publish(scope, "SUCCEEDED_TRIGGER", {"id": id}, version="v7")
    assert len(call("GET", f"/triggers/{trigger}/occurrences").json()["data"]) == 1


def test_all_that_happens_to_an_instance_is_published(
    call: Caller, create: Callable[..., str], make_trigger: Callable[..., dict[str, Any]]
) -> None:
    follow_up = create({"wait_event": {"event": "go"}}, name="follow-up")
    watched = create({"noop": {}}, {"delay": {}}, name="watched")
    types = (
        *("STARTED_WORKFLOW", "FAILED_WORKFLOW"),
        *("STARTED_WORKFLOW_STAGE", "SUCCEEDED_WORKFLOW_STAGE", "FAILED_WORKFLOW_STAGE"),
    )
    made = {
        type: make_trigger(event=type, version="v2", workflowID=follow_up, filter=f'event.id == "{watched}"')["id"]
        for type in types
    }
    run = call("POST", f"/workflows/{watched}/instances").json()["data"]["id"]
    settle()
    of = {"id": watched, "instanceID": run}
    error = {"error": "exactly one of duration or until is required"}
    for type, payloads in {
        "STARTED_WORKFLOW": [of],
        "FAILED_WORKFLOW": [{**of, **error}],
        "STARTED_WORKFLOW_STAGE": [{**of, "number": 0}, {**of, "number": 1}],
        "SUCCEEDED_WORKFLOW_STAGE": [{**of, "number": 0}],
        "FAILED_WORKFLOW_STAGE": [{**of, "number": 1, **error}],
    }.items():
        found = call("GET", f"/triggers/{made[type]}/occurrences").json()["data"]
        told = sorted((one["event"]["payload"] for one in found), key=lambda payload: payload.get("number", 0))
        assert told == payloads, type


def test_triggers_and_their_occurrences_are_walked_to_their_end(
    call: Caller, make_trigger: Callable[..., dict[str, Any]], scope: Scope
) -> None:
    workflow = make_trigger(name="other")["workflowID"]
    made = [make_trigger(name=f"mine {number}", event="X", workflowID=workflow)["id"] for number in range(5)]
    for number in range(5):
        publish(scope, "X", {"number": number})

    def walked(path: str, query: str) -> list[dict[str, Any]]:
        found, query = [], f"?pageSize=2{query}"
        while True:
            page = call("GET", f"{path}{query}").json()["cursor"]
            assert (len(page["data"]) <= page["pageSize"] == 2, page["hasMore"]) == (True, "next" in page)
            found += page["data"]
            if not page["hasMore"]:
                return found
            query = f"?cursor={page['next']}"

    assert [one["id"] for one in walked("/v2/triggers", "&name=MINE")] == made[::-1]
    assert len(walked("/v2/triggers", "")) == 6
    occurrences = walked(f"/v2/triggers/{made[2]}/occurrences", "")
    assert [one["event"]["payload"]["number"] for one in occurrences] == [4, 3, 2, 1, 0]
    assert call("GET", f"/triggers/{made[2]}/occurrences").json()["data"] == occurrences
    for path in ("/v2/triggers", f"/v2/triggers/{made[2]}/occurrences"):
        assert refused(call("GET", f"{path}?cursor=bogus")) == (400, "VALIDATION", "invalid 'cursor' query param")
        assert refused(call("GET", f"{path}?pageSize=-1")) == (400, "VALIDATION", "invalid 'pageSize' query param")


def test_an_expression_has_at_most_four_kibibytes(call: Caller, make_trigger: Callable[..., dict[str, Any]]) -> None:
    longest = f'event.name == "{"x" * (4096 - 16)}"'
    trigger = make_trigger(filter=longest, vars={"name": longest})
    assert (len(longest), trigger["filter"]) == (4096, longest)
    for more in ({"filter": longest + " "}, {"vars": {"name": longest + " "}}):
        body = {"event": "X", "workflowID": trigger["workflowID"], **more}
        status, code, message = refused(call("POST", "/v2/triggers", body))
        assert (status, code) == (400, "VALIDATION")
        assert message.startswith("validating data: error compiling expression '")
        assert "an expression has at most 4096 bytes" in message
