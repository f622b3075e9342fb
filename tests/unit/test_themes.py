"""A theme changes colours, and which of two pictures is shown. In the dark axe looks at nothing else."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Django's own admin brings a theme of its own; nobody but superusers of the machine sees it.
SHEETS = sorted(path for path in (ROOT / "static/css").glob("**/*.css") if path.name != "admin.css")
THEME = re.compile(r"data-theme=|prefers-color-scheme")
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
PICTURES = re.compile(r":root(\[data-theme=\"dark\"\]|:not\(\[data-theme=\"light\"\]\)) \.for-(dark|light)")
TAGS = re.compile(r"<[^>]*\bfor-(?:dark|light)\b[^>]*>")


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_a_theme_changes_nothing_but_colours_and_pictures(sheet: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
    told = re.sub(r"@media \(prefers-color-scheme: dark\) \{(.*?\})\s*\}", r"\1", text, flags=re.DOTALL)
    assert "prefers-color-scheme" not in told
    for selector, body in RULE.findall(told):
        if THEME.search(selector):
            said = re.sub(r"\s", "", body)
            assert said in ("color-scheme:light;", "color-scheme:dark;") or PICTURES.fullmatch(selector.strip()), (
                selector
            )


def test_only_pictures_are_shown_in_one_theme() -> None:
    tags = [tag for path in (ROOT / "templates").glob("**/*.html") for tag in TAGS.findall(path.read_text())]
    assert tags
    assert all(tag.startswith("<img ") for tag in tags), tags
