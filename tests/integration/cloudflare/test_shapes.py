"""What answers hold, key by key: what is null is there, what is optional and absent is left out. And who may ask."""

from __future__ import annotations

import re
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Environment
from accounts.scope import Scope
from dialects.cloudflare.bodies import CreateInstance
from dialects.cloudflare.creating import create_instances
from dialects.cloudflare.translate import account_id_of
from tests.integration.cloudflare.conftest import Bind, Call, Run
from tests.integration.engine.conftest import Engine

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_answers_about_workflows_and_versions(bind: Bind, call: Call) -> None:
    bind("return 1")
    body = {"class_name": "Shop", "script_name": "shop"}
    updated = call("PUT", "", body)["result"]
    assert set(updated) == {
        "id", "name", "class_name", "script_name", "created_on", "modified_on", "triggered_on", "is_deleted",
        "terminator_running", "version_id",
    }  # fmt: skip
    assert (updated["triggered_on"], updated["is_deleted"], updated["terminator_running"]) == (None, 0, 0)
    found = call("GET")["result"]
    assert set(found) == set(updated) - {"is_deleted", "terminator_running", "version_id"} | {"instances"}
    assert call("GET", of="")["result"] == [found]
    assert all(MOMENT.fullmatch(found[name]) for name in ("created_on", "modified_on"))
    assert UUID.fullmatch(found["id"])
    version = call("GET", f"/versions/{updated['version_id']}")["result"]
    heads = {"id", "workflow_id", "class_name", "created_on", "modified_on"}
    assert set(version) == {*heads, "has_dag", "language"}
    assert (version["has_dag"], version["language"], version["workflow_id"]) == (True, "python", found["id"])
    assert set(call("GET", f"/versions/{version['id']}/graph")["result"]) == {*heads, "graph"}
    call("PUT", "", {**body, "script_name": "nowhere"})
    newest = call("GET", "/versions")["result"][0]
    assert newest["has_dag"] is False
    assert call("GET", f"/versions/{newest['id']}/graph")["result"]["graph"] is None


def test_answers_about_instances(run: Run, call: Call, scope: Scope) -> None:
    found = run("""
        await step.do("one", lambda: {"a": 1}, {"timeout": "1 minute"})
        await step.wait_for_event("wait", "go")
        return {"deep": [1]}
    """)
    assert set(found) == {
        "status", "params", "queued", "start", "end", "success", "error", "output", "rollback", "step_count", "steps",
        "trigger", "versionId",
    }  # fmt: skip
    assert [found[name] for name in ("end", "success", "error", "output", "rollback")] == [None] * 5
    do, wait = found["steps"]
    assert set(do) == {"type", "name", "start", "end", "success", "output", "config", "attempts"}
    assert do["config"] == {
        "retries": {"limit": 5, "delay": 1000, "backoff": "exponential"}, "timeout": "1 minute",
    }  # fmt: skip
    (attempt,) = do["attempts"]
    assert (set(attempt), attempt["error"]) == ({"start", "end", "success", "error"}, None)
    assert set(wait) == {"type", "name", "start", "end", "finished", "error", "event_type"}
    assert (wait["finished"], wait["error"]) == (False, None)
    (listed,) = call("GET", "/instances")["result"]
    assert set(listed) == {
        "id", "created_on", "started_on", "ended_on", "modified_on", "status", "version_id", "workflow_id",
        "trigger_source",
    }  # fmt: skip
    assert listed["ended_on"] is None
    edited = call("PATCH", "/instances/one/status", {"status": "resume"})["result"]  # it is not paused: as it is
    assert (set(edited), edited["status"]) == ({"status", "timestamp"}, "waiting")
    assert MOMENT.fullmatch(edited["timestamp"])
    call("POST", "/instances/one/events/go", {"by": "ada"})
    Engine(scope).work()
    found = call("GET", "/instances/one")["result"]
    assert (found["success"], found["output"], found["error"]) == (True, {"deep": [1]}, None)
    assert (found["steps"][1]["output"], found["step_count"]) == ('{"by":"ada"}', 2)
    assert (call("GET", "/instances/one?simple=true")["result"]["steps"], found["rollback"]) == ([], None)


def test_one_that_waits_for_a_place_can_be_paused(bind: Bind, call: Call, scope: Scope) -> None:
    flow = bind("await step.do('one', lambda: 1)", concurrency={"limit": 1})
    create_instances(scope, flow, [CreateInstance("one"), CreateInstance("two")])
    assert call("GET", "/instances/two")["result"]["status"] == "queued"
    assert call("PATCH", "/instances/two/status", {"status": "pause"})["result"]["status"] == "paused"
    engine = Engine(scope, timezone.now())
    engine.work()
    assert [call("GET", f"/instances/{id}")["result"]["status"] for id in ("one", "two")] == ["complete", "paused"]


def test_handlers_run_for_steps_that_failed_and_one_that_fails_stops_the_rest(run: Run, call: Call) -> None:
    found = run("""
        once = {"retries": {"limit": 0, "delay": 0}}
        def refuse(undone):
            raise KeyError("no way back")
        def fail():
            raise ValueError("")
        async def note(undone):
            assert undone["output"] is None
        await step.do("first", lambda: 1, rollback=note)
        await step.do("second", lambda: 2, rollback=refuse, rollback_config=once)
        await step.do("third", fail, once, rollback=note)
    """)
    assert (found["status"], found["error"]) == ("errored", {"name": "ValueError", "message": ""})
    assert found["rollback"] == {"outcome": "failed", "error": {"name": "KeyError", "message": "'no way back'"}}
    undone = [(one["name"], one["success"]) for one in found["steps"] if one["type"] == "rollback"]
    assert undone == [("third-1", True), ("second-1", False)]
    assert found["step_count"] == 5


def test_an_output_over_a_mebibyte_fails_its_step(run: Run) -> None:
    found = run("""
        try:
            await step.do("huge", lambda: "x" * (1024 * 1024), {"retries": {"limit": 0, "delay": 0}})
        except Exception as bad:
            return str(bad)
    """)
    assert found["output"] == "Step huge output is too large. Maximum allowed size is 1MiB."


def test_a_credential_ends(environment: Environment) -> None:
    base = f"/cloudflare/client/v4/accounts/{account_id_of(environment.organization.slug, environment.slug)}/workflows"
    key, plain = ApiKey.objects.issue(environment=environment, name="tests")

    def asked() -> tuple[int, int | None]:
        answer = Client().get(base, headers={"authorization": f"Bearer {plain}"})
        errors = answer.json()["errors"]
        return answer.status_code, errors[0]["code"] if errors else None

    assert asked() == (200, None)
    for over in ({"expires_at": timezone.now() - timedelta(seconds=1)}, {"revoked_at": timezone.now()}):
        ApiKey.objects.filter(pk=key.pk).update(**over)
        assert asked() == (401, 10000)
        ApiKey.objects.filter(pk=key.pk).update(expires_at=None, revoked_at=None)
