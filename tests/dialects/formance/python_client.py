"""Runs the scenario through the official Python SDK."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
from formance_sdk_python import SDK
from formance_sdk_python.models import shared
from formance_sdk_python.models.orchestration import Error, V2Error
from pydantic import BaseModel

from tests.dialects.formance.paths import at, filled

NAMES = {
    "instanceID": "instance_id",
    "workflowID": "workflow_id",
    "flowId": "flow_id",
    "triggerID": "trigger_id",
    "pageSize": "page_size",
    "requestBody": "request_body",
}
WITHOUT_REQUEST = ((1, "get_server_info_orchestration"), (2, "get_server_info"), (1, "list_workflows"))
ANSWER_PARTS = ("status_code", "content_type", "raw_response")


def run(url: str, key: str, steps: list[dict[str, Any]]) -> dict[str, Any]:
    """The result of each step by its name: `{ok: answer}` or `{error: code, status, message}`."""
    prefix = key.split("_")[1]
    security = shared.Security(client_id=prefix, client_secret=key)
    saved: dict[str, Any] = {}
    results: dict[str, Any] = {}
    with SDK(server_url=f"{url}/formance", security=security) as sdk:
        for step in steps:
            found = results[step["name"]] = _step(sdk, url, key, step, saved)
            if "save" in step and "ok" in found:
                saved[step["save"]] = found["ok"]
    return results


def _step(sdk: SDK, url: str, key: str, step: dict[str, Any], saved: dict[str, Any]) -> dict[str, Any]:
    if "post" in step:
        answer = httpx.post(url + step["post"], json=step["body"], headers={"Authorization": f"Bearer {key}"})
        return {"ok": answer.json()} if answer.is_success else {"error": answer.status_code}
    if "pages" in step:
        return {"ok": _walk(sdk, step)}
    deadline = time.monotonic() + 60
    while True:
        found = _call(sdk, step["version"], step["op"], filled(step["request"], saved))
        until = step.get("until")
        if until is None or at(found.get("ok"), until) is not None or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def _call(sdk: SDK, version: int, op: str, request: Any) -> dict[str, Any]:
    room = sdk.orchestration.v1 if version == 1 else sdk.orchestration.v2
    operation = getattr(room, op)
    arguments = {}
    if (version, op) not in WITHOUT_REQUEST:
        arguments["request"] = {NAMES.get(name, name): value for name, value in (request or {}).items()}
    try:
        answer = operation(**arguments)
    except (Error, V2Error) as error:
        code = str(error.data.error_code.value)
        return {"error": code, "status": error.status_code, "message": error.data.error_message}
    except Exception as error:
        return {"broken": f"{type(error).__name__}: {error}"[:2000]}
    return {"ok": _plain(answer)}


def _plain(answer: BaseModel) -> Any:
    """The parsed part of an answer, under the names of the wire."""
    parts = [getattr(answer, name) for name in type(answer).model_fields if name not in ANSWER_PARTS]
    found = next((part for part in parts if part is not None), None)
    return None if found is None else json.loads(found.model_dump_json(by_alias=True, exclude_none=True))


def _walk(sdk: SDK, step: dict[str, Any]) -> list[str]:
    """The ids of a whole list, two by two."""
    ids: list[str] = []
    request: dict[str, Any] = {"pageSize": 2}
    while True:
        page = _call(sdk, 2, step["pages"], request)["ok"]["cursor"]
        ids += [row["id"] for row in page["data"]]
        if not page["hasMore"]:
            return ids
        request = {"cursor": page["next"]}
