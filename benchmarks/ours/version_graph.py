"""The graph of a version as SVG: one line of JSON with the milliseconds of each case, and its outcome.

    {"50": {"first": n, "cached": n}, "1000": {"first": n, "cached": n}, "tangled": {"first": n, "outcome": text}}

First: nothing is remembered, neither in the cache nor in the process; another flow has been drawn before. Cached: as a
page asks for it again. `tangled` is a flow of a thousand tasks whose edges run everywhere, which Graphviz finds hard.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import time
from collections.abc import Callable
from itertools import pairwise

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.cache import cache  # noqa: E402

from designer.graph.codec import decode_flow  # noqa: E402
from designer.graph.model import Flow  # noqa: E402
from designer.rendering.downloads import svg_file  # noqa: E402
from designer.rendering.graphviz import LayoutTooLarge  # noqa: E402

TIMES = 5


def flow_of(tasks: int, *, round: int, branches: int = 5, crossings: int = 0) -> Flow:
    """A flow that fans out into branches and joins again, over and over. `round` makes each one another."""
    keys = [f"task_{round}_{number}" for number in range(tasks)]
    edges: list[tuple[str, str]] = []
    groups = [keys[start : start + branches] for start in range(0, tasks, branches)]
    for here, there in pairwise(groups):
        edges += [(here[0], key) for key in there]
        edges += [(key, there[0]) for key in here[1:]]
    draw = random.Random(round)
    for _ in range(crossings):
        first, second = sorted(draw.sample(range(tasks), 2))
        edges.append((keys[first], keys[second]))
    return decode_flow(
        {
            "format": 1,
            "key": "drawn",
            "name": "Drawn",
            "tasks": [
                {"key": key, "name": f"Task {number} of round {round}", "kind": "noop"}
                for number, key in enumerate(keys)
            ],
            "edges": [{"from": here, "to": there} for here, there in dict.fromkeys(edges)],
        }
    )


def milliseconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def drawn(tasks: int) -> dict[str, float]:
    """Of flows with so many tasks: each drawn for the first time, then again."""
    first, again = [], []
    for round in range(TIMES):
        flow = flow_of(tasks, round=round)
        first.append(milliseconds(lambda flow=flow: svg_file(flow)))  # type: ignore[misc]
        # A process has one value of each version (`designer.services.versions.flow_of`).
        again.append(milliseconds(lambda flow=flow: svg_file(flow)))  # type: ignore[misc]
    return {"first": statistics.median(first), "cached": statistics.median(again)}


def tangled() -> dict[str, object]:
    flow, outcome = flow_of(1000, round=0, crossings=3000), "drawn"
    began = time.perf_counter()
    try:
        svg_file(flow)
    except LayoutTooLarge as refusal:
        outcome = str(refusal) or type(refusal).__name__
    return {"first": (time.perf_counter() - began) * 1000, "outcome": outcome}


def main() -> None:
    cache.clear()
    svg_file(flow_of(7, round=99))
    found: dict[str, object] = {str(tasks): drawn(tasks) for tasks in (50, 1000)}
    found["tangled"] = tangled()
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
