"""Scripts drawn as flows."""

from __future__ import annotations

import pytest

from designer.graph.model import TRIGGER, Edge, Flow, On, Task
from designer.rendering.blocks import drawing_of, shown
from designer.rendering.layout import layout_flow
from designer.rendering.svg import flow_svg
from tests.drawing import draw

SOURCE = """
async def ship(step):
    await step.do("label", f)

class Shop(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.do("charge card", f)
        if event["payload"]["vip"]:
            await step.sleep("nap", 1000)
        else:
            return
        for number in range(3):
            try:
                await step.do(f"pack {number}", f)
            except ValueError:
                await step.wait_for_event("help", "help")
            if number:
                break
        await asyncio.gather(step.do("a", f), step.do("b", f))
        await ship(step)
"""


def program(source: str = SOURCE) -> Flow:
    """A flow of one program."""
    settings = {"script": "shop", "class_name": "Shop", "source": source}
    task = Task("program", "Shop", "program", settings=settings)
    return Flow("shop", "Shop", tasks={"program": task}, edges=(Edge(TRIGGER, "program"),))


def test_a_program_is_drawn_by_its_steps() -> None:
    flow = shown(program())
    names = [task.name for task in flow.tasks.values()]
    assert names == [
        "charge card", "event['payload']['vip']", "nap", "return", "loop", "pack {number}", "help", "number",
        "again?", "side by side", "a", "b", "all of them", "ship()", "label",
    ]  # fmt: skip
    assert [phase.name for phase in flow.phases.values()] == ["ship()"]
    assert sum(edge.on is On.ERROR for edge in flow.edges) == 1
    assert "charge card" in flow_svg(flow, layout_flow(flow))


@pytest.mark.parametrize(
    ("kind", "name", "block"),
    [("do", "charge card", "do:charge card"), ("do", "pack 2", "do:pack {number}"), ("sleep", "nap", "sleep:nap")],
)
def test_a_step_of_an_instance_finds_its_card(kind: str, name: str, block: str) -> None:
    drawing = drawing_of(program())
    assert drawing is not None
    key = drawing.task_of(kind, name)
    assert key is not None
    assert drawing.blocks[key] == block
    assert drawing.task_of(kind, "something else") is None


def test_other_flows_and_unreadable_sources_are_drawn_as_they_are() -> None:
    drawn = draw("trigger -> a -> b")
    assert shown(drawn) is drawn
    broken = program("def (")
    assert shown(broken) is broken
