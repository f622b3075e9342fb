"""Makes `routes.json` and `apart.json` of `tests/js/editor`: `python -m tests.unit.editor.route_cases`."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from designer.rendering.apart import Pieces, alone, apart, owner_of, pieces_of
from designer.rendering.curves import Rect, path_data
from designer.rendering.obstacles import Obstacles
from designer.rendering.routing import error_offset, error_way, success_ways

CASES = Path(__file__).parents[2] / "js" / "editor" / "routes.json"
TOGETHER = CASES.with_name("apart.json")


def box(chance: random.Random, wide: int = 900, high: int = 600) -> dict[str, int]:
    """A card somewhere on the grid."""
    x, y = chance.randrange(0, wide, 8), chance.randrange(0, high, 8)
    return {"x": x, "y": y, "width": chance.choice([44, 160, 192, 264]), "height": 56}


def case(chance: random.Random) -> dict[str, Any]:
    """Two cards, some in the way, and how the edges between the two go."""
    source, target = box(chance), box(chance)
    others = [box(chance) for _ in range(chance.randrange(0, 6))]
    ends, standing = (Rect(**source), Rect(**target)), [Rect(**other) for other in others]
    lanes = chance.choice([1, 1, 2, 3, 4])
    boxes = {"source": source, "target": target, "others": others, "lanes": lanes}
    return {**boxes, **ways(*ends, standing, lanes)}


def crowded_case(chance: random.Random) -> dict[str, Any]:
    """The same with so many in the way, 16 to 32 units apart, that some ways have corners."""
    apart: list[Rect] = []
    gap = chance.choice([16, 24, 32])
    for _ in range(chance.choice([40, 80, 160])):
        new = Rect(**box(chance, 1400, 480))
        roomy = Rect(new.x - gap, new.y - gap, new.width + 2 * gap, new.height + 2 * gap)
        if not any(roomy.overlaps(other) for other in apart):
            apart.append(new)
    source, target, *others = ({k: getattr(card, k) for k in ("x", "y", "width", "height")} for card in apart)
    lanes = chance.choice([1, 1, 2, 3, 4])
    boxes = {"source": source, "target": target, "others": others, "lanes": lanes}
    return {**boxes, **ways(apart[0], apart[1], apart[2:], lanes)}


def ways(source: Rect, target: Rect, cards: list[Rect], lanes: int) -> dict[str, Any]:
    """The edges from one card to the other: so many side by side, an error edge alone, and one beside the others."""
    others = Obstacles(cards)
    beside = error_way(source, target, others, lower=error_offset(source, target, lanes))
    return {
        "success": [path_data(route) for route in success_ways(source, target, others, lanes=lanes).routes],
        "error": path_data(error_way(source, target, others).routes[0]),
        "beside": path_data(beside.routes[0]),
    }


def crowd(chance: random.Random) -> dict[str, Any]:
    """Cards in rows that are somewhat askew, and edges between them that would share lines."""
    wide, high = chance.choice([24, 40, 72]), chance.choice([24, 40, 56])
    places = [(column, row) for row in range(chance.choice([2, 3, 4])) for column in range(6)]
    cards = [
        {"x": column * (160 + wide), "y": row * (56 + high) + 48 * (column % 2), "width": 160, "height": 56}
        for column, row in places
    ]
    pairs = [chance.sample(range(len(cards)), 2) for _ in range(chance.choice([6, 12, 24]))]
    edges = [
        {"source": a, "target": b, "on": chance.choice(["success", "success", "error"])}
        for a, b in dict.fromkeys(map(tuple, pairs))
    ]
    case = {"cards": cards, "edges": edges}
    return {**case, "paths": paths_together(case)}


def paths_together(case: dict[str, Any]) -> list[str]:
    """How the edges of a crowd go, apart from each other."""
    cards = [Rect(**card) for card in case["cards"]]
    obstacles, pieces, found = Obstacles(cards), Pieces(), []
    for number, edge in enumerate(case["edges"]):
        ends = cards[edge["source"]], cards[edge["target"]]
        ways = error_way(*ends, obstacles) if edge["on"] == "error" else success_ways(*ends, obstacles)
        owner = owner_of(f"e{number:02}", str(edge["source"]), str(edge["target"]), ends)
        found.append(alone(ways.routes[0], owner, ends, goes_around=True))
        pieces.add(found[-1].pieces)
    routes = {}
    for way in sorted(found, key=lambda way: way.owner.rank):
        routes[way.owner.rank[1]], _ = apart(way, pieces, obstacles)
        pieces.add(pieces_of(routes[way.owner.rank[1]], way.owner))
    return [path_data(routes[id]) for id in sorted(routes)]


if __name__ == "__main__":
    chance = random.Random(4)
    cases = [*(case(chance) for _ in range(60)), *(crowded_case(chance) for _ in range(80))]
    lines = ",\n".join(map(json.dumps, cases))
    CASES.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    lines = ",\n".join(json.dumps(crowd(chance)) for _ in range(24))
    TOGETHER.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
