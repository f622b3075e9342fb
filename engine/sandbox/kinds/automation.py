"""Actions in a try: inputs are rendered and checked as they will be; what would leave is kept instead of sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from accounts.json_text import json_bytes, read_json
from accounts.outbound import OutboundResponse
from designer.graph.model import Json
from engine.actions import ACTIONS
from engine.actions.action import ActionOutcome, ActionRequest, RunnableAction
from engine.actions.http_request import SECRET_HEADERS, HttpRequest, outbound_of, outcome_of
from engine.actions.python import Python
from engine.actions.run_automation import RunAutomation
from engine.actions.send_email import SendEmail, mail_of
from engine.core.ports import Result
from engine.sandbox.examples import example_for
from engine.sandbox.question import Question, Source
from engine.steps.automation import AutomationExecutor

HIDDEN: Final = "[REDACTED]"
MOST_BODY: Final = 20_000
"""Characters of a body that are shown."""


def pretend(question: Question) -> Result:
    """Run the action, or what stands in for it."""
    name = str(question.context.task.settings.get("action", ""))
    stand_in = STAND_INS.get(name)
    actions = ACTIONS if stand_in is None else {name: stand_in(question)}
    return AutomationExecutor(actions).begin(question.context)


class _Http(HttpRequest):
    """The request as it would go out, answered by the given response."""

    def __init__(self, question: Question) -> None:
        self._question = question

    def run(self, request: ActionRequest) -> ActionOutcome:
        """An answer with an output stands for the whole outcome; a response is looked at as a real one."""
        question, outbound = self._question, outbound_of(request)
        headers = {n: HIDDEN if n.lower() in SECRET_HEADERS else value for n, value in outbound.headers.items()}
        body = outbound.body.decode("utf-8", "replace")[:MOST_BODY]
        question.sent = {"method": outbound.method, "url": outbound.url, "headers": headers, "body": _readable(body)}
        if request.inputs.get("connection"):
            question.sent = {"connection": request.inputs["connection"], **question.sent}
        answer = question.answer
        if answer is not None and answer.kind == "response":
            question.source = Source.GIVEN
            return outcome_of(request, _response(answer.value, outbound.url))
        if answer is not None and answer.kind == "output":
            return ActionOutcome(output=question.say(None))
        question.source = Source.EXAMPLE
        wanted = request.inputs.get("expect_status")
        first = str(wanted[0] if isinstance(wanted, (list, tuple)) and wanted else wanted)
        status = int(first) if first.isdecimal() else 200
        read = [path[1:] for path in question.read if path[:1] == ("body",)]
        body_json = example_for(request.inputs.get("answer_schema"), read)
        return outcome_of(request, _response({"status": status, "body": body_json}, outbound.url))


def _readable(body: str) -> Json:
    try:
        return read_json(body) if body else None
    except ValueError:
        return body


def _response(given: Mapping[str, Json], url: str) -> OutboundResponse:
    body, headers = given.get("body"), {str(n).lower(): str(v) for n, v in (given.get("headers") or {}).items()}
    if isinstance(body, str):
        content = body.encode()
        headers.setdefault("content-type", "text/plain; charset=utf-8")
    else:
        content = b"" if body is None else json_bytes(body)
        headers.setdefault("content-type", "application/json")
    return OutboundResponse(int(given.get("status", 200)), headers, content, url, 0.0)


class _Mail(SendEmail):
    """The mail as it would go out."""

    def __init__(self, question: Question) -> None:
        self._question = question

    def run(self, request: ActionRequest) -> ActionOutcome:
        """Write it; addresses are checked as they will be."""
        mail = mail_of(request)
        sent = {"to": list(mail.to), "from": mail.from_email, "subject": mail.subject, "body": mail.body}
        html = [content for content, _ in mail.alternatives]
        self._question.sent = {**sent, "html": html[0]} if html else sent
        return ActionOutcome(output=self._question.say({"message_id": f"<{self._question.context.task.key}@sandbox>"}))


class _Function(Python):
    """A registered function: the deployment's own code may do anything, so it is not called."""

    def __init__(self, question: Question) -> None:
        self._question = question

    def run(self, request: ActionRequest) -> ActionOutcome:
        """Say what it would be called with."""
        self._question.sent = {"function": request.inputs.get("function"), "arguments": request.inputs.get("arguments")}
        return ActionOutcome(output=self._question.say({}))


class _Automation(RunAutomation):
    """An automation of the environment, which is not begun."""

    def __init__(self, question: Question) -> None:
        self._question = question

    def run(self, request: ActionRequest) -> ActionOutcome:
        """Say which, and for what."""
        self._question.sent = dict(request.inputs)
        return ActionOutcome(output=self._question.say({"outcome": "success"}))


STAND_INS: Final[Mapping[str, Callable[[Question], RunnableAction]]] = MappingProxyType(
    {"http_request": _Http, "send_email": _Mail, "python": _Function, "run_automation": _Automation}
)
"""By action. The others change nothing outside and run as they will."""
