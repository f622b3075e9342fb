"""Call another service over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from designer.graph.actions.action import Action
from designer.graph.fields import Choice, Field, FieldType, OneOf
from designer.graph.model import Json
from designer.graph.wording import reference_name

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


def summarize(inputs: Mapping[str, Json]) -> str:
    """`POST payments`: the method and the end of the address."""
    url = reference_name(str(inputs.get("url", "")))
    _, _, rest = url.rpartition("://")
    host, _, path = rest.partition("?")[0].partition("/")
    tail = "/".join(path.rstrip("/").split("/")[-2:])
    return f"{inputs.get('method', '')} {tail or host}".strip()


ACTION: Final = Action(
    key="http_request",
    label="HTTP request",
    description="Calls another service.",
    icon="globe",
    summary=summarize,
    output_keys=lambda inputs: ("status", "headers", "body"),
    one_of=(OneOf(("json", "body")),),
    inputs=(
        Field(
            key="method",
            type=FieldType.CHOICE,
            label="Method",
            help="GET reads; POST, PUT and PATCH send a body; DELETE takes away.",
            required=True,
            choices=tuple(Choice(method, method) for method in METHODS),
        ),
        Field(
            key="connection",
            type=FieldType.CONNECTION,
            label="Connection",
            help="The short name of a connection of this environment (Settings, Connections): where the address "
            "begins, and the secret that lets it in.",
            example="shop",
        ),
        Field(
            key="url",
            type=FieldType.TEMPLATE,
            label="Address",
            help="With https:// or http://; with a connection, what comes after its address, such as "
            "/orders/{{ input.order.id }}. Private addresses are refused.",
            required=True,
            example="https://shop.example.com/orders/{{ input.order.id }}",
            longest=4000,
        ),
        Field(
            key="headers",
            type=FieldType.MAP,
            label="Headers",
            help="By name. What is secret belongs in a connection: it would be seen here.",
            example="application/json",
            longest=100,
            of=Field(key="", type=FieldType.TEMPLATE, label="Header", longest=8000),
        ),
        Field(
            key="json",
            type=FieldType.JSON,
            label="JSON body",
            help="Sent as application/json; references are filled in.",
            example='{"order": "{{ input.order.id }}"}',
            lines=6,
        ),
        Field(
            key="body",
            type=FieldType.TEMPLATE,
            label="Text body",
            help="Sent as it is, instead of JSON.",
            example="order={{ input.order.id }}",
            lines=6,
            longest=1_000_000,
        ),
        Field(
            key="expect_status",
            type=FieldType.LIST,
            label="Expected statuses",
            help="Any other status is an error. Without any: 200 to 299.",
            example="200",
            longest=50,
            of=Field(
                key="", type=FieldType.NUMBER, label="Status", is_whole=True, minimum=100, maximum=599, example="200"
            ),
        ),
        Field(
            key="answer_schema",
            type=FieldType.JSON_SCHEMA,
            label="Answer must fit",
            example='{"type": "object", "required": ["id"]}',
            help="A JSON Schema; an answer that does not fit is an error.",
            lines=6,
        ),
    ),
)
