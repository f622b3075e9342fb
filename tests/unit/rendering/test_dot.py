"""DOT text: everything drawn is in it, and no name is more than a name."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from designer.graph.model import Flow
from designer.rendering import graphviz, theme
from designer.rendering.dot import flow_to_dot, layout_dot
from tests.drawing import draw

PROGRAMS = [found for found in (graphviz.system_program(), graphviz.wheel_program()) if found]


def test_tasks_phases_and_edges_are_in_the_text(order: Flow) -> None:
    dot = flow_to_dot(order, colour=theme.colour)
    assert "subgraph cluster_pay {" in dot
    assert re.search(r'fetch \[label="fetch\\n', dot)
    assert re.search(r"fetch -> decide \[.*tailport=e", dot)
    assert re.search(r"fetch -> mend \[.*style=dashed tailport=s", dot)
    assert re.search(r"check -> bill \[.*lhead=cluster_fin", dot)


def test_the_start_says_what_starts_it_but_not_to_the_layout(order: Flow) -> None:
    flow = replace(order, triggers=({"type": "event", "event": 'order."placed"'},))
    assert re.search(r'trigger \[label="order\.\\"placed\\"".* shape=ellipse', flow_to_dot(flow, colour=theme.colour))
    assert layout_dot(flow) == layout_dot(order)


def test_a_layout_depends_on_no_word_of_the_author(nasty: Flow) -> None:
    dot = layout_dot(nasty)
    assert "script" not in dot
    assert "evil" not in dot


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_name_becomes_markup_an_attribute_or_an_escape(program: str, nasty: Flow) -> None:
    dot = flow_to_dot(nasty, colour=theme.colour)
    svg = graphviz.run_dot(dot, "svg", seconds=20, using=program).decode()
    assert "<script" not in svg
    assert "onload=x&gt;" in svg or "onload=x>" in svg.replace("&#45;", "-")
    assert "&lt;script&gt;" in svg
    assert "<svg onload" not in svg
    # Node `h` would be `]]&gt;`; the entity that was typed stays typed.
    assert "&amp;lt;b&amp;gt;" in svg
    assert "\\N" in svg


def test_keys_that_are_words_of_the_language_are_only_names() -> None:
    dot = layout_dot(draw("node -> graph; graph -> subgraph; subgraph -> 1 -> edge"))
    assert '"node" ->' in dot
    assert graphviz.run_dot(dot, "json0", seconds=20)


def test_without_an_edge_of_the_trigger_the_first_tasks_are_where_it_begins() -> None:
    assert re.search(r"trigger -> a \[.*id=s0", layout_dot(draw("a -> b")))
