"""Random flows whose end does not depend on luck: whatever fails and whoever dies, an instance ends in one way only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from designer.graph.model import Flow
from tests.drawing import draw

PATIENT = {"limit": 50, "delay": "100 milliseconds", "backoff": "constant"}


@dataclass
class Drawing:
    """A flow as it grows: a chain of blocks, each entered at one task and left at one."""

    chance: Random
    delay_seconds: tuple[float, float]
    lines: list[str] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    loops: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    count: int = 0

    def name(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"

    def python(self, letter: str, function: str, **settings: Any) -> str:
        task = self.name(letter)
        arguments = {"what": f"{{{{ instance.id }}}}:{task}", "n": "{{ input.n }}"}
        inputs = {"function": function, "arguments": arguments}
        self.settings[task] = {"action": "python", "inputs": inputs, "retries": PATIENT, **settings}
        return task

    def noop(self, letter: str) -> str:
        task = self.name(letter)
        self.kinds[task] = "noop"
        return task

    # Each block answers where it is entered and where it is left.

    def work(self) -> tuple[str, str]:
        task = self.python("work", self.chance.choice(["chaos.work", "chaos.work", "chaos.flaky", "chaos.quick"]))
        return task, task

    def fork(self) -> tuple[str, str]:
        head, join = self.noop("fork"), self.noop("join")
        for _ in range(self.chance.randint(2, 4)):
            arm = self.python("arm", self.chance.choice(["chaos.work", "chaos.quick"]))
            self.lines.append(f"{head} -> {arm} -> {join}")
        return head, join

    def decision(self) -> tuple[str, str]:
        task, yes, no, end = self.name("decide"), self.work()[0], self.work()[0], self.noop("met")
        flag = f"f{self.count}"
        self.flags.append(flag)
        self.lines += [f"{task} -{flag}-> {yes} -> {end}", f"{task} -none_met-> {no} -> {end}"]
        return task, end

    def loop(self) -> tuple[str, str]:
        head, body, decision = self.work()[0], self.work()[0], self.name("again")
        self.loops[decision] = ("more", "done", self.chance.randint(2, 4))
        end = self.noop("out")
        self.lines += [
            f"{head} -> {body} -> {decision}",
            f"{decision} -more-> {head}",
            f"{decision} -done-> {end}",
            f"{decision} -none_met-> {end}",
        ]
        return head, end

    def catch(self) -> tuple[str, str]:
        tried, mended, end = self.python("try", "chaos.fails"), self.python("mend", "chaos.work"), self.noop("caught")
        self.lines += [f"{tried} -!-> {mended} -> {end}", f"{tried} -> {end}"]
        return tried, end

    def delay(self) -> tuple[str, str]:
        task = self.name("rest")
        self.kinds[task] = "delay"
        self.settings[task] = {"for": f"{int(self.chance.uniform(*self.delay_seconds) * 1000)} milliseconds"}
        return task, task

    def event(self) -> tuple[str, str]:
        task = self.name("wait")
        self.kinds[task] = "wait_event"
        type = f"go-{len(self.events)}"
        self.events.append(type)
        self.settings[task] = {"event_type": type, "timeout": "2 hours"}
        return task, task

    def values(self) -> tuple[str, str]:
        task = self.name("set")
        self.settings[task] = {"action": "set_values", "inputs": {"values": {task: "{{ input.n }}"}}}
        return task, task


@dataclass(frozen=True)
class ChaosFlow:
    """A drawn flow, the flags its decisions look at, and the events its waits wait for."""

    flow: Flow
    flags: tuple[str, ...]
    events: tuple[str, ...]

    def input(self, chance: Random, n: int) -> dict[str, Any]:
        """Of the n-th instance."""
        return {"n": n, "more": True} | {flag: chance.random() < 0.5 for flag in self.flags}


def random_flow(seed: int, *, blocks: int, delay_seconds: tuple[float, float] = (0.2, 1.5)) -> ChaosFlow:
    """A flow of so many blocks in a row, every third of them a delay."""
    drawing = Drawing(Random(seed), delay_seconds)
    makers: list[Callable[[], tuple[str, str]]] = [
        drawing.work,
        drawing.fork,
        drawing.decision,
        drawing.loop,
        drawing.catch,
        drawing.event,
        drawing.values,
    ]
    before: str | None = None
    for number in range(blocks):
        entry, exit = drawing.delay() if number % 3 == 2 else drawing.chance.choice(makers)()
        drawing.lines.append(f"{before} -> {entry}" if before else entry)
        before = exit
    flow = draw(
        "\n".join(drawing.lines),
        kinds=drawing.kinds,
        settings=drawing.settings,
        loops=drawing.loops,
        key=f"random-{seed}",
    )
    return ChaosFlow(flow, tuple(drawing.flags), tuple(drawing.events))


# -- flows for one scenario -------------------------------------------------------------------------------------------


def _python(function: str, task: str, **arguments: Any) -> dict[str, Any]:
    told = {"what": f"{{{{ instance.id }}}}:{task}", "n": "{{ input.n }}", **arguments}
    return {"action": "python", "inputs": {"function": function, "arguments": told}, "retries": PATIENT}


def slow() -> Flow:
    """Three steps, each of which takes a good part of a lease."""
    tasks = ("one", "two", "three")
    settings = {task: _python("chaos.slow", task, seconds=1.2) for task in tasks}
    return draw(" -> ".join(tasks), settings=settings, key="slow")


def neighbour() -> Flow:
    """Steps that take longer than a lease, beside which another step kills the process."""
    tasks = ("one", "two")
    return draw(" -> ".join(tasks), settings={t: _python("chaos.slow", t, seconds=5) for t in tasks}, key="neighbour")


def deadly() -> Flow:
    """A step that always kills its process, then one that is never reached."""
    inputs = {"function": "chaos.deadly", "arguments": {"what": "{{ instance.id }}:bite"}}
    settings = {"bite": {"action": "python", "inputs": inputs}, "after": _python("chaos.work", "after")}
    return draw("bite -> after", settings=settings, key="deadly")


def wide(branches: int = 1000) -> Flow:
    """Parallel branches and the task at which they meet."""
    names = [f"b{number}" for number in range(branches)]
    settings = {
        name: _python("chaos.quick" if number % 10 else "chaos.work", name) for number, name in enumerate(names)
    }
    return draw(f"head -> {','.join(names)} -> tail", kinds={"head": "noop"}, settings=settings, key="wide")


def race() -> Flow:
    """Fans out and in again, several times."""
    lines, settings, kinds, before = [], {}, {}, "start"
    kinds["start"] = "noop"
    for level in range(4):
        arms = [f"a{level}x{number}" for number in range(25)]
        settings |= {arm: _python("chaos.work", arm) for arm in arms}
        kinds[f"join{level}"] = "noop"
        lines.append(f"{before} -> {','.join(arms)} -> join{level}")
        before = f"join{level}"
    return draw("\n".join(lines), kinds=kinds, settings=settings, key="race")


def endless(function: str = "") -> Flow:
    """Goes round ten thousand times, were it not for the most steps that its flow allows."""
    settings = {"body": _python(function, "body")} if function else {}
    return draw(
        "body -> again; again -more-> body; again -done-> out; again -none_met-> out",
        settings=settings,
        kinds={} if function else {"body": "noop"},
        loops={"again": ("more", "done", 10_000)},
        limits={"max_steps": 400},
        key=f"endless-{'work' if function else 'noop'}",
    )


def hour() -> Flow:
    """Sleeps for an hour."""
    return draw(
        "sleep -> done", kinds={"sleep": "delay", "done": "noop"}, settings={"sleep": {"for": "1 hour"}}, key="hour"
    )


NAMED: dict[str, Callable[[], Flow]] = {
    "slow": slow,
    "neighbour": neighbour,
    "deadly": deadly,
    "wide": wide,
    "race": race,
    "endless-work": lambda: endless("chaos.quick"),
    "endless-noop": endless,
    "hour": hour,
}
