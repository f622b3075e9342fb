"""Makes `tests/js/editor/routes.json` after the ways of edges changed: `python -m tests.unit.editor.route_cases`."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from designer.rendering.routing import Rect, error_offset, error_way, path_data, success_ways

CASES = Path(__file__).parents[2] / "js" / "editor" / "routes.json"


def box(chance: random.Random) -> dict[str, int]:
    """A card somewhere on the grid."""
    x, y = chance.randrange(0, 900, 8), chance.randrange(0, 600, 8)
    return {"x": x, "y": y, "width": chance.choice([44, 160, 192, 264]), "height": 56}


def case(chance: random.Random) -> dict[str, Any]:
    """Two cards, some in the way, and how the edges between the two go."""
    source, target = box(chance), box(chance)
    others = [box(chance) for _ in range(chance.randrange(0, 6))]
    ends, standing = (Rect(**source), Rect(**target)), [Rect(**other) for other in others]
    lanes = chance.choice([1, 1, 2, 3, 4])
    boxes = {"source": source, "target": target, "others": others, "lanes": lanes}
    return {**boxes, **ways(*ends, standing, lanes)}


def ways(source: Rect, target: Rect, others: list[Rect], lanes: int) -> dict[str, Any]:
    """The edges from one card to the other: so many side by side, an error edge alone, and one beside the others."""
    beside = error_way(source, target, others, lower=error_offset(source, target, lanes))
    return {
        "success": [path_data(route) for route in success_ways(source, target, others, lanes=lanes).routes],
        "error": path_data(error_way(source, target, others).routes[0]),
        "beside": path_data(beside.routes[0]),
    }


if __name__ == "__main__":
    chance = random.Random(4)
    lines = ",\n".join(json.dumps(case(chance)) for _ in range(60))
    CASES.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
