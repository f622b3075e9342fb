"""Did you mean …?"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be, or None."""
    if len(word) > 200:
        return None
    found = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean …?` with a leading space, or nothing: to be put behind a sentence."""
    found = closest(word, known)
    return f" Did you mean {quoted(found)}?" if found is not None else ""


def quoted(text: object, longest: int = 60) -> str:
    """`text` as it is shown within a sentence: in quotation marks, shortened, control characters escaped."""
    written = str(text)
    written = written if len(written) <= longest else written[: longest - 1] + "…"
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in written) + '"'


def listed(words: Iterable[str], *, last: str = "or") -> str:
    """`a, b or c`."""
    known = list(words)
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} {last} {known[-1]}" if known else ""
