"""Every colour that carries text can be read on every ground it is used on (WCAG 2.2, 4.5:1)."""

import re
from pathlib import Path

import pytest

TOKENS = (Path(__file__).parents[2] / "static/css/tokens.css").read_text()
TOKEN = re.compile(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);")
PAIRS = {name: (light, dark) for name, light, dark in TOKEN.findall(TOKENS)}
GROUNDS = ["paper", "surface", "raised", "sunken"]
STATUSES = ["queued", "running", "waiting", "paused", "complete", "errored", "terminated", "skipped"]
KINDS = ["human", "machine", "choice", "time", "money", "notify", "plain"]
TEXTS = ["ink", "muted", "accent", "danger", "added", "removed", "changed", *STATUSES, *KINDS]
TINT = 0.14  # chips mix this much of their colour into the ground they lie on
READABLE = 4.5
Colour = tuple[float, float, float]


def rgb(text: str) -> Colour:
    red, green, blue = (int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def luminance(colour: Colour) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def mixed(colour: Colour, ground: Colour, share: float) -> Colour:
    red, green, blue = (share * c + (1 - share) * g for c, g in zip(colour, ground, strict=True))
    return red, green, blue


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", TEXTS)
def test_text_is_readable_on_every_ground(text: str, ground: str, theme: int) -> None:
    assert contrast(rgb(PAIRS[text][theme]), rgb(PAIRS[ground][theme])) >= READABLE


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "surface", "raised"])
@pytest.mark.parametrize("text", [*STATUSES, *KINDS, "accent"])
def test_a_chip_is_readable_on_its_own_tint(text: str, ground: str, theme: int) -> None:
    colour = rgb(PAIRS[text][theme])
    assert contrast(colour, mixed(colour, rgb(PAIRS[ground][theme]), TINT)) >= READABLE


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [("accent-ink", "accent"), ("accent-ink", "accent-strong"), ("danger-ink", "danger"), ("note-ink", "note"),
     ("accent", "accent-soft"), ("danger", "danger-soft"), ("ink", "accent-soft"), ("muted", "accent-soft")],
)  # fmt: skip
def test_ink_is_readable_on_filled_controls(text: str, ground: str, theme: int) -> None:
    assert contrast(rgb(PAIRS[text][theme]), rgb(PAIRS[ground][theme])) >= READABLE


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("edge", ["line-control", "focus"])
def test_controls_and_focus_have_a_visible_edge(edge: str, ground: str, theme: int) -> None:
    assert contrast(rgb(PAIRS[edge][theme]), rgb(PAIRS[ground][theme])) >= 3
