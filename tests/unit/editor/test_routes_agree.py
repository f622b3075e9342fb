"""The page previews edges with the ways that the server draws: both are held to the same file.

`tests/unit/editor/route_cases.py` makes it anew; `tests/js/editor/routes.test.mjs` is the other half.
"""

import json
from pathlib import Path

from designer.rendering.routing import Rect, error_route, path_data, success_route

CASES = json.loads((Path(__file__).parents[2] / "js" / "editor" / "routes.json").read_text(encoding="utf-8"))


def test_the_server_draws_the_ways_that_the_page_draws() -> None:
    for case in CASES:
        source, target = Rect(**case["source"]), Rect(**case["target"])
        others = [Rect(**other) for other in case["others"]]
        assert path_data(success_route(source, target, others)) == case["success"]
        assert path_data(error_route(source, target, others)) == case["error"]
