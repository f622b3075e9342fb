"""Answers as JSON: one renderer for all dialects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson
from django.core.serializers.json import DjangoJSONEncoder
from rest_framework.renderers import BaseRenderer

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS


def to_json_bytes(value: Any) -> bytes:
    """Compact JSON; moments as RFC 3339 in UTC ending in Z."""
    try:
        return orjson.dumps(value, option=OPTIONS)
    except TypeError:
        # orjson stops at 64 bits; whole numbers of people's data may have more digits.
        plain = json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))
        return plain.encode()


class JsonRenderer(BaseRenderer):
    """`application/json`, whatever the caller accepts: this is what there is."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """The body; empty for None."""
        return b"" if data is None else to_json_bytes(data)
