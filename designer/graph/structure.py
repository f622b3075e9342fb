"""The nested blocks of a drawn flow: its decisions, joins, loops and error edges as if, switch, parallel, loop and try.

A fork ends where all its ways meet again (its immediate post-dominator); the join there says what kind of parallel it
is. A decision is an `if`, or a `switch` where its conditions compare one value; its branches end where they meet. A
declared loop is a `loop` whose last node breaks out. An error edge makes a `try`; what joins both outcomes is its
`finally`. What several ways share without meeting properly becomes a function that each of them calls, so that nothing
is written twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from designer.graph.blocks import (
    DEFAULT_RETRIES,
    DEFAULT_TIMEOUT,
    Block,
    Branch,
    Break,
    FunctionCall,
    FunctionDef,
    If,
    Loop,
    Node,
    Parallel,
    Start,
    StepDo,
    StepSleep,
    StepSleepUntil,
    StepWaitForEvent,
    Switch,
    Try,
    block,
    every,
)
from designer.graph.lowering import EdgeRole
from designer.graph.model import NONE_MET, Condition, Flow, Join, Json, Match, Statement, Task
from designer.graph.plan import START, Plan, PlanEdge, PlanLoop, PlanNode, compile_plan

END: Final = -2
"""Where every way ends."""
SYMBOLS: Final[Mapping[str, str]] = {
    "equals": "==",
    "not_equals": "!=",
    "any_of": "in",
    "none_of": "not in",
    "contains": "contains",
    "not_contains": "does not contain",
    "starts_with": "starts with",
    "ends_with": "ends with",
    "greater_than": ">",
    "less_than": "<",
    "greater_than_or_equals": ">=",
    "less_than_or_equals": "<=",
    "is_empty": "is empty",
    "is_not_empty": "is not empty",
}
RETRIED: Final = frozenset({"automation", "ai_agent", "transfer", "account_update"})


def class_name_of(text: str) -> str:
    """A key as the name of a class: `order-flow` is `OrderFlow`."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", text) if word]
    name = "".join(word[:1].upper() + word[1:] for word in words) or "Flow"
    return name if name[0].isalpha() else f"Flow{name}"


def structure_of(flow: Flow, *, class_name: str = "") -> Start:
    """The nested blocks of a flow. Raises `plan.FlowNotRunnable` for one that cannot be published."""
    return _Structure(compile_plan(flow)).whole(class_name or class_name_of(flow.key))


class _Structure:
    """One flow being folded. It is gone through twice: first to find what several ways share."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.back = frozenset(loop.back_edge for loop in plan.loops)
        self.loop_of_target = {loop.target: loop for loop in plan.loops}
        self.ways, self.reach = _ways(plan, self.back)
        self.meets = _meeting_points(plan, self.back, self.ways)
        self.visits: Counter[int] = Counter()
        self.shared: frozenset[int] = frozenset()
        self.functions: dict[str, FunctionDef] = {}
        self.open: set[int] = set()
        """Loops that we are inside of."""

    def whole(self, class_name: str) -> Start:
        nodes = self._all()
        shared = frozenset(node for node, count in self.visits.items() if count > 1)
        if shared:
            self.shared, self.visits = shared, Counter()
            nodes = self._all()
        return Start(class_name=class_name, nodes=nodes, functions=self.functions)

    def _all(self) -> tuple[Node, ...]:
        starts = [self.plan.edges[number].target for number in self.plan.start_edges] or list(self.plan.orphans)
        return tuple(self._fork(list(dict.fromkeys(starts)), END, follow=True))

    # -- sequences ----------------------------------------------------------------------------------------------------

    def _sequence(self, at: int, stop: int) -> list[Node]:
        """What happens from a node on, up to `stop`."""
        nodes: list[Node] = []
        while at not in (stop, END):
            if at in self.shared:
                nodes.append(self._call(at, stop))
                return nodes
            self.visits[at] += 1
            if self.visits[at] > 1:
                return nodes  # found to be shared; the second time round it will be a function
            loop = self.loop_of_target.get(at)
            if loop is not None and loop.index not in self.open:
                at = self._loop(loop, nodes)
            else:
                at = self._one(self.plan.nodes[at], nodes, stop)
        return nodes

    def _call(self, at: int, stop: int) -> FunctionCall:
        """Call what several ways share; it is written down the first time."""
        name = self.plan.nodes[at].key.removeprefix("phase:")
        if name not in self.functions:
            self.functions[name] = FunctionDef(name=name, nodes=())
            shared, self.shared = self.shared, self.shared - {at}
            body = tuple(self._sequence(at, stop if stop in self.reach[at] else END))
            self.shared = shared
            self.functions[name] = FunctionDef(name=name, nodes=body)
        return FunctionCall(name=name)

    def _one(self, node: PlanNode, nodes: list[Node], stop: int) -> int:
        """Add one node with what it leads to; answers where to go on."""
        meet = self._within(self.meets[node.index], node.index, stop)
        normal = [self.plan.edges[n] for n in node.outgoing if self._is(n, EdgeRole.NORMAL)]
        beside = self._beside(node)
        errors = [self.plan.edges[n].target for n in node.outgoing if self._is(n, EdgeRole.ERROR)]
        if node.task is None:  # the end of a phase
            if errors:
                return self._try(node, nodes, [edge.target for edge in normal], errors, meet)
            return self._go_on(nodes, [edge.target for edge in self._leading_on(node)], meet)
        if node.task.kind == "decision":
            end = self._end_of_phase(node, normal, stop)
            if end is not None:
                nodes.append(self._choice(node.task, normal, end, goes_on=True))
                return end
            meet = self._within(END, node.index, stop) if self._may_end(node, normal, meet) else meet
            if errors and not normal:
                meet = self._within(END, node.index, stop)
            choice = self._choice(node.task, normal, meet)
            if beside:
                choice = Parallel(kind=Join.ALL.value, nodes=(choice, _way(self._fork(beside, meet))))
            nodes.append(choice)
            return self._try(node, nodes, [], errors, meet) if errors else meet
        nodes.append(step_of(node.task))
        targets = [*(edge.target for edge in normal), *beside] or [edge.target for edge in self._leading_on(node)]
        if errors:
            # Where success ends the way, what follows the failure is no meeting point.
            meet = meet if targets else self._within(END, node.index, stop)
            return self._try(node, nodes, targets, errors, meet)
        return self._go_on(nodes, targets, meet)

    def _within(self, meet: int, start: int, stop: int) -> int:
        """Where ways meet, but never beyond `stop`."""
        return stop if meet == END and stop in self.reach[start] else meet

    def _may_end(self, node: PlanNode, edges: Sequence[PlanEdge], meet: int) -> bool:
        """Whether the way ends at a decision that meets no condition: what follows is reached through it alone."""
        named = {edge.branch for edge in edges}
        assert node.task is not None  # noqa: S101  # the caller has looked
        if meet == END or all(branch in named for branch in node.task.branches):
            return False
        starts = [self.plan.edges[number].target for number in self.plan.start_edges] or list(self.plan.orphans)
        return meet not in _reached_without(self.plan, starts, node.index)

    def _end_of_phase(self, node: PlanNode, edges: Sequence[PlanEdge], stop: int) -> int | None:
        """Where the way goes on from a decision that leads nowhere: behind its phase, which ends whatever is met."""
        if edges:
            return None
        ends = [self.plan.edges[n].target for n in node.outgoing if self._is(n, EdgeRole.SETTLED)]
        return next((end for end in ends if stop == END or stop in self.reach[end]), None)

    def _beside(self, node: PlanNode) -> list[int]:
        """The end of the phase around a task, where the drawn edges of the task lead out of the phase."""
        drawn = {self.plan.edges[n].target for n in node.outgoing if not self._is(n, EdgeRole.SETTLED)}
        return [target for target in self.ways[node.index] if target not in drawn] if drawn else []

    def _is(self, number: int, role: EdgeRole) -> bool:
        return number not in self.back and self.plan.edges[number].role is role

    def _leading_on(self, node: PlanNode) -> list[PlanEdge]:
        """The invisible edges to the end of the phase, where no drawn edge leads on."""
        return [self.plan.edges[n] for n in node.outgoing if self.plan.edges[n].role is not EdgeRole.ERROR]

    def _go_on(self, nodes: list[Node], targets: Sequence[int], meet: int) -> int:
        unique = list(dict.fromkeys(targets))
        if len(unique) <= 1:
            return unique[0] if unique else END
        nodes.extend(self._fork(unique, meet))
        return meet

    # -- forks --------------------------------------------------------------------------------------------------------

    def _fork(self, targets: Sequence[int], meet: int, *, follow: bool = False) -> list[Node]:
        """Ways side by side up to where they meet. Those that meet earlier among themselves are folded first.

        `follow`: go on behind where they meet.
        """
        if len(targets) == 1:
            return self._sequence(targets[0], meet)
        if follow:
            common = self._common(targets)
            if common != END:
                return [*self._fork(targets, common), *self._sequence(common, meet)]
        ways: list[Node] = []
        for group in self._groups(targets, meet):
            if len(group) == 1:
                nodes = self._sequence(group[0], meet)
            else:
                common = self._common(group)
                inside = common not in (END, meet) and len(group) < len(targets)
                if not inside:
                    ways.extend(_way(self._sequence(target, meet)) for target in group)
                    continue
                nodes = [*self._fork(group, common), *self._sequence(common, meet)]
            ways.append(_way(nodes))
        kept = [way for way in ways if not (isinstance(way, Block) and not way.nodes)]
        if not kept:
            return []
        return [Parallel(kind=self._join(meet).value, nodes=tuple(kept))]

    def _groups(self, targets: Sequence[int], meet: int) -> list[list[int]]:
        """Ways that have something in common before `meet`."""
        beyond = self.reach.get(meet, frozenset()) | {meet}
        groups: list[tuple[list[int], frozenset[int]]] = []
        for target in targets:
            mine, members = self.reach[target] - beyond, [target]
            for group in [group for group in groups if group[1] & mine]:
                groups.remove(group)
                members = [*group[0], *members]
                mine |= group[1]
            groups.append((members, mine))
        return [members for members, _ in groups]

    def _common(self, targets: Iterable[int]) -> int:
        """Where all of these ways meet: the nearest of their common meeting points, the ways' beginnings included."""
        chains = []
        for target in targets:
            chain = [target]
            while chain[-1] != END:
                chain.append(self.meets[chain[-1]])
            chains.append(chain)
        return next(node for node in chains[0] if all(node in chain for chain in chains))

    def _join(self, meet: int) -> Join:
        return Join.ALL if meet == END else self.plan.nodes[meet].join

    # -- decisions, loops, errors -------------------------------------------------------------------------------------

    def _choice(self, task: Task, edges: Sequence[PlanEdge], meet: int, *, goes_on: bool = False) -> Node:
        """`goes_on`: a branch that leads nowhere does not end the way."""
        by_branch: dict[str, list[int]] = {}
        for edge in edges:
            by_branch.setdefault(edge.branch or NONE_MET, []).append(edge.target)
        values = _switch_values(task)
        branches = []
        for condition in task.conditions:
            text = values[condition.key] if values else condition_text(condition)
            branches.append(Branch(condition=text, nodes=self._branch(by_branch.get(condition.key), meet, goes_on)))
        if NONE_MET in by_branch or meet == END:
            branches.append(Branch(condition=None, nodes=self._branch(by_branch.get(NONE_MET), meet, goes_on)))
        if values:
            source = task.conditions[0].statements[0].source
            return Switch(discriminant=source, branches=tuple(branches), key=task.key)
        return If(branches=tuple(branches), key=task.key)

    def _branch(self, targets: Sequence[int] | None, meet: int, goes_on: bool) -> tuple[Node, ...]:
        """A branch that leads nowhere ends the way, unless it goes on."""
        if not targets:
            return () if goes_on else (Break(kind="return"),)
        return tuple(self._fork(list(dict.fromkeys(targets)), meet))

    def _loop(self, loop: PlanLoop, nodes: list[Node]) -> int:
        """Add a loop; answers where to go on once it is left."""
        decision = self.plan.nodes[loop.decision]
        assert decision.task is not None  # noqa: S101  # only decisions declare loops
        self.open.add(loop.index)
        if loop.target == loop.decision:
            body: list[Node] = []
        else:
            self.visits[loop.target] -= 1
            body = self._sequence(loop.target, loop.decision)
            self.visits[loop.decision] += 1
        texts = {condition.key: condition_text(condition) for condition in decision.task.conditions}
        again, leave = texts.get(loop.branch), texts.get(loop.exit)
        if leave is not None:
            body.append(If(branches=(Branch(condition=leave, nodes=(Break(kind="break"),)),), key=decision.key))
        else:
            stay = Branch(condition=again, nodes=())
            body.append(If(branches=(stay, Branch(condition=None, nodes=(Break(kind="break"),))), key=decision.key))
        self.open.discard(loop.index)
        nodes.append(Loop(nodes=tuple(body)))
        left = [self.plan.edges[n] for n in decision.outgoing if self._is(n, EdgeRole.NORMAL)]
        if len({edge.branch for edge in left}) > 1:
            nodes.append(self._choice(decision.task, left, self.meets[decision.index]))
            return self.meets[decision.index]
        return self._go_on(nodes, self.ways[decision.index], self.meets[decision.index])

    def _try(self, node: PlanNode, nodes: list[Node], targets: Sequence[int], errors: Sequence[int], meet: int) -> int:
        """What may fail with what follows from it, and what follows from its failure."""
        tried = self._tried(node, nodes)
        unique = [target for target in dict.fromkeys(targets) if target != meet]
        tried += self._fork(unique, meet) if unique else []
        catching = [target for target in dict.fromkeys(errors) if target != meet]
        caught = self._fork(catching, meet) if catching else []
        last: list[Node] = []
        at = meet
        if meet != END and self._join(meet) is Join.ALL_SETTLED and meet not in self.shared and self.visits[meet] == 0:
            self.visits[meet] += 1
            at = self._one(self.plan.nodes[meet], last, END)
        nodes.append(Try(try_block=block(tried), catch_block=Block(nodes=tuple(caught)), finally_block=block(last)))
        return at

    def _tried(self, node: PlanNode, nodes: list[Node]) -> list[Node]:
        """What an error edge catches: its own step, or of a phase all that was added of it."""
        if node.task is not None:
            return [nodes.pop()]
        keys = {self.plan.nodes[number].key for number in self.plan.phases.get(node.key.removeprefix("phase:"), ())}
        tried: list[Node] = []
        while nodes and keys_of(nodes[-1]) <= keys and keys_of(nodes[-1]):
            tried.insert(0, nodes.pop())
        return tried


def _way(nodes: Sequence[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else Block(nodes=tuple(nodes))


def keys_of(node: Node) -> set[str]:
    """The keys of all that lies in a node."""
    return {key for part in every(node) if (key := getattr(part, "key", ""))}


# -- single steps -----------------------------------------------------------------------------------------------------


def step_of(task: Task) -> Node:
    """The block of one task that is no decision."""
    name, settings = task.name or task.key, task.settings
    match task.kind:
        case "delay" if "for" in settings and "until" not in settings:
            return StepSleep(name=name, key=task.key, duration=str(settings["for"]))
        case "delay":
            moment = settings.get("until") or settings.get("cron") or ""
            return StepSleepUntil(name=name, key=task.key, timestamp=str(moment))
        case "wait_event":
            options = {
                "event_type": str(settings.get("event_type", "")),
                "timeout": settings.get("timeout", "24 hours"),
            }
            return StepWaitForEvent(name=name, key=task.key, options=options)
        case "manual":
            return StepWaitForEvent(name=name, key=task.key)
        case "call":
            return Start(class_name=class_name_of(str(settings.get("flow", "")) or task.key), nodes=(), key=task.key)
        case _:
            return StepDo(name=name, key=task.key, config=_config(task))


def _config(task: Task) -> Mapping[str, Json]:
    """The settings of a step with the defaults of drawn flows filled in."""
    given = task.settings.get("retries")
    retries: dict[str, Json] = {"limit": 0, "delay": 0, "backoff": DEFAULT_RETRIES["backoff"]}
    if task.kind in RETRIED:
        retries = {**DEFAULT_RETRIES, "delay": "10 seconds", **(given if isinstance(given, Mapping) else {})}
    return {"retries": retries, "timeout": task.settings.get("timeout", DEFAULT_TIMEOUT)}


# -- conditions -------------------------------------------------------------------------------------------------------


def condition_text(condition: Condition) -> str:
    """A condition in one line: `input.total > 1000 and input.country in [DE, AT]`."""
    if not condition.statements:
        return condition.name or condition.key
    glue = " and " if condition.match is Match.ALL else " or "
    return glue.join(map(_statement_text, condition.statements))


def _statement_text(statement: Statement) -> str:
    symbol = SYMBOLS.get(statement.operator, statement.operator)
    values = ", ".join(map(str, statement.values))
    if statement.operator in ("any_of", "none_of"):
        values = f"[{values}]"
    return " ".join(part for part in (statement.source, symbol, values) if part)


def _switch_values(task: Task) -> Mapping[str, str]:
    """The value of each branch where all conditions compare the same value for equality; else nothing."""
    found: dict[str, str] = {}
    sources = set()
    for condition in task.conditions:
        if len(condition.statements) != 1 or condition.statements[0].operator not in ("equals", "any_of"):
            return {}
        sources.add(condition.statements[0].source)
        found[condition.key] = ", ".join(map(str, condition.statements[0].values))
    return found if len(found) > 1 and len(sources) == 1 else {}


# -- where ways meet --------------------------------------------------------------------------------------------------


def _ways(plan: Plan, back: frozenset[int]) -> tuple[dict[int, list[int]], dict[int, frozenset[int]]]:
    """Where each node's ways lead, and what can be reached from it, itself included.

    The end of a task's phase is a way of its own only where no drawn edge leads there. A decision without an
    `otherwise` may also end the way: that is none.
    """
    ways: dict[int, list[int]] = {}
    reach: dict[int, frozenset[int]] = {}
    for node in reversed(_order(plan, back)):
        edges = [plan.edges[number] for number in plan.nodes[node].outgoing if number not in back]
        drawn = [edge.target for edge in edges if edge.role is not EdgeRole.SETTLED]
        reached = frozenset({node}).union(*(reach[target] for target in drawn))
        beside = [edge.target for edge in edges if edge.role is EdgeRole.SETTLED and edge.target not in reached]
        ways[node] = list(dict.fromkeys([*drawn, *beside]))
        reach[node] = reached.union(*(reach[target] for target in beside))
    return ways, reach


def _reached_without(plan: Plan, starts: Iterable[int], without: int) -> set[int]:
    """What is reached from the start when one node is left out."""
    seen: set[int] = set()
    todo = [start for start in starts if start != without]
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            targets = (plan.edges[number].target for number in plan.nodes[node].outgoing)
            todo.extend(target for target in targets if target != without)
    return seen


def _meeting_points(plan: Plan, back: frozenset[int], ways: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """The immediate post-dominator of each node: the first that every way from it comes through, or the end."""
    order = _order(plan, back)
    place = {node: number for number, node in enumerate(order)} | {END: len(order)}
    found: dict[int, int] = {END: END}
    for node in reversed(order):
        targets = ways[node]
        meet = targets[0] if targets else END
        for target in targets[1:]:
            meet = _meet(meet, target, found, place)
        found[node] = meet
    return found


def _meet(one: int, other: int, found: Mapping[int, int], place: Mapping[int, int]) -> int:
    while one != other:
        if place[one] < place[other]:
            one = found[one]
        else:
            other = found[other]
    return one


def _order(plan: Plan, back: frozenset[int]) -> list[int]:
    """The nodes so that every edge leads forward."""
    waiting = [0] * len(plan.nodes)
    for edge in plan.edges:
        if edge.index not in back and edge.source != START:
            waiting[edge.target] += 1
    ready = [node for node, count in enumerate(waiting) if count == 0]
    order = []
    for node in ready:
        order.append(node)
        for number in plan.nodes[node].outgoing:
            if number not in back:
                target = plan.edges[number].target
                waiting[target] -= 1
                if waiting[target] == 0:
                    ready.append(target)
    return order


__all__ = ["class_name_of", "condition_text", "structure_of"]
