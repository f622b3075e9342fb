"""What a figure came to: a table for people, JSON for the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent.parent / "bench-results"


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison. `ratio` is what counts, `goal` its least value (its greatest where `is_most`); None: no goal."""

    what: str
    ours: float
    peer: float
    unit: str
    ratio: float
    goal: float | None
    is_most: bool = False

    @property
    def is_reached(self) -> bool:
        """Whether the goal is met."""
        if self.goal is None:
            return True
        return self.ratio <= self.goal if self.is_most else self.ratio >= self.goal


@dataclass(frozen=True, slots=True)
class Report:
    """A figure's lines, what they were measured on and under which settings."""

    figure: str
    machine: Mapping[str, Any]
    lines: Sequence[Line]
    details: Mapping[str, Any]

    @property
    def is_reached(self) -> bool:
        """Whether every goal is met."""
        return all(line.is_reached for line in self.lines)


def write_report(report: Report) -> Path:
    """Store it as `bench-results/<figure>.json`."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{report.figure}.json"
    document = asdict(report) | {"is_reached": report.is_reached}
    path.write_text(json.dumps(document, indent=2) + "\n")
    return path


def format_table(report: Report) -> str:
    """The lines as a table in Markdown, below the machine."""
    machine = report.machine
    head = f"{report.figure} · {machine['date']} · {machine['cores']} × {machine['processor']} · {machine['system']}"
    rows = [
        "| | Quadrille | peer | unit | ratio | goal |",
        "|---|---:|---:|---|---:|---:|",
        *[f"| {' | '.join(_cells(line))} |" for line in report.lines],
    ]
    return "\n".join([head, "", *rows])


def _cells(line: Line) -> tuple[str, ...]:
    goal = "" if line.goal is None else f"{'≤' if line.is_most else '≥'} {line.goal:g} ×"
    return line.what, _number(line.ours), _number(line.peer), line.unit, f"{_number(line.ratio)} ×", goal


def _number(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
