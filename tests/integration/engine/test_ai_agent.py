"""Tasks that ask an agent: a real server on loopback that speaks chat completions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts.connections.models import Connection
from accounts.connections.services import add_connection
from accounts.scope import Scope
from engine.models import Instance, Step
from tests.agents import Agent, running_agent
from tests.integration.engine.conftest import Engine

StepOf = Callable[..., Step]
SCHEMA = {
    "type": "object",
    "properties": {"urgent": {"type": "boolean"}, "why": {"type": "string"}},
    "required": ["urgent"],
    "additionalProperties": False,
}
FITS = '{"urgent": true, "why": "It burns."}'


@pytest.fixture(scope="module")
def server() -> Iterator[Agent]:
    with running_agent() as agent:
        yield agent


@pytest.fixture
def agent(server: Agent) -> Agent:
    """An agent that has not been asked anything."""
    server.asked.clear()
    server.answers = ["ready"]
    return server


@pytest.fixture
def connection(scope: Scope, agent: Agent) -> Connection:
    """The connection `assistant` to it."""
    return add_connection(
        scope, name="Assistant", key="assistant", base_url=agent.url, model="tiny", secret="sk-very-secret"
    )


def asking(engine: Engine, *, input: Any = None, **settings: Any) -> Instance:
    """An instance whose only task asks `assistant`."""
    own = {"agent": "assistant", "prompt": "Urgent? {{ input.text }}", **settings}
    instance = engine.start("ask", kinds={"ask": "ai_agent"}, settings={"ask": own}, input=input or {"text": "Fire!"})
    engine.work()
    instance.refresh_from_db()
    return instance


def test_it_asks_and_its_answer_is_the_output(engine: Engine, step_of: StepOf, agent: Agent, connection: Any) -> None:
    agent.answers = ["Yes, very."]
    instance = asking(engine)
    step = step_of(instance, "ask")
    assert (instance.status, step.output) == ("complete", "Yes, very.")
    (asked,) = agent.asked
    assert asked["path"] == "/v1/chat/completions"
    assert asked["headers"]["Authorization"] == "Bearer sk-very-secret"
    assert asked["headers"]["Idempotency-Key"] == f"{instance.pk}-{instance.key}:ask:1"
    assert asked["body"] == {"model": "tiny", "messages": [{"role": "user", "content": "Urgent? Fire!"}]}
    assert step.input == {"agent": "assistant", "prompt": "Urgent? Fire!"}


def test_an_answer_that_fits_the_schema_is_parsed(
    engine: Engine, step_of: StepOf, agent: Agent, connection: Any
) -> None:
    agent.answers = [FITS]
    instance = asking(engine, answer_schema=SCHEMA)
    assert step_of(instance, "ask").output == {"urgent": True, "why": "It burns."}
    (asked,) = agent.asked
    format = asked["body"]["response_format"]
    assert (format["type"], format["json_schema"]["schema"]) == ("json_schema", SCHEMA)
    system, user = asked["body"]["messages"]
    assert (system["role"], json.dumps(SCHEMA["required"]).replace(" ", "") in system["content"]) == ("system", True)
    assert user["content"] == "Urgent? Fire!"


@pytest.mark.parametrize(
    ("answer_format", "expected"), [("object", {"type": "json_object"}), ("none", None), ("schema", ...)]
)
def test_a_connection_says_how_json_is_asked_for(
    engine: Engine, agent: Agent, connection: Connection, answer_format: str, expected: Any
) -> None:
    Connection.objects.filter(pk=connection.pk).update(answer_format=answer_format)
    agent.answers = [f"Here it is:\n```json\n{FITS}\n```\n"]
    assert asking(engine, answer_schema=SCHEMA).status == "complete"
    sent = agent.asked[0]["body"].get("response_format")
    assert sent == expected if expected is not ... else sent["type"] == "json_schema"


@pytest.mark.parametrize("wrong", ["Sure!", '{"urgent": "yes"}', "{}", '{"urgent": true, "more": 1}'])
def test_an_answer_that_does_not_fit_is_asked_for_again(
    engine: Engine, step_of: StepOf, agent: Agent, connection: Any, wrong: str
) -> None:
    agent.answers = [wrong, FITS]
    instance = asking(engine, answer_schema=SCHEMA, retries={"limit": 1, "delay": "1 second"})
    step = step_of(instance, "ask")
    assert step.status == "retrying"
    assert step.attempts[0]["error"]["name"] == "AnswerInvalid"
    engine.later(seconds=1)
    assert step_of(instance, "ask").output == {"urgent": True, "why": "It burns."}


def test_it_fails_when_no_answer_fits(engine: Engine, agent: Agent, connection: Any) -> None:
    agent.answers = ['{"urgent": "yes"}']
    instance = asking(engine, answer_schema=SCHEMA, retries={"limit": 0})
    assert instance.status == "errored"
    assert instance.error is not None
    assert instance.error["name"] == "AnswerInvalid"
    assert "$.urgent: 'yes' is not of type 'boolean'" in instance.error["message"]


@pytest.mark.parametrize(
    ("answer", "name", "words", "is_retried"),
    [
        ((401, {"error": {"message": "No such key."}}), "AgentRefused", "Assistant answered 401: No such key.", False),
        ((404, {"error": "no model"}), "AgentRefused", "404: no model", False),
        ((429, {"error": {"message": "Slow down."}}), "AgentRefused", "429", True),
        ((500, b"oops"), "AgentRefused", "500: oops", True),
        ((200, b"<html>"), "AgentAnswerUnreadable", "not with a chat completion", True),
        ((200, {"choices": []}), "AgentAnswerUnreadable", "not with a chat completion", True),
        ("  ", "AgentAnswerUnreadable", "not with a chat completion", True),
        (
            (200, {"choices": [{"message": {"content": None, "refusal": "I will not."}}]}),
            "AgentRefused",
            "I will not.",
            False,
        ),
    ],
)
def test_what_an_agent_may_say_instead_of_an_answer(
    engine: Engine,
    step_of: StepOf,
    agent: Agent,
    connection: Any,
    answer: Any,
    name: str,
    words: str,
    *,
    is_retried: bool,
) -> None:
    agent.answers = [answer]
    step = step_of(asking(engine), "ask")
    error = step.attempts[0]["error"]
    assert (error["name"], error["retryable"], step.status) == (
        name,
        is_retried,
        "retrying" if is_retried else "failed",
    )
    assert words in error["message"]


def test_content_in_parts_is_put_together(engine: Engine, step_of: StepOf, agent: Agent, connection: Any) -> None:
    agent.answers = [[{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]]
    assert step_of(asking(engine), "ask").output == "ab"


def test_without_a_configured_agent_it_fails_and_says_so(engine: Engine, step_of: StepOf) -> None:
    step = step_of(asking(engine), "ask")
    assert step.error is not None
    assert (step.status, step.error["name"], step.error["retryable"]) == ("failed", "NoSuchAgent", False)
    assert "'assistant'" in step.error["message"]
    assert "connection" in step.error["message"]


def test_an_agent_of_another_environment_does_not_exist(
    engine: Engine, step_of: StepOf, foreign_scope: Scope, agent: Agent
) -> None:
    add_connection(foreign_scope, name="Theirs", key="assistant", base_url=agent.url, model="tiny")
    error = step_of(asking(engine), "ask").error
    assert error is not None
    assert error["name"] == "NoSuchAgent"
    assert agent.asked == []


def test_an_agent_that_is_away_is_asked_again(engine: Engine, step_of: StepOf, scope: Scope) -> None:
    add_connection(scope, name="Away", key="assistant", base_url="http://127.0.0.1:9/v1", model="tiny")
    step = step_of(asking(engine), "ask")
    assert (step.status, step.attempts[0]["error"]["name"]) == ("retrying", "AgentNotReached")


def test_an_address_that_may_not_be_called_is_not_called(engine: Engine, step_of: StepOf, scope: Scope) -> None:
    add_connection(scope, name="Inside", key="assistant", base_url="http://169.254.169.254/latest", model="tiny")
    error = step_of(asking(engine), "ask").error
    assert error is not None
    assert (error["name"], error["retryable"]) == ("AgentNotReached", False)


def test_a_secret_that_cannot_be_opened_any_more_is_a_clear_error(
    engine: Engine, step_of: StepOf, connection: Connection
) -> None:
    Connection.objects.filter(pk=connection.pk).update(secret="gAAAAAB-nonsense")
    error = step_of(asking(engine), "ask").error
    assert error is not None
    assert error["name"] == "AgentNotReady"
    assert "Set it again" in error["message"]


def test_a_prompt_that_holds_a_sensitive_output_is_not_kept(
    engine: Engine, step_of: StepOf, agent: Agent, connection: Any
) -> None:
    settings: dict[str, Any] = {
        "card": {"action": "set_values", "inputs": {"values": {"n": "4111"}}, "sensitive": "output"},
        "ask": {"agent": "assistant", "prompt": "Check {{ steps.card.output.n }}", "sensitive": "output"},
    }
    instance = engine.start("card -> ask", kinds={"ask": "ai_agent"}, settings=settings)
    engine.work()
    assert agent.asked[0]["body"]["messages"][0]["content"] == "Check 4111"
    step = step_of(instance, "ask")
    assert step.input["prompt"] == "Check {{ steps.card.output.n }}"
    assert (step.output, step.is_sensitive) == ("ready", True)
