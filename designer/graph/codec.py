"""Flow ⇄ flow file.

A flow file is JSON (YAML is the same shape, see `loading`). Decoding refuses what can never become a valid flow:
unknown keys, values of the wrong type, ends of edges, requirements and phases that are not there, the same key twice.
What is merely unfinished (a required setting that is not set, a task that nothing leads to) is decoded; the checks
report it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, TypeVar

import orjson

from designer.graph.decoding import (
    decode_condition,
    decode_edge,
    decode_flow,
    decode_fragment,
    decode_note,
    decode_phase,
    decode_task,
)
from designer.graph.encoding import (
    encode_condition,
    encode_edge,
    encode_flow,
    encode_fragment,
    encode_graph,
    encode_note,
    encode_phase,
    encode_requirement,
    encode_statement,
    encode_task,
)
from designer.graph.loading import load_text, write_yaml
from designer.graph.model import Flow, Json
from designer.graph.problems import FlowFileInvalid, PathProblem

Value = TypeVar("Value")


def canonical_json(flow: Flow) -> bytes:
    """The one way in which a flow is stored and hashed: its flow file as compact UTF-8 JSON.

    Free JSON inside (a form, a body) keeps the order of its keys, because that order means something to people. How it
    is tried is left out: that is kept beside it, and changes nothing of what runs.
    """
    document = encode_flow(replace(flow, trials=None, tasks={}, edges=()))
    # After an edit nearly all of these are the very values that were written before it.
    document["tasks"] = _written.each(flow.tasks.values(), encode_task)
    document["edges"] = _written.one(flow.edges, lambda edges: list(map(encode_edge, edges)))
    return orjson.dumps(document)


class _Written:
    """The JSON of the values that were written last. Values never change; as they are held, no other has their id."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: dict[int, tuple[object, orjson.Fragment]] = {}

    def one(self, value: Value, encode: Callable[[Value], Json]) -> orjson.Fragment:
        found = self._found.get(id(value))
        if found is not None:
            return found[1]
        if len(self._found) >= self._most:
            self._found.clear()
        made = orjson.Fragment(orjson.dumps(encode(value)))
        self._found[id(value)] = (value, made)
        return made

    def each(self, values: Iterable[Value], encode: Callable[[Value], Json]) -> list[orjson.Fragment]:
        known = self._found.get
        return [found[1] if (found := known(id(value))) is not None else self.one(value, encode) for value in values]


_written: Final = _Written(20_000)


def without_trials(flow: Flow) -> Flow:
    """The flow without what a flow file says about trying it."""
    return flow if flow.trials is None else replace(flow, trials=None)


def graph_hash(flow: Flow) -> str:
    """SHA-256 of the canonical JSON, as 64 hex digits."""
    return hashlib.sha256(canonical_json(flow)).hexdigest()


def dump_yaml(flow: Flow) -> str:
    """The flow file as YAML."""
    return write_yaml(encode_flow(flow))


__all__ = [
    "FlowFileInvalid",
    "PathProblem",
    "canonical_json",
    "decode_condition",
    "decode_edge",
    "decode_flow",
    "decode_fragment",
    "decode_note",
    "decode_phase",
    "decode_task",
    "dump_yaml",
    "encode_condition",
    "encode_edge",
    "encode_flow",
    "encode_fragment",
    "encode_graph",
    "encode_note",
    "encode_phase",
    "encode_requirement",
    "encode_statement",
    "encode_task",
    "graph_hash",
    "load_text",
    "without_trials",
]
