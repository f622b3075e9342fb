"""AI_AGENT tasks: asked over a connection, or simulated by an automation; told clearly where there is neither."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from accounts.connections.services import add_connection
from accounts.scope import Scope
from engine.entities.models import Automation
from engine.services.attempts import EndedAttempt, claim_attempts, make_attempt, settle_attempts
from engine.services.rounds import Worker
from tests.agents import Agent, running_agent
from tests.integration.epilot.conftest import Epilot, set_attributes, statuses, task_of

Json = dict[str, Any]


@pytest.fixture(scope="module")
def server() -> Iterator[Agent]:
    with running_agent() as agent:
        yield agent


@pytest.fixture
def agent(server: Agent) -> Agent:
    server.asked.clear()
    server.answers = ["Approved."]
    return server


def asking(epilot: Epilot, **config: Any) -> Json:
    tasks = [
        {
            "id": "ask",
            "name": "Check the {{meter}}",
            "task_type": "AI_AGENT",
            "agent_config": {"agent_id": "checker", **config},
        },
        {"id": "next", "name": "Next", "task_type": "MANUAL"},
    ]
    edges = [{"id": "e", "from_id": "ask", "to_id": "next"}]
    return epilot.make({"name": "Asks", "tasks": tasks, "edges": edges})


def work() -> None:
    now = timezone.now()
    worker = Worker("worker", 10)
    claim_attempts(worker, now=now, limit=10)
    claimed, worker.claimed, worker.room = worker.claimed, [], 10
    settle_attempts([EndedAttempt(a, make_attempt(a), now) for a in claimed], worker, now=now)


def test_an_agent_is_asked_over_its_connection(epilot: Epilot, scope: Scope, agent: Agent) -> None:
    add_connection(scope, name="Checker", key="checker", base_url=agent.url, model="tiny")
    set_attributes(scope.environment, "ent-1", "contract", {"meter": "M-7"})
    execution = epilot.start(asking(epilot))
    work()
    found = epilot.get(execution)
    assert statuses(found) == {"ask": "COMPLETED", "next": "PENDING"}
    done = task_of(found, "ask")["agent_execution"]
    assert done["execution_status"] == "success"
    assert done["execution_id"]
    assert "M-7" in str(agent.asked[0])


def test_the_prompt_of_the_parameters_is_asked_and_comes_back(epilot: Epilot, scope: Scope, agent: Agent) -> None:
    add_connection(scope, name="Checker", key="checker", base_url=agent.url, model="tiny")
    set_attributes(scope.environment, "ent-1", "contract", {"meter": "M-8"})
    made = asking(epilot, parameters={"prompt": "Is {{ context.primary.meter }} ours?", "deep": [1]})
    assert made["tasks"][0]["agent_config"]["parameters"]["deep"] == [1]
    epilot.start(made)
    work()
    assert "Is M-8 ours?" in str(agent.asked[0])


def test_without_a_connection_it_fails_clearly_and_may_be_run_again(epilot: Epilot, scope: Scope, agent: Agent) -> None:
    execution = epilot.start(asking(epilot))
    work()
    found = epilot.get(execution)
    asked = task_of(found, "ask")
    assert (asked["status"], [e["id"] for e in found["crt_tasks"]]) == ("FAILED", [asked["id"]])
    assert "no agent 'checker'" in asked["agent_execution"]["error_reason"]
    add_connection(scope, name="Checker", key="checker", base_url=agent.url, model="tiny")
    path = f"/v2/flows/executions/{execution['id']}/tasks/{asked['id']}/automation:run"
    assert epilot("POST", path)[0] == 200
    work()
    assert statuses(epilot.get(execution))["ask"] == "COMPLETED"


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("success", "COMPLETED"), ("no_eligible_partner", "FAILED"), ("missing_input", "FAILED"), ("slow", "IN_PROGRESS")],
)
def test_an_automation_of_the_name_stands_in_for_the_agent(
    outcome: str, status: str, epilot: Epilot, scope: Scope
) -> None:
    Automation.objects.create(environment=scope.environment, key="checker", outcome=outcome)
    execution = epilot.start(asking(epilot))
    work()
    found = task_of(epilot.get(execution), "ask")
    assert found["status"] == status
    if outcome.startswith(("no_", "missing_")):
        assert found["agent_execution"]["outcome"] == outcome
