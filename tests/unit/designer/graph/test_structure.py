"""Drawn flows and scripts as nested blocks."""

from __future__ import annotations

from collections import Counter
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given

from designer.graph.blocks import Node, Start, StepSleepUntil, StepWaitForEvent, every
from designer.graph.model import Condition, Flow, Statement, Task
from designer.graph.script_structure import NoSuchClass, structure_of_script
from designer.graph.structure import condition_text, structure_of
from tests.drawing import draw
from tests.strategies import flows


def words(node: Node) -> str:
    """A node in one line: `parallel:any(b c)`."""
    name = next((text for name in ("name", "kind") if (text := getattr(node, name, ""))), "")
    match node.type:
        case "step_do" | "step_sleep" | "step_sleep_until" | "step_wait_for_event":
            return name
        case "function_call" | "break":
            return f"{'call' if node.type == 'function_call' else ''}:{name}".lstrip(":")
        case "if" | "switch":
            inside = " ".join(f"[{b.condition or 'else'}: {line(b.nodes)}]" for b in node.branches)  # type: ignore[union-attr]
        case "try":
            parts = (node.try_block, node.catch_block, node.finally_block)  # type: ignore[union-attr]
            inside = " | ".join(line(part.nodes) if part else "-" for part in parts)
        case _:
            inside = line(node.nodes)  # type: ignore[union-attr]
    return f"{node.type}{':' + name if name and node.type == 'parallel' else ''}({inside})"


def line(nodes: Any) -> str:
    """Nodes in one line."""
    return " ".join(map(words, nodes))


def told(start: Start) -> str:
    """A whole flow in one line, its functions behind it."""
    functions = "".join(f"; {name} = {line(function.nodes)}" for name, function in start.functions.items())
    return line(start.nodes) + functions


@pytest.mark.parametrize(
    ("drawing", "blocks"),
    [
        ("trigger -> a -> b", "a b"),
        ("trigger -> a -> b,c -> d[any] -> e", "a parallel:any(b c) d e"),
        ("trigger -> a,b -> c[race]", "parallel:race(a b) c"),
        ("trigger -> a,b -> c[all_settled]", "parallel:all_settled(a b) c"),
        ("trigger -> a,b", "parallel:all(a b)"),
        ("trigger -> f -> a,b,c; a,b -> d; d,c -> e", "f parallel:all(block(parallel:all(a b) d) c) e"),
        (
            "trigger -> d; d -yes-> a -> c; d -none_met-> b -> c; c -> z",
            "if([input.yes == True: a] [else: b]) c z",
        ),
        ("trigger -> d; d -yes-> a -> c", "if([input.yes == True: a c] [else: return])"),
        ("trigger -> a -> b; a -!-> m; m,b -> f[all_settled] -> z", "try(a b | m | f) z"),
        ("trigger -> a; a -!-> m", "try(a | m | -)"),
        (
            "trigger -> d; d -x-> a -> s; d -y-> b -> s; d -none_met-> c; s -> t",
            "if([input.x == True: a call:s] [input.y == True: b call:s] [else: c]); s = s t",
        ),
    ],
)
def test_a_drawn_flow_is_folded(drawing: str, blocks: str) -> None:
    assert told(structure_of(draw(drawing))) == blocks


def test_a_declared_loop_is_a_loop_that_breaks_out() -> None:
    flow = draw("trigger -> a -> d; d -again-> a; d -done-> z", loops={"d": ("again", "done", 3)})
    assert told(structure_of(flow)) == "loop(a if([input.done == True: break])) z"


def test_conditions_on_one_value_are_a_switch() -> None:
    flow = draw("trigger -> d; d -de-> a; d -at-> b; d -none_met-> c")
    conditions = tuple(
        Condition(key, statements=(Statement("input.country", "equals", (key.upper(),)),)) for key in ("de", "at")
    )
    task = flow.tasks["d"]
    changed = flow.with_task(Task("d", "d", "decision", settings=task.settings, conditions=conditions))
    assert told(structure_of(changed)) == "switch([DE: a] [AT: b] [else: c])"


def test_a_condition_reads_like_code() -> None:
    statements = (
        Statement("input.total", "greater_than", ("100",)),
        Statement("input.country", "any_of", ("DE", "AT")),
    )
    assert condition_text(Condition("x", statements=statements)) == "input.total > 100 and input.country in [DE, AT]"


def test_waits_and_sleeps_have_types_of_their_own() -> None:
    flow = draw(
        "trigger -> a -> b -> c -> d",
        kinds={"a": "delay", "b": "wait_event", "c": "manual", "d": "delay"},
        settings={"a": {"for": "2 hours"}, "b": {"event_type": "paid"}, "d": {"until": "{{ input.at }}"}},
    )
    sleep, wait, person, until = structure_of(flow).nodes
    assert (sleep.type, wait.type, person.type, until.type) == (
        "step_sleep", "step_wait_for_event", "step_wait_for_event", "step_sleep_until",
    )  # fmt: skip
    assert isinstance(wait, StepWaitForEvent)
    assert wait.options == {"event_type": "paid", "timeout": "24 hours"}
    assert isinstance(person, StepWaitForEvent)
    assert person.options is None
    assert isinstance(until, StepSleepUntil)
    assert until.timestamp == "{{ input.at }}"


@given(flows())
def test_every_task_has_its_place_in_the_structure_once(flow: Flow) -> None:
    start = structure_of(flow)
    found = Counter(key for node in every(start) if (key := getattr(node, "key", "")))
    steps = {key: found[key] for key, task in flow.tasks.items() if task.kind != "decision"}
    assert set(steps.values()) <= {1}


def test_what_follows_a_phase_follows_whatever_its_decision_met() -> None:
    flow = draw("phase:p -> after; pick", kinds={"pick": "decision"}, phases={"p": "pick"})
    start = structure_of(flow)
    assert [getattr(node, "key", "") for node in start.nodes] == ["pick", "after"]
    assert "return" not in repr(start)


# -- scripts ----------------------------------------------------------------------------------------------------------


def script(body: str, rest: str = "") -> str:
    """A source whose class `Shop` has this program."""
    lines = "\n".join("        " + text for text in dedent(body).strip().splitlines())
    return f"{dedent(rest)}\nclass Shop(WorkflowEntrypoint):\n    async def run(self, event, step):\n{lines}\n"


@pytest.mark.parametrize(
    ("body", "blocks"),
    [
        ('await step.do("a", f)\nawait step.sleep("nap", "1 hour")', "a nap"),
        ('@step.do("charge card")\nasync def charge(): ...\nawait charge()', "charge card"),
        ('await asyncio.gather(step.do("a", f), step.do("b", f))', "parallel:all(a b)"),
        ('await asyncio.gather(step.do("a", f), return_exceptions=True)', "parallel:all_settled(a)"),
        ('await asyncio.wait([step.do("a", f)], return_when=asyncio.FIRST_COMPLETED)', "parallel:race(a)"),
        ('await asyncio.gather(*[step.do(f"a {n}", f) for n in x])', "parallel:all(loop(a {n}))"),
        (
            'if event["payload"]["x"] > 1:\n    await step.do("a", f)\nelse:\n    return 1\nawait step.do("b", f)',
            "if([event['payload']['x'] > 1: a] [else: return]) b",
        ),
        ('for one in many:\n    await step.do("a", f)\n    if one:\n        break', "loop(a if([one: break]))"),
        (
            'try:\n    await step.do("a", f)\nexcept ValueError:\n    await step.do("b", f)\n'
            'finally:\n    await step.do("c", f)',
            "try(a | b | c)",
        ),
        (
            'match kind:\n    case "x":\n        await step.do("a", f)\n    case _:\n        await step.do("b", f)',
            "switch(['x': a] [else: b])",
        ),
        ("if quiet:\n    print(1)\nreturn 2", ""),
    ],
)
def test_a_script_is_read(body: str, blocks: str) -> None:
    assert told(structure_of_script(script(body), "Shop")) == blocks


def test_functions_that_hold_steps_are_defined_once_and_called() -> None:
    source = script(
        "await ship(step)\nawait ship(step)\nhelp()",
        """
        def help(): ...
        async def ship(step):
            await step.do("label", f)
            await step.do("parcel", f)
        """,
    )
    assert told(structure_of_script(source, "Shop")) == "call:ship call:ship; ship = label parcel"


def test_a_step_that_is_awaited_later_says_where_it_starts_and_resolves() -> None:
    start = structure_of_script(script('later = step.do("a", f)\nawait step.do("b", f)\nawait later'), "Shop")
    first, second = start.nodes
    assert (first.starts, first.resolves) == (1, 2)  # type: ignore[union-attr]
    assert (second.starts, second.resolves) == (None, None)  # type: ignore[union-attr]


def test_the_shape_of_the_payload_is_what_is_read_of_it() -> None:
    start = structure_of_script(script('await step.do(event["payload"]["order"]["id"], f)\nevent.payload["x"]'), "Shop")
    assert start.payload == {
        "type": "object",
        "fields": {"order": {"type": "object", "fields": {"id": {"type": "unknown"}}}, "x": {"type": "unknown"}},
    }


def test_the_configuration_of_a_step_is_filled_in() -> None:
    body = 'await step.do("a", f, {"retries": {"limit": 2, "delay": lambda c: 1}, "timeout": "5 seconds"})'
    (step,) = structure_of_script(script(body), "Shop").nodes
    assert step.config == {  # type: ignore[union-attr]
        "retries": {"limit": 2, "delay": "[dynamic]", "backoff": "exponential"},
        "timeout": "5 seconds",
    }


@pytest.mark.parametrize("source", ["class Shop:\n    pass", "def (", "", "class Other:\n    async def run(self): ..."])
def test_a_source_without_the_class_is_refused(source: str) -> None:
    with pytest.raises(NoSuchClass):
        structure_of_script(source, "Shop")
