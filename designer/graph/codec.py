"""Flow ⇄ flow file.

A flow file is JSON (YAML is the same shape, see `loading`). Decoding refuses what can never become a valid flow:
unknown keys, values of the wrong type, ends of edges, requirements and phases that are not there, the same key twice.
What is merely unfinished (a required setting that is not set, a task that nothing leads to) is decoded; the checks
report it.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

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
from designer.graph.model import Flow
from designer.graph.problems import FlowFileInvalid, PathProblem


def canonical_json(flow: Flow) -> bytes:
    """The one way in which a flow is stored and hashed: its flow file as compact UTF-8 JSON.

    Free JSON inside (a form, a body) keeps the order of its keys, because that order means something to people. How it
    is tried is left out: that is kept beside it, and changes nothing of what runs.
    """
    return orjson.dumps(encode_flow(without_trials(flow)))


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
