"""A flow as nested blocks, as a program has them: what `structure` and `script_structure` answer.

`key` names what a block stands for while an instance runs: the key of a drawn task, or of a script's step its kind and
name, `do:charge card`. Fourteen types of nodes; `Branch` is a part of two of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from designer.graph.model import Json

DEFAULT_RETRIES: Mapping[str, Json] = {"limit": 5, "delay": 1000, "backoff": "exponential"}
DEFAULT_TIMEOUT: Json = "10 minutes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When a step that is not awaited at once begins, and where its result is awaited: ordinal numbers."""

    starts: int | None = None
    resolves: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDo(Timing):
    """A step that does something. `config`: `{retries: {limit, delay, backoff}, timeout}`."""

    type: ClassVar[str] = "step_do"
    name: str
    key: str = ""
    config: Mapping[str, Json] = field(
        default_factory=lambda: {"retries": dict(DEFAULT_RETRIES), "timeout": DEFAULT_TIMEOUT}
    )
    nodes: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSleep(Timing):
    """A sleep for a while: milliseconds, or a text."""

    type: ClassVar[str] = "step_sleep"
    name: str
    key: str = ""
    duration: Json = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSleepUntil(Timing):
    """A sleep until a moment."""

    type: ClassVar[str] = "step_sleep_until"
    name: str
    key: str = ""
    timestamp: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWaitForEvent(Timing):
    """A wait for an event, or for a person (then without `options`). `payload`: the shape of what is read of it."""

    type: ClassVar[str] = "step_wait_for_event"
    name: str
    key: str = ""
    options: Mapping[str, Json] | None = None
    payload: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """Something that goes round."""

    type: ClassVar[str] = "loop"
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallel:
    """Things side by side. `kind`: which of them have to end: `all`, `any`, `all_settled`, `race`."""

    type: ClassVar[str] = "parallel"
    kind: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Things one after another."""

    type: ClassVar[str] = "block"
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """What is tried, what follows from its failure, what follows in any case."""

    type: ClassVar[str] = "try"
    try_block: Block | None
    catch_block: Block | None = None
    finally_block: Block | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One way of an `if` or a `switch`; without a condition: otherwise."""

    condition: str | None
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class If:
    """A choice by conditions."""

    type: ClassVar[str] = "if"
    branches: tuple[Branch, ...]
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A choice by one value."""

    type: ClassVar[str] = "switch"
    discriminant: str
    branches: tuple[Branch, ...]
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A whole flow. `payload`: the shape of what is read of its input."""

    type: ClassVar[str] = "start"
    class_name: str
    nodes: tuple[Node, ...]
    functions: Mapping[str, FunctionDef] = field(default_factory=dict)
    payload: Mapping[str, Json] | None = None
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCall(Timing):
    """A part that is written down elsewhere."""

    type: ClassVar[str] = "function_call"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionDef:
    """A part that others call."""

    type: ClassVar[str] = "function_def"
    name: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """The way ends: out of a loop (`break`), or for good (`return`)."""

    type: ClassVar[str] = "break"
    kind: str


Node = (
    StepDo
    | StepSleep
    | StepSleepUntil
    | StepWaitForEvent
    | Loop
    | Parallel
    | Try
    | Block
    | If
    | Switch
    | Start
    | FunctionCall
    | FunctionDef
    | Break
)


def block(nodes: tuple[Node, ...] | list[Node]) -> Block | None:
    """These nodes as a block; None for none."""
    return Block(nodes=tuple(nodes)) if nodes else None


def inner(node: Node) -> Iterator[tuple[Node, ...]]:
    """The sequences of nodes that lie directly inside of a node."""
    match node:
        case StepDo() | Loop() | Parallel() | Block() | FunctionDef():
            yield node.nodes
        case Start():
            yield node.nodes
            yield from ((function,) for function in node.functions.values())
        case Try():
            yield from (part.nodes for part in (node.try_block, node.catch_block, node.finally_block) if part)
        case If() | Switch():
            yield from (branch.nodes for branch in node.branches)
        case _:
            return


def every(node: Node) -> Iterator[Node]:
    """A node and all that lies inside of it."""
    yield node
    for nodes in inner(node):
        for child in nodes:
            yield from every(child)
