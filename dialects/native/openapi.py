"""The OpenAPI document: what each operation says of itself, and how drf-spectacular puts it together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from django.utils.text import slugify
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from dialects.native.components import COMPONENTS
from dialects.native.schemas.making import Schema, ref

View = TypeVar("View", bound=Callable[..., Any])

TAGS: Final = {
    "Flows": "A flow's draft is a flow file; publishing it makes a version.",
    "Versions": "What was published. Never changes again.",
    "Instances": "Runs of a version: starting, watching, steering.",
    "Steps": "Human tasks, manual decisions and automations that a person starts.",
    "Events": "Messages to whoever listens.",
    "Entities": "What flows are about; the automations their tasks run; journeys, which are forms for people outside.",
}
REFUSALS: Final = {
    400: "Not understood: broken JSON, a bad cursor.",
    401: "No usable API key.",
    403: "The key lacks the scope.",
    404: "Not there, or not in the key's environment.",
}
MORE_REFUSALS: Final = {
    409: "Not possible now; `detail` says why.",
    412: "The draft has changed since.",
    413: "Too large.",
    415: "Not a type we read.",
    422: "Understood, but not acceptable; `errors` says where.",
    428: "`If-Match` is missing.",
}
# What drf-spectacular asks of the settings, for this document alone.
SETTINGS: Final[dict[str, Any]] = {
    "TITLE": "Quadrille API",
    "DESCRIPTION": "Flows, versions, instances, human tasks and events of one environment: the one the API key is for.",
    "VERSION": "1",
    "APPEND_COMPONENTS": {
        "schemas": COMPONENTS,
        "securitySchemes": {"apiKey": {"type": "http", "scheme": "bearer", "description": "An API key."}},
    },
    "SECURITY": [{"apiKey": []}],
    "TAGS": [{"name": name, "description": text} for name, text in TAGS.items()],
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [],
}


def text_query(name: str, description: str) -> OpenApiParameter:
    """A text in the query."""
    return OpenApiParameter(name, str, OpenApiParameter.QUERY, description=description)


def number_query(name: str, description: str) -> OpenApiParameter:
    """A whole number in the query."""
    return OpenApiParameter(name, int, OpenApiParameter.QUERY, description=description)


def header(name: str, description: str, *, required: bool = False) -> OpenApiParameter:
    """A request header."""
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description, required=required)


PAGING: Final = (
    text_query("cursor", "`next` of the page before."),
    number_query("limit", "How many at most: 1 to 200, 50 when left out."),
)
IDEMPOTENCY: Final = header("Idempotency-Key", "A repeat within 24 hours is answered like the first request.")
WHICH_FLOW: Final = text_query("flow", "The flow's key, where several flows have an instance with this id.")
WHICH_ITERATION: Final = number_query("iteration", "The round of a loop; the newest when left out.")


def operation(
    tag: str,
    summary: str,
    *,
    answers: Mapping[int, str | tuple[str, str] | None],
    takes: str | Mapping[str, Schema] | None = None,
    refuses: tuple[int, ...] = (),
    parameters: tuple[OpenApiParameter, ...] = (),
    description: str = "",
) -> Callable[[View], View]:
    """Document a view's method.

    `answers`: status → component name, None for no body, or (media type, words) for what is not JSON. `takes`: a
    component, or media type → schema. `refuses`: statuses beyond those that every operation may answer.
    """
    request = {"application/json": ref(takes)} if isinstance(takes, str) else dict(takes) if takes else None
    responses: dict[Any, Any] = {}
    for status, answer in answers.items():
        if isinstance(answer, tuple):
            responses[status, answer[0]] = OpenApiResponse({"type": "string"}, description=answer[1])
        else:
            responses[status] = OpenApiResponse(ref(answer), description="") if answer else None
    for status in sorted({401, 403, *refuses}):
        responses[status, "application/problem+json"] = OpenApiResponse(
            ref("Problem"), description=(REFUSALS | MORE_REFUSALS)[status]
        )
    decorated: Callable[[View], View] = extend_schema(
        operation_id=slugify(summary).replace("-", "_"),
        tags=[tag],
        summary=summary,
        description=description,
        request=request,
        responses=responses,
        parameters=list(parameters),
    )
    return decorated
