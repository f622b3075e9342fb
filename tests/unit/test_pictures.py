"""The pictures of the docs: each that a page names is there, and each that is there is named by a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

TOP: Final = Path(__file__).parents[2]
LINK: Final = re.compile(r"\]\(([^)#\s]+\.png)\)")


def test_every_picture_is_there_and_shown() -> None:
    pages = [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]
    named = {(page.parent / link).resolve() for page in pages for link in LINK.findall(page.read_text())}
    assert {picture.resolve() for picture in (TOP / "docs" / "images").glob("*.png")} == named
