"""Text on drawings: cleaned, shortened to a width, escaped. The one way a name gets into an SVG or a DOT file. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from html import escape as escape_markup
from typing import Final

import graphviz

ELLIPSIS: Final = "…"

# Advance widths in thousandths of the font size of the printable ASCII characters, of DejaVu Sans: the widest of the
# fonts that `--font` may come down to, so a text that fits here fits everywhere.
_PLAIN: Final = (
    *(318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636),
    *(636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656),
    *(557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500, 500, 613),
    *(635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818),
    *(592, 592, 525, 636, 337, 636, 838),
)
_BOLD: Final = (
    *(348, 456, 521, 838, 696, 1002, 872, 306, 457, 457, 523, 838, 380, 415, 380, 365, 696, 696, 696, 696, 696, 696),
    *(696, 696, 696, 696, 400, 400, 838, 838, 838, 580, 1000, 774, 762, 734, 830, 683, 683, 821, 837, 372, 372, 775),
    *(637, 995, 837, 850, 733, 850, 770, 720, 682, 812, 774, 1103, 771, 724, 725, 457, 365, 457, 838, 500, 500, 675),
    *(716, 593, 716, 678, 435, 716, 712, 343, 343, 665, 343, 1042, 712, 687, 716, 716, 493, 595, 478, 712, 652, 924),
    *(645, 652, 582, 712, 365, 712, 838),
)
_OTHER: Final = {"·": 380, "…": 1000, "–": 500, "—": 1000}
_LETTER_WIDTH = 780
_CAPITAL_WIDTH = 860
_WIDE_WIDTH = 1250  # Chinese, Japanese, Korean, emoji

# Not characters of XML 1.0, and what turns the direction of the text around it.
_UNFIT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


def clean(text: str) -> str:
    """`text` in one line, with every character that a drawing cannot hold replaced."""
    return _UNFIT.sub("\ufffd", " ".join(text.split()))


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide `text` is at a font size, in the units of `size`. An upper bound for the fonts of the console."""
    return sum(map(_bold_width if bold else _plain_width, text)) * size / 1000


def shorten(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """`text` cleaned and, where it is wider than `width`, cut with an ellipsis."""
    return _shorten(text, width, size, bold)


def wrapped(text: str, width: float, size: float, lines: int) -> list[str]:
    """`text` cleaned and broken into at most `lines` lines of this width; the last is cut with an ellipsis if it must.

    Line breaks of the text stay. A word that is wider than a line is broken.
    """
    found: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in clean(paragraph).split(" "):
            joined = f"{line} {word}" if line else word
            if text_width(joined, size) <= width:
                line = joined
                continue
            found += [line] if line else []
            *whole, line = _broken(word, width, size)
            found += whole
        found.append(line)
        if len(found) > lines:
            break
    if len(found) <= lines:
        return found
    return [*found[: lines - 1], _cut(found[lines - 1], width, size)] if lines > 0 else []


def _cut(line: str, width: float, size: float) -> str:
    """A line that more would follow: with an ellipsis."""
    fitting = shorten(line, width - text_width(ELLIPSIS, size), size)
    return fitting if fitting.endswith(ELLIPSIS) else fitting + ELLIPSIS


def _broken(word: str, width: float, size: float) -> list[str]:
    pieces = [""]
    for character in word:
        if pieces[-1] and text_width(pieces[-1] + character, size) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces


def markup(text: str) -> str:
    """`text` cleaned and escaped for the content or a quoted attribute of XML and HTML."""
    return escape_markup(clean(text), quote=True)


def dot_label(text: str) -> str:
    """`text` cleaned and escaped for a label of the `graphviz` package: never markup, never an escape sequence.

    Graphviz reads HTML entities even in plain labels, so an ampersand is written as one.
    """
    escaped: str = graphviz.escape(clean(text).replace("&", "&amp;"))
    return escaped


@lru_cache(maxsize=8192)
def _shorten(text: str, width: float, size: float, bold: bool) -> str:
    text = clean(text)
    if text_width(text, size, bold=bold) <= width:
        return text
    left = width - text_width(ELLIPSIS, size, bold=bold)
    kept = []
    for character in text:
        left -= text_width(character, size, bold=bold)
        if left < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip(" ·,;:") + ELLIPSIS


@lru_cache(maxsize=4096)
def _plain_width(character: str) -> int:
    code = ord(character)
    return _PLAIN[code - 32] if 32 <= code < 127 else _width_beyond_ascii(character)


@lru_cache(maxsize=4096)
def _bold_width(character: str) -> int:
    code = ord(character)
    return _BOLD[code - 32] if 32 <= code < 127 else _width_beyond_ascii(character)


def _width_beyond_ascii(character: str) -> int:
    if character in _OTHER:
        return _OTHER[character]
    if unicodedata.combining(character):
        return 0
    if unicodedata.east_asian_width(character) in "WF" or unicodedata.category(character) == "So":
        return _WIDE_WIDTH
    base = unicodedata.normalize("NFD", character)[0]
    if base != character and 32 <= ord(base) < 127:
        return _BOLD[ord(base) - 32]
    return _CAPITAL_WIDTH if character.isupper() else _LETTER_WIDTH if character.islower() else 1000
