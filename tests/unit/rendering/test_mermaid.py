"""A flow as Mermaid text."""

from __future__ import annotations

import re

from designer.rendering.mermaid import flow_to_mermaid, mermaid_label
from tests.drawing import draw

HOSTILE = '"]; click t0 "javascript:alert(1)"\n%%{init: {}}%% <script> `**b**` #quot; \\ &lt;'


def test_phases_shapes_branches_errors_and_loops_are_told_apart() -> None:
    flow = draw(
        "trigger -> a -> pick; pick -yes-> b; pick -again-> a; b -!-> c",
        phases={"work": "a b"},
        loops={"pick": ("again", "yes", 3)},
    )
    assert flow_to_mermaid(flow).splitlines() == [
        "flowchart LR",
        '  start(("by hand"))',
        '  subgraph p0 ["work"]',
        '    t0["a"]',
        '    t2["b"]',
        "  end",
        '  t1{"pick"}',
        '  t3["c"]',
        "  start --> t0",
        "  t0 --> t1",
        '  t1 -->|"yes"| t2',
        '  t1 ==>|"again, ≤ 3×"| t0',
        '  t2 -.->|"on error"| t3',
    ]


def test_a_flow_without_a_drawn_start_shows_where_it_enters() -> None:
    assert "  start --> t0" in flow_to_mermaid(draw("a -> b")).splitlines()


def test_no_name_leaves_its_label() -> None:
    label = mermaid_label(HOSTILE)
    assert re.fullmatch(r'"[^"<>`\\\n]*"', label)
    assert "&" not in label
    assert mermaid_label("") == '" "'
