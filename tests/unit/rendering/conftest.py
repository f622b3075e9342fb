"""Drawn flows that hold what is hard to draw."""

from __future__ import annotations

from dataclasses import replace

import pytest

from designer.graph.model import Flow
from tests.drawing import draw

EVIL = "<script>alert(1)</script>"
NASTY = [
    EVIL,
    '"><svg onload=x>',
    "\\N \\G \\L",
    "<<b>bold</b>>",
    'end"; evil [label=x]',
    "&lt;b&gt; & co",
    "a\\",
    "]]>",
]


@pytest.fixture
def order() -> Flow:
    """Phases, a decision, a loop, an error edge, an edge into a phase, a phase without tasks."""
    return draw(
        "trigger -> fetch -> decide; decide -yes-> ship,label -> done[any]; decide -none_met-> done; fetch -!-> mend;"
        "done -> check; check -again-> fetch; check -ok-> phase:fin; bill -> archive",
        loops={"check": ("again", "ok", 3)},
        phases={"pay": "fetch decide", "fin": "bill archive", "empty": ""},
    )


@pytest.fixture
def nasty() -> Flow:
    """Every name tries to be more than a name."""
    flow = draw("trigger -> a -> b; b -yes-> c; b -none_met-> d; a -!-> e; c -> f; f -> g; g -> h", phases={"p": "a b"})
    tasks = {
        key: replace(
            task,
            name=name,
            description=name,
            conditions=tuple(replace(condition, name=name) for condition in task.conditions),
        )
        for (key, task), name in zip(flow.tasks.items(), NASTY, strict=True)
    }
    phases = {key: replace(phase, name=EVIL, description=EVIL) for key, phase in flow.phases.items()}
    return replace(flow, name=EVIL, tasks=tasks, phases=phases)
