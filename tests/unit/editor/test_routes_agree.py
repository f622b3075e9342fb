"""The page previews edges with the ways that the server draws: both are held to the same file.

`tests/unit/editor/route_cases.py` makes it anew; `tests/js/editor/routes.test.mjs` is the other half.
"""

import json

from designer.rendering.curves import Rect
from tests.unit.editor.route_cases import CASES, TOGETHER, paths_together, ways


def test_the_server_draws_the_ways_that_the_page_draws() -> None:
    for case in json.loads(CASES.read_text(encoding="utf-8")):
        source, target = Rect(**case["source"]), Rect(**case["target"])
        made = ways(source, target, [Rect(**other) for other in case["others"]], case["lanes"])
        assert made == {name: case[name] for name in made}


def test_the_server_keeps_the_same_edges_apart_that_the_page_does() -> None:
    for case in json.loads(TOGETHER.read_text(encoding="utf-8")):
        assert paths_together(case) == case["paths"]
