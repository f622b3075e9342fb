"""May this edit happen? None means yes, a `Refusal` says why not.

Rules refuse only what could never become valid, or what would leave the draft with loose ends. A draft may be
unfinished; what is missing is for the checks to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from designer.graph.lowering import Lowering, is_back_edge, reachable
from designer.graph.model import (
    NONE_MET,
    TRIGGER,
    Condition,
    Edge,
    Flow,
    Json,
    On,
    Task,
    is_key,
    phase_of_ref,
    phase_ref,
    requirements_of,
)
from designer.graph.suggestions import did_you_mean, listed, quoted
from designer.graph.wording import branch_name


class Rule(StrEnum):
    """Which rule refuses; an editor may offer a way out for some (`CYCLE`: declare a loop)."""

    BAD_KEY = "bad_key"
    KEY_TAKEN = "key_taken"
    NO_SUCH_NODE = "no_such_node"
    NO_SUCH_EDGE = "no_such_edge"
    NO_SUCH_BRANCH = "no_such_branch"
    DUPLICATE_EDGE = "duplicate_edge"
    SELF_EDGE = "self_edge"
    INTO_TRIGGER = "into_trigger"
    TRIGGER_CANNOT_FAIL = "trigger_cannot_fail"
    WITHIN_PHASE = "within_phase"
    CYCLE = "cycle"
    TWO_BACK_EDGES = "two_back_edges"
    BRANCHES_IN_USE = "branches_in_use"
    BAD_VALUE = "bad_value"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something may not be done: `reason` is a sentence for people, `rule` is for programs."""

    rule: Rule
    reason: str


def may_connect(flow: Flow, source: str, target: str, branch: str | None = None, on: On = On.SUCCESS) -> Refusal | None:
    """May an edge be drawn from `source` to `target`? Both are node references; `branch` is for decisions only."""
    edge = Edge(source, target, branch, on)
    return _ends_refusal(flow, edge) or _cycle_refusal(flow, edge)


def may_reconnect(flow: Flow, old: Edge, new: Edge) -> Refusal | None:
    """May the edge `old` be put in another place, `new`?"""
    if old not in flow.edges:
        return _no_edge(old)
    without = flow.with_edges(edge for edge in flow.edges if edge != old)
    return may_connect(without, new.source, new.target, new.branch, new.on)


def refusals_from(flow: Flow, source: str, branch: str | None = None, on: On = On.SUCCESS) -> Mapping[str, Refusal]:
    """Every node an edge from `source` may not lead to, with the refusal: for the preview while an edge is drawn."""
    refs = [TRIGGER, *flow.tasks, *map(phase_ref, flow.phases)]
    refused = {}
    leads_here = None
    for ref in refs:
        edge = Edge(source, ref, branch, on)
        refusal = _ends_refusal(flow, edge)
        if refusal is None and not is_back_edge(flow, edge):
            if leads_here is None:
                leads_here = _nodes_leading_to(flow, source)
            if ref in leads_here:
                refusal = _cycle(flow, edge)
        if refusal is not None:
            refused[ref] = refusal
    return refused


def _nodes_leading_to(flow: Flow, source: str) -> set[str]:
    """Every node from which one gets to `source`, phases included."""
    lowering = Lowering(flow)
    before: dict[str, list[str]] = {}
    for node, targets in lowering.next_nodes().items():
        for target in targets:
            before.setdefault(target, []).append(node)
    phase = phase_of_ref(source)
    starts = [source] if phase is None else [source, *lowering.tasks_in.get(phase, ())]
    leading = reachable(starts, before)
    leading.update(phase_ref(p) for p, tasks in lowering.first_tasks.items() if any(task in leading for task in tasks))
    return leading


def _ends_refusal(flow: Flow, edge: Edge) -> Refusal | None:
    for ref in (edge.source, edge.target):
        if not flow.has_node(ref):
            return no_such_node(flow, ref)
    if edge.target == TRIGGER:
        return Refusal(Rule.INTO_TRIGGER, "Nothing leads to the trigger: it is where instances begin.")
    if edge.source == edge.target:
        return Refusal(Rule.SELF_EDGE, "An edge cannot lead back to its own start.")
    if edge.source == TRIGGER and (edge.on is On.ERROR or edge.branch is not None):
        return Refusal(Rule.TRIGGER_CANNOT_FAIL, "The trigger has neither an error nor branches.")
    if edge in flow.edges:
        return Refusal(Rule.DUPLICATE_EDGE, f"{name(flow, edge.source)} already leads to {name(flow, edge.target)} so.")
    for phase, task in ((edge.source, edge.target), (edge.target, edge.source)):
        inside = flow.tasks.get(task)
        if inside is not None and inside.phase is not None and phase == phase_ref(inside.phase):
            reason = f"{name(flow, task)} is part of {name(flow, phase)}; a phase and its own tasks are not connected."
            return Refusal(Rule.WITHIN_PHASE, reason)
    return _branch_refusal(flow, edge)


def _branch_refusal(flow: Flow, edge: Edge) -> Refusal | None:
    if edge.branch is None:
        return None
    source = flow.tasks.get(edge.source)
    branches = source.branches if source is not None else ()
    if edge.on is On.ERROR or not branches:
        return Refusal(Rule.NO_SUCH_BRANCH, "Only the normal edges of a decision have a branch.")
    if edge.branch not in branches:
        hint = did_you_mean(edge.branch, branches) or f" It has {listed(branches, last='and')}."
        return Refusal(Rule.NO_SUCH_BRANCH, f"{name(flow, edge.source)} has no branch {quoted(edge.branch)}.{hint}")
    if is_back_edge(flow, edge) and any(is_back_edge(flow, other) for other in flow.outgoing(edge.source)):
        reason = f"The loop of {name(flow, edge.source)} already leads back; a loop has one way back."
        return Refusal(Rule.TWO_BACK_EDGES, reason)
    return None


def _cycle_refusal(flow: Flow, edge: Edge) -> Refusal | None:
    if is_back_edge(flow, edge) or edge.source == TRIGGER:
        return None
    lowering = Lowering(flow.with_edges((*flow.edges, edge)))
    ahead = reachable(lowering.entered(edge.target), lowering.next_nodes())
    return _cycle(flow, edge) if edge.source in ahead else None


def _cycle(flow: Flow, edge: Edge) -> Refusal:
    source, target = name(flow, edge.source), name(flow, edge.target)
    task = flow.tasks.get(edge.source)
    if task is not None and task.kind == "decision" and edge.branch is not None:
        branch = branch_name(task, edge.branch)
        way_out = f"To go round again, declare {quoted(branch)} as the loop branch of {source}."
    else:
        way_out = "To go round again, put a decision with a loop here."
    return Refusal(Rule.CYCLE, f"{target} already leads to {source}, so this edge would go in a circle. {way_out}")


# -- keys and nodes ---------------------------------------------------------------------------------------------------


def may_use_task_key(flow: Flow, key: str) -> Refusal | None:
    """May a new task have this key?"""
    if key == TRIGGER:
        return Refusal(Rule.KEY_TAKEN, f"{quoted(TRIGGER)} is where instances begin; choose another key.")
    return _key_refusal(key, key in flow.tasks, "task")


def may_use_phase_key(flow: Flow, key: str) -> Refusal | None:
    """May a new phase have this key?"""
    return _key_refusal(key, key in flow.phases, "phase")


def may_use_condition_key(task: Task, key: str) -> Refusal | None:
    """May a new condition of the decision have this key?"""
    if key == NONE_MET:
        return Refusal(Rule.KEY_TAKEN, f"{NONE_MET} is the branch for when no condition is met; choose another key.")
    return _key_refusal(key, any(condition.key == key for condition in task.conditions), "branch")


def _key_refusal(key: str, is_taken: bool, noun: str) -> Refusal | None:
    if not is_key(key):
        rule = "Use 1 to 64 letters, digits, underscores and hyphens; do not begin with a hyphen."
        return Refusal(Rule.BAD_KEY, f"{quoted(key)} is no key. {rule}")
    return Refusal(Rule.KEY_TAKEN, f"There is already a {noun} {quoted(key)}.") if is_taken else None


def tasks_exist(flow: Flow, keys: Iterable[str]) -> Refusal | None:
    """Are these all tasks of the flow?"""
    return next((no_such_node(flow, key) for key in keys if key not in flow.tasks), None)


def phases_exist(flow: Flow, keys: Iterable[str]) -> Refusal | None:
    """Are these all phases of the flow?"""
    return next((no_such_node(flow, phase_ref(key)) for key in keys if key not in flow.phases), None)


def requirements_exist(flow: Flow, raw: Json) -> Refusal | None:
    """Do these requirements, in flow-file form, name nodes of the flow?"""
    refs = [requirement.node for requirement in requirements_of(raw)]
    return next((no_such_node(flow, ref) for ref in refs if ref == TRIGGER or not flow.has_node(ref)), None)


def condition_of(task: Task, key: str) -> Condition | None:
    """The condition with this key, or None."""
    return next((condition for condition in task.conditions if condition.key == key), None)


def no_such_node(flow: Flow, ref: str) -> Refusal:
    """The refusal for a reference that names nothing."""
    phase = phase_of_ref(ref)
    if phase is not None:
        return Refusal(Rule.NO_SUCH_NODE, f"There is no phase {quoted(phase)}.{did_you_mean(phase, flow.phases)}")
    return Refusal(Rule.NO_SUCH_NODE, f"There is no task {quoted(ref)}.{did_you_mean(ref, flow.tasks)}")


def _no_edge(edge: Edge) -> Refusal:
    return Refusal(Rule.NO_SUCH_EDGE, f"There is no such edge from {edge.source} to {edge.target}.")


def name(flow: Flow, ref: str) -> str:
    """How a node is called in a sentence: its name in quotation marks."""
    phase = phase_of_ref(ref)
    if ref == TRIGGER:
        return "the trigger"
    node = flow.phases.get(phase) if phase is not None else flow.tasks.get(ref)
    return quoted(node.name if node is not None and node.name else ref)
