"""The pictures of the docs: `make shots` makes each of them, and each that a page shows is there."""

from __future__ import annotations

import re
from pathlib import Path

from docs import shots, shots_designer

ROOT = Path(__file__).parents[2]
IMAGE = re.compile(r"""(?:!\[[^\]]*\]\(|<(?:img|source)[^>]*?(?:src|srcset)=")([^)"]+\.png)""")


def test_every_picture_is_made_and_every_made_one_is_there() -> None:
    both = {**shots.PICTURES, **shots_designer.PICTURES, "together": None}
    made = {f"{name}-{theme}.png" for name in both for theme in ("light", "dark")}
    made |= {f"{name}-phone.png" for name in shots.ON_A_PHONE}
    steering = (ROOT / "docs/steering_shots.py").read_text()
    made |= {f"{name}.png" for name in re.findall(r'"(steer-[\w-]+)"', steering)} | {"machines-system.png"}
    assert made == {path.name for path in (ROOT / "docs/images").glob("*.png")}


def test_every_picture_that_a_page_shows_is_there() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    shown = [(page, target) for page in pages for target in IMAGE.findall(page.read_text())]
    assert len(shown) > 20
    assert [f"{page.name}: {target}" for page, target in shown if not (page.parent / target).is_file()] == []
