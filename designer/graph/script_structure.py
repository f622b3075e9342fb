"""The nested blocks of a flow written as code, read from its source with `ast`; nothing is run.

Only what matters to the flow is kept: steps, choices, loops and tries that hold some, early returns, and functions that
hold steps with the calls of them. A step that is not awaited where it begins gets the ordinal numbers of its beginning
and of where its result is awaited.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from designer.graph.blocks import (
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
)
from designer.graph.script_values import (
    LONGEST_TEXT,
    Function,
    argument_of,
    config_of,
    literal_of,
    payload_shape,
    wait_options,
    words_of,
)

STEP_METHODS: Final = {
    "do": "do",
    "sleep": "sleep",
    "sleep_until": "sleep_until",
    "sleepUntil": "sleep_until",
    "wait_for_event": "wait",
    "waitForEvent": "wait",
}
WAITED_FOR: Final = {"FIRST_COMPLETED": "race", "FIRST_EXCEPTION": "all", "ALL_COMPLETED": "all_settled"}


class NoSuchClass(ValueError):
    """The source cannot be read, or has no such class with a method `run`."""


def structure_of_script(source: str, class_name: str) -> Start:
    """The nested blocks of a class of a script. Raises `NoSuchClass`."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as bad:
        raise NoSuchClass(f"The source cannot be read: {bad}") from bad
    found = next((node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == class_name), None)
    methods = {node.name: node for node in found.body if isinstance(node, Function)} if found is not None else {}
    run = methods.pop("run", None)
    if run is None:
        raise NoSuchClass(f"The source has no class {class_name!r} with a method run.")
    functions = {node.name: node for node in tree.body if isinstance(node, Function)}
    reader = _Reader(methods, functions)
    names = [argument.arg for argument in run.args.args][1:3]
    scope = _Scope(event=names[0] if names else "", step=names[1] if len(names) > 1 else "")
    nodes = reader.body(run.body, scope, is_last=True)
    payload = payload_shape(run, scope.event)
    return Start(class_name=class_name, nodes=tuple(nodes), functions=dict(reader.defined), payload=payload)


@dataclass(slots=True)
class _Scope:
    """What names mean in a function."""

    event: str
    step: str
    steps: dict[str, StepDo] = field(default_factory=dict)
    """Functions that are steps."""
    functions: dict[str, Function] = field(default_factory=dict)
    """Functions that are none, but may hold some."""
    pending: dict[str, _Begun] = field(default_factory=dict)
    """Steps that have begun, by the name that holds them."""

    def inside(self, function: Function) -> _Scope:
        """The scope of a function that is called with `step`."""
        parameters = [argument.arg for argument in function.args.args]
        step = self.step if self.step not in parameters and "step" not in parameters else "step"
        return _Scope(
            self.event,
            step if step in parameters or step == self.step else self.step,
            dict(self.steps),
            dict(self.functions),
        )


@dataclass(slots=True)
class _Begun:
    """A step that has begun and not been awaited: where it stands in the list that holds it."""

    holder: list[Node]
    place: int


class _Reader:
    """Reads functions into blocks."""

    def __init__(self, methods: Mapping[str, Function], functions: Mapping[str, Function]) -> None:
        self.methods = methods
        self.functions = functions
        self.defined: dict[str, FunctionDef] = {}
        self.ordinal = 0
        self.reading: set[str] = set()

    # -- statements ---------------------------------------------------------------------------------------------------

    def body(self, statements: Sequence[ast.stmt], scope: _Scope, *, is_last: bool = False) -> list[Node]:
        """Statements one after another. `is_last`: a return at their end is how the function ends anyway."""
        nodes: list[Node] = []
        for number, statement in enumerate(statements):
            self._statement(statement, nodes, scope, is_end=is_last and number == len(statements) - 1)
        return nodes

    def _statement(self, statement: ast.stmt, nodes: list[Node], scope: _Scope, *, is_end: bool) -> None:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._define(statement, scope)
            case ast.If():
                self._if(statement, nodes, scope)
            case ast.While() | ast.For() | ast.AsyncFor():
                self._loop(statement, nodes, scope)
            case ast.Try():
                self._try(statement, nodes, scope)
            case ast.Match():
                self._match(statement, nodes, scope)
            case ast.With() | ast.AsyncWith():
                self._with(statement, nodes, scope)
            case ast.Return():
                self._expression(statement.value, nodes, scope)
                if not is_end:
                    nodes.append(Break(kind="return"))
            case ast.Break():
                nodes.append(Break(kind="break"))
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._assign(name, value, nodes, scope)
            case _:
                for child in ast.iter_child_nodes(statement):
                    if isinstance(child, ast.expr):
                        self._expression(child, nodes, scope)

    def _define(self, function: Function, scope: _Scope) -> None:
        for decorator in function.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            if _method(call.func if call else decorator, scope) == "do":
                config = argument_of(call, "config", 2) if call else None
                name = argument_of(call, "name", 0) if call else None
                inside = tuple(self.body(function.body, scope.inside(function), is_last=True))
                scope.steps[function.name] = _do(words_of(name) if name else function.name, config, inside)
                return
        scope.functions[function.name] = function

    def _assign(self, name: str, value: ast.expr, nodes: list[Node], scope: _Scope) -> None:
        """`later = charge()` begins a step; `result = await charge()` runs it."""
        begun = self._begin(value, scope)
        if begun is None:
            self._expression(value, nodes, scope)
            return
        self.ordinal += 1
        nodes.append(_timed(begun, starts=self.ordinal))
        scope.pending[name] = _Begun(nodes, len(nodes) - 1)

    def _if(self, statement: ast.If, nodes: list[Node], scope: _Scope) -> None:
        branches: list[Branch] = []
        rest: list[ast.stmt] = [statement]
        while len(rest) == 1 and isinstance(rest[0], ast.If):
            inner = rest[0]
            self._expression(inner.test, nodes, scope)
            branches.append(Branch(condition=words_of(inner.test), nodes=tuple(self.body(inner.body, scope))))
            rest = inner.orelse
        if rest:
            branches.append(Branch(condition=None, nodes=tuple(self.body(rest, scope))))
        if any(branch.nodes for branch in branches):
            nodes.append(If(branches=tuple(branches)))

    def _match(self, statement: ast.Match, nodes: list[Node], scope: _Scope) -> None:
        self._expression(statement.subject, nodes, scope)
        branches = []
        for case in statement.cases:
            is_rest = isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None
            text = ast.unparse(case.pattern) + (f" if {ast.unparse(case.guard)}" if case.guard else "")
            body = tuple(self.body(case.body, scope))
            branches.append(Branch(condition=None if is_rest else text[:LONGEST_TEXT], nodes=body))
        if any(branch.nodes for branch in branches):
            nodes.append(Switch(discriminant=words_of(statement.subject), branches=tuple(branches)))

    def _loop(self, statement: ast.While | ast.For | ast.AsyncFor, nodes: list[Node], scope: _Scope) -> None:
        inside: list[Node] = []
        if isinstance(statement, ast.While):
            self._expression(statement.test, inside, scope)
        else:
            self._expression(statement.iter, nodes, scope)
        inside += self.body(statement.body, scope)
        if inside:
            nodes.append(Loop(nodes=tuple(inside)))
        nodes += self.body(statement.orelse, scope)

    def _try(self, statement: ast.Try, nodes: list[Node], scope: _Scope) -> None:
        tried = [*self.body(statement.body, scope), *self.body(statement.orelse, scope)]
        handlers = [(handler, self.body(handler.body, scope)) for handler in statement.handlers]
        caught: list[Node] = []
        if len(handlers) == 1:
            caught = handlers[0][1]
        elif any(body for _, body in handlers):
            branches = [
                Branch(condition=words_of(handler.type) if handler.type else None, nodes=tuple(body))
                for handler, body in handlers
            ]
            caught = [If(branches=tuple(branches))]
        last = self.body(statement.finalbody, scope)
        if not (tried or caught or last):
            return
        catch = Block(nodes=tuple(caught)) if statement.handlers else None
        nodes.append(Try(try_block=block(tried), catch_block=catch, finally_block=block(last)))

    def _with(self, statement: ast.With | ast.AsyncWith, nodes: list[Node], scope: _Scope) -> None:
        for item in statement.items:
            self._expression(item.context_expr, nodes, scope)
        is_group = any("TaskGroup" in ast.unparse(item.context_expr) for item in statement.items)
        inside = self.body(statement.body, scope)
        if is_group and inside:
            ways = tuple(replace(node, starts=None) if isinstance(node, TIMED) else node for node in inside)
            nodes.append(Parallel(kind="all", nodes=ways))
        else:
            nodes += inside

    # -- expressions --------------------------------------------------------------------------------------------------

    def _expression(self, value: ast.expr | None, nodes: list[Node], scope: _Scope) -> None:
        """What an expression does, in the order of its evaluation."""
        match value:
            case None | ast.Lambda():
                return
            case ast.Await(value=ast.Name(id=name)) if name in scope.pending:
                self._resolve(scope.pending.pop(name))
            case ast.Await(value=ast.Call() as call):
                self._awaited(call, nodes, scope)
            case ast.IfExp():
                self._expression(value.test, nodes, scope)
                ways = [self._alone(part, scope) for part in (value.body, value.orelse)]
                if any(ways):
                    branches = (
                        Branch(condition=words_of(value.test), nodes=tuple(ways[0])),
                        Branch(condition=None, nodes=tuple(ways[1])),
                    )
                    nodes.append(If(branches=branches))
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                inside = self._comprehension(value, scope)
                if inside:
                    nodes.append(Loop(nodes=tuple(inside)))
            case ast.Call() as call:
                begun = self._begin(call, scope)
                if begun is None:
                    for child in (*call.args, *(keyword.value for keyword in call.keywords)):
                        self._expression(child, nodes, scope)
                else:
                    self.ordinal += 1
                    nodes.append(_timed(begun, starts=self.ordinal))
            case _:
                for part in ast.iter_child_nodes(value):
                    if isinstance(part, ast.expr):
                        self._expression(part, nodes, scope)

    def _alone(self, value: ast.expr, scope: _Scope) -> list[Node]:
        nodes: list[Node] = []
        self._expression(value, nodes, scope)
        return nodes

    def _comprehension(self, value: ast.expr, scope: _Scope) -> list[Node]:
        inside: list[Node] = []
        for part in ast.walk(value):
            if isinstance(part, ast.Call):
                begun = self._begin(part, scope)
                if begun is not None:
                    inside.append(begun)
        return inside

    def _awaited(self, call: ast.Call, nodes: list[Node], scope: _Scope) -> None:
        begun = self._begin(call, scope)
        if begun is not None:
            nodes.append(begun)
            return
        name = ast.unparse(call.func)
        if name.endswith("gather"):
            settled = any(
                keyword.arg == "return_exceptions" and ast.unparse(keyword.value) == "True" for keyword in call.keywords
            )
            self._parallel("all_settled" if settled else "all", call.args, nodes, scope)
        elif name in ("asyncio.wait", "wait"):
            when = next((ast.unparse(k.value) for k in call.keywords if k.arg == "return_when"), "ALL_COMPLETED")
            self._parallel(WAITED_FOR.get(when.rsplit(".", 1)[-1], "all_settled"), call.args, nodes, scope)
        elif name.endswith("first_success"):
            self._parallel("any", call.args, nodes, scope)
        elif name in ("asyncio.wait_for", "asyncio.shield") and call.args:
            self._expression(ast.Await(value=call.args[0]), nodes, scope)
        else:
            for child in (*call.args, *(keyword.value for keyword in call.keywords)):
                self._expression(child, nodes, scope)

    def _parallel(self, kind: str, arguments: Sequence[ast.expr], nodes: list[Node], scope: _Scope) -> None:
        """Ways side by side. Those that have begun before are awaited here."""
        ways: list[Node] = []
        for value in _flat(arguments):
            if isinstance(value, ast.Name) and value.id in scope.pending:
                self._resolve(scope.pending.pop(value.id))
            elif isinstance(value, (ast.ListComp, ast.GeneratorExp, ast.SetComp)):
                inside = self._comprehension(value, scope)
                ways += [Loop(nodes=tuple(inside))] if inside else []
            else:
                begun = self._begin(value, scope)
                ways += [begun] if begun is not None else self._alone(value, scope)
        if ways:
            nodes.append(Parallel(kind=kind, nodes=tuple(ways)))

    def _resolve(self, begun: _Begun) -> None:
        self.ordinal += 1
        node = begun.holder[begun.place]
        if isinstance(node, TIMED):
            begun.holder[begun.place] = replace(node, resolves=self.ordinal)

    # -- calls --------------------------------------------------------------------------------------------------------

    def _begin(self, value: ast.expr, scope: _Scope) -> Node | None:
        """The node of a call that begins a step, or of a function that holds steps; None for any other expression."""
        if not isinstance(value, ast.Call):
            return None
        if ast.unparse(value.func) in ("asyncio.create_task", "asyncio.ensure_future") and value.args:
            return self._begin(value.args[0], scope)
        method = _method(value.func, scope)
        if method is not None:
            return self._step(method, value, scope)
        match value.func:
            case ast.Name(id=name) if name in scope.steps:
                return scope.steps[name]
            case ast.Name(id=name) if name in scope.functions or name in self.functions:
                return self._call(name, scope.functions.get(name) or self.functions[name], scope)
            case ast.Attribute(value=ast.Name(id="self"), attr=name) if name in self.methods:
                return self._call(name, self.methods[name], scope)
            case ast.Call(func=inner) if _method(inner, scope) == "do":  # step.do("name")(function)
                return self._step("do", value.func, scope)
        return None

    def _call(self, name: str, function: Function, scope: _Scope) -> Node | None:
        """A call of a function that holds steps."""
        if name in self.reading:
            return FunctionCall(name=name)
        if name not in self.defined:
            self.reading.add(name)
            nodes = self.body(function.body, scope.inside(function), is_last=True)
            self.reading.discard(name)
            if not nodes:
                return None
            self.defined[name] = FunctionDef(name=name, nodes=tuple(nodes))
        return FunctionCall(name=name)

    def _step(self, method: str, call: ast.Call, scope: _Scope) -> Node:
        given = argument_of(call, "name", 0)
        name = words_of(given) if given is not None else method
        match method:
            case "sleep":
                duration = literal_of(argument_of(call, "duration", 1))
                return StepSleep(name=name, key=f"sleep:{name}", duration=duration)
            case "sleep_until":
                moment = argument_of(call, "timestamp", 1)
                return StepSleepUntil(name=name, key=f"sleep:{name}", timestamp=words_of(moment) if moment else "")
            case "wait":
                return StepWaitForEvent(name=name, key=f"wait:{name}", options=wait_options(call))
        callback, config = argument_of(call, "callback", 1), argument_of(call, "config", 2)
        if isinstance(callback, ast.Dict):
            callback, config = config, callback
        inside: tuple[Node, ...] = ()
        if isinstance(callback, ast.Name) and callback.id in scope.functions:
            function = scope.functions[callback.id]
            inside = tuple(self.body(function.body, scope.inside(function), is_last=True))
        return _do(name, config, inside)


TIMED: Final = (StepDo, StepSleep, StepSleepUntil, StepWaitForEvent, FunctionCall)
"""Nodes that may begin in one place and be awaited in another."""


def _timed(node: Node, *, starts: int) -> Node:
    return replace(node, starts=starts) if isinstance(node, TIMED) else node


def _method(value: ast.expr, scope: _Scope) -> str | None:
    """Which method of `step` an expression names."""
    match value:
        case ast.Attribute(value=ast.Name(id=name), attr=method) if name == scope.step:
            return STEP_METHODS.get(method)
    return None


def _flat(arguments: Sequence[ast.expr]) -> Iterator[ast.expr]:
    """Arguments with lists and `*lists` taken apart."""
    for value in arguments:
        inner = value.value if isinstance(value, ast.Starred) else value
        if isinstance(inner, (ast.List, ast.Tuple, ast.Set)):
            yield from _flat(inner.elts)
        else:
            yield inner


def _do(name: str, config: ast.expr | None, nodes: tuple[Node, ...]) -> StepDo:
    return StepDo(name=name, key=f"do:{name}", config=config_of(config), nodes=nodes)
