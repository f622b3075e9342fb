"""`python -m benchmarks [FIGURE…]`: measure all figures, or these. The exit code says whether every goal is reached."""

from __future__ import annotations

import sys
from importlib import import_module

FIGURES = (
    "ten_steps",
    "ten_steps_peers",
    "in_flight",
    "http_steps",
    "growth",
    "accepting",
    "viewers",
    "lists",
    "version_graph",
    "editor",
)


def main(wanted: list[str]) -> int:
    """0 when every goal is reached, 1 when one is not, 2 for a figure that does not exist."""
    unknown = set(wanted) - set(FIGURES)
    if unknown:
        print(f"no such figure: {', '.join(sorted(unknown))}; there are {', '.join(FIGURES)}", file=sys.stderr)
        return 2
    reached = [import_module(f"benchmarks.{figure}").main() for figure in wanted or FIGURES]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
