"""Previews of steps: rendered over example values, nothing is sent or called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from liquid.exceptions import LiquidError

from designer.graph.model import Json
from dialects.novu.translate import controls, forms
from dialects.novu.translate.previews import example_of, laid_over
from dialects.novu.translate.variables import StepView, templates_of, variables_of
from dialects.novu.wire import Whole
from engine.notifying import contents
from engine.notifying.sending import compose


def preview(all: Whole, number: int, body: Mapping[str, Any]) -> dict[str, Any]:
    """A GeneratePreviewResponseDto."""
    step = all.steps[number]
    given = body.get("controlValues")
    values = {**step.values, **given} if isinstance(given, Mapping) else dict(step.values)
    schema_of_payload = all.policy.payload_schema if all.policy is not None else None
    views = [
        StepView(state.task.key, state.type, values if place == number else state.values)
        for place, state in enumerate(all.steps)
    ]
    schema = variables_of(views, number, schema_of_payload)
    example = laid_over(examples(schema), body.get("previewPayload") or {})
    data = {**example, "workflow": {"workflowId": all.row.identifier, "name": all.row.flow.name}}
    result: dict[str, Any] = {"type": step.type, "preview": _preview(step.type, values, data)}
    fault = _fault(values, data)
    if fault is not None:
        result["error"] = fault
    return {"result": result, "previewPayloadExample": example, "schema": schema}


def examples(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A value for everything the step may name."""
    properties = schema["properties"]
    example = {name: example_of(properties[name], name) for name in ("subscriber", "payload", "steps")}
    for value in example["steps"].values():
        if isinstance(value, dict) and isinstance(value.get("events"), list):
            for event in value["events"]:
                event["payload"] = dict(example["payload"])
            value["eventCount"] = len(value["events"])
    return {**example, "context": {}}


def _preview(type: str, values: Mapping[str, Json], data: Mapping[str, Json]) -> dict[str, Any]:
    fit = forms.fitting(type, values)
    match type:
        case "in_app":
            said = compose("in_app", controls.settings_of(type, fit)[0], data)
            found: dict[str, Any] = {"subject": said["subject"], "body": said["body"]}
            for key in ("avatar", "primaryAction", "secondaryAction", "redirect", "data"):
                if key in fit:
                    found[key] = contents.render(fit[key], data)
            return found
        case "email":
            said = compose("email", controls.settings_of(type, fit)[0], data)
            return {"subject": said["subject"], "body": said["body"]}
        case "push":
            return {key: contents.render(str(fit.get(key, "")), data) for key in ("subject", "body")}
        case "sms" | "chat" | "tool":
            return {"body": contents.render(str(fit.get("body", "")), data)}
        case "digest" | "delay":
            found = {"amount": fit.get("amount", 0), "unit": fit.get("unit", "seconds")}
            return {**found, **{key: fit[key] for key in ("digestKey", "lookBackWindow", "cron", "type") if key in fit}}
    rendered = contents.render(fit, data)
    return rendered if isinstance(rendered, dict) else {}


def _fault(values: Mapping[str, Json], data: Mapping[str, Json]) -> dict[str, str] | None:
    """What hinders a template from being rendered."""
    for path, text in templates_of(values):
        try:
            contents.render_strictly(text, data)
        except LiquidError as bad:
            message = str(bad).partition("\n")[0][:300] or "The template cannot be read."
            return {
                "title": "The content cannot be rendered",
                "message": f"{path}: {message}",
                "hint": "Check the tags.",
            }
    return None
