"""Running Graphviz: both programs, time limits, and what is said when it does not work."""

from __future__ import annotations

import stat
from pathlib import Path

import orjson
import pytest

from designer.graph.model import Flow
from designer.rendering import graphviz
from designer.rendering.dot import layout_dot

SMALL = "digraph { a -> b }"


@pytest.fixture
def slow(tmp_path: Path) -> str:
    """A program that takes a minute, unless it is asked to be fast."""
    script = tmp_path / "dot"
    script.write_text('#!/bin/sh\nread -r text\ncase "$text" in *fast*) echo done;; *) exec sleep 60;; esac\n')
    script.chmod(script.stat().st_mode | stat.S_IEXEC)
    return str(script)


def test_the_wheel_brings_its_own_program() -> None:
    assert graphviz.wheel_program() is not None


def test_the_system_program_is_preferred(monkeypatch: pytest.MonkeyPatch, slow: str) -> None:
    monkeypatch.setenv("PATH", str(Path(slow).parent), prepend=":")
    graphviz.program.cache_clear()
    assert graphviz.program() == slow
    monkeypatch.undo()
    graphviz.program.cache_clear()
    assert graphviz.program() in (graphviz.system_program(), graphviz.wheel_program())


@pytest.mark.parametrize("program", [p for p in (graphviz.system_program(), graphviz.wheel_program()) if p])
def test_each_program_lays_out_a_whole_flow(program: str, order: Flow) -> None:
    made = orjson.loads(graphviz.run_dot(layout_dot(order), "json0", seconds=20, using=program))
    names = {thing["name"] for thing in made["objects"]}
    assert {"trigger", "fetch", "decide", "cluster_pay", "cluster_fin", "cluster_empty"} <= names
    assert all(edge["pos"].startswith("e,") for edge in made["edges"])


@pytest.mark.parametrize("program", [p for p in (graphviz.system_program(), graphviz.wheel_program()) if p])
def test_each_program_makes_a_picture(program: str) -> None:
    assert graphviz.run_dot(SMALL, "png", seconds=20, using=program).startswith(b"\x89PNG")


def test_what_takes_too_long_is_stopped(slow: str) -> None:
    with pytest.raises(graphviz.OutOfTime):
        graphviz.run_dot(SMALL, "json0", seconds=0.2, using=slow)


def test_a_graph_that_is_too_hard_is_tried_again_in_the_fast_way(monkeypatch: pytest.MonkeyPatch, slow: str) -> None:
    monkeypatch.setattr(graphviz, "program", lambda: slow)
    monkeypatch.setattr(graphviz, "FIRST_SECONDS", 0.2)
    assert graphviz.layout("hard", "fast") == b"done\n"


def test_a_graph_that_is_too_hard_even_so_says_so(monkeypatch: pytest.MonkeyPatch, slow: str) -> None:
    monkeypatch.setattr(graphviz, "program", lambda: slow)
    monkeypatch.setattr(graphviz, "FIRST_SECONDS", 0.1)
    monkeypatch.setattr(graphviz, "SECOND_SECONDS", 0.1)
    with pytest.raises(graphviz.LayoutTooLarge, match="too large"):
        graphviz.layout("hard", "harder")


def test_text_that_is_no_graph_is_a_clear_failure() -> None:
    with pytest.raises(graphviz.GraphvizFailed, match="syntax"):
        graphviz.run_dot("this is no graph", "json0", seconds=20)


def test_a_program_that_is_not_there_is_a_clear_failure() -> None:
    with pytest.raises(graphviz.GraphvizFailed, match="could not be started"):
        graphviz.run_dot(SMALL, "json0", seconds=1, using="/nowhere/dot")


def test_an_installation_without_graphviz_is_a_clear_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphviz, "system_program", lambda: None)
    monkeypatch.setattr(graphviz, "wheel_program", lambda: None)
    graphviz.program.cache_clear()
    with pytest.raises(graphviz.GraphvizFailed, match="not installed"):
        graphviz.program()
    graphviz.program.cache_clear()
