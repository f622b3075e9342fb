"""Request bodies, as strictly as the vendor takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from rest_framework.request import Request

from accounts.clean_json import BadJson, clean_json
from designer.graph.loading import load_text
from designer.graph.model import Json
from designer.graph.problems import FlowFileInvalid
from dialects.formance.errors import TOO_LARGE, FormanceError, bad_request
from dialects.formance.stages import go_type
from dialects.shared.bodies import content_type_of


def read_config(request: Request) -> dict[str, Json]:
    """The body of a new workflow, JSON or YAML: `{name?, stages}`. Raises FormanceError 400."""
    raw = bounded(request)
    try:
        if "yaml" in content_type_of(request):
            value = load_text(raw, media_type="text/vnd.yaml")
        else:
            value = clean_json(raw, max_bytes=settings.MAX_PAYLOAD_BYTES)
    except BadJson as bad:
        raise unmarshalling(bad_detail(bad)) from bad
    except FlowFileInvalid as bad:
        raise unmarshalling("; ".join(problem.message for problem in bad.problems[:3])) from bad
    if not isinstance(value, Mapping):
        raise unmarshalling(f"cannot unmarshal {go_type(value)} into a workflow")
    name, stages = value.get("name"), value.get("stages")
    if name is not None and not isinstance(name, str):
        raise unmarshalling(f"name: expected string but was {go_type(name)}")
    if not isinstance(stages, list):
        raise unmarshalling("stages: expected a list")
    return {**({"name": name} if name else {}), "stages": stages}


def unmarshalling(detail: str) -> FormanceError:
    """A body that is no workflow at all."""
    return bad_request(f"unmarshalling json body: {detail}")


def read_variables(request: Request) -> dict[str, str]:
    """The body of a run: nothing, or an object whose values are all texts. Raises FormanceError 400."""
    value = read_json(request, "decoding body", default={})
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise bad_request(f"decoding body: expected an object but was {go_type(value)}")
    for key, entry in value.items():
        if not isinstance(entry, str):
            raise bad_request(f"decoding body: {key[:60]}: expected string but was {go_type(entry)}")
    return dict(value)


def read_object(request: Request, what: str) -> dict[str, Any]:
    """A JSON object. Raises FormanceError 400 that begins with `what`."""
    value = read_json(request, what)
    if not isinstance(value, Mapping):
        raise bad_request(f"{what}: expected an object but was {go_type(value)}")
    return dict(value)


def read_json(request: Request, what: str, *, default: Json = ...) -> Json:
    """A JSON body; `default` in the place of an empty one. Raises FormanceError 400."""
    raw = bounded(request)
    if not raw.strip() and default is not ...:
        return default
    try:
        return clean_json(raw, max_bytes=settings.MAX_PAYLOAD_BYTES)
    except BadJson as bad:
        raise bad_request(f"{what}: {bad_detail(bad)}") from bad


def bounded(request: Request) -> bytes:
    """The body, at most 1 MiB. Raises FormanceError 400."""
    if len(request.body) > settings.MAX_PAYLOAD_BYTES:
        raise bad_request(TOO_LARGE)
    body: bytes = request.body
    return body


def bad_detail(bad: BadJson) -> str:
    """Where and why."""
    place = bad.path.removeprefix("$").removeprefix(".")
    return f"{place} {bad.message}".strip()
