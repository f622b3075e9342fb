"""A flow as a file: JSON or YAML, the same shape, keys in a stable order."""

from __future__ import annotations

from typing import Final

import orjson

from designer.graph.codec import dump_yaml, encode_flow
from designer.graph.model import Flow

MEDIA_TYPES: Final = {"json": "application/json", "yaml": "application/yaml"}


def export_json(flow: Flow) -> bytes:
    """The flow file as indented JSON."""
    return orjson.dumps(encode_flow(flow), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def export_yaml(flow: Flow) -> bytes:
    """The flow file as YAML."""
    return dump_yaml(flow).encode()


FORMATS: Final = {"json": export_json, "yaml": export_yaml}
"""The writer of each format by its file ending."""
