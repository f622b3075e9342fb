"""Messages to subscribers in a try: composed as they will be, kept nowhere and handed to no provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from designer.graph.model import Json
from engine.core.ports import Completed, Result, StepContext, failed
from engine.notifying import contents
from engine.notifying.sending import compose, skipped_by_rule
from engine.sandbox.question import Question

ADDRESSES: Final = {"email": "email", "sms": "phone"}
SOMEBODY: Final[dict[str, Json]] = {
    "subscriberId": "sample-subscriber",
    "firstName": "Sample",
    "email": "sample@example.com",
    "phone": "+15550100",
    "data": {},
}
"""Whom a try notifies where the sample input names nobody."""


def pretend(question: Question) -> Result:
    """Preferences and providers are not looked at: an answer with `skip` or an error says what they would."""
    context = question.context
    data = data_of(context)
    skipped = skipped_by_rule(context, data)
    if skipped is not None:
        return skipped
    channel = context.task.kind
    said = compose(channel, context.task.settings, data)
    if not said["subject"].strip() and not said["body"].strip():
        return failed("NothingToSay", "The message has neither a subject nor a text.", input=said)
    subscriber = data["subscriber"]
    address = subscriber.get(ADDRESSES.get(channel, ""), "")
    to = {"subscriber": subscriber["subscriberId"], **({"address": address} if address else {})}
    question.sent = {"channel": channel, **to, **said}
    output: dict[str, Json] = {"message": 0, "provider": "sandbox", **({channel: address} if address else {})}
    return Completed(output=question.say(output), input=said)


def data_of(context: StepContext) -> dict[str, Json]:
    """The data as messages see it, with a subscriber: who the step names, else of the input, else somebody."""
    data = contents.view_of(context.data)
    given = data.get("subscriber") or _of_input(data.get("input"))
    known: Mapping[str, Json] = given if isinstance(given, Mapping) else {}
    subscriber = {**SOMEBODY, **known}
    if isinstance(given, str) and given:
        subscriber["subscriberId"] = given
    named = context.task.settings.get("to")
    if named:
        subscriber["subscriberId"] = contents.render_text(str(named), {**data, "subscriber": subscriber}).strip()
    return {**data, "subscriber": subscriber}


def _of_input(input: Json) -> Json:
    return input.get("subscriber") if isinstance(input, Mapping) else None
