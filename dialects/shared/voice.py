"""How a dialect says what it makes of a flow: the words for `docs/reference/dialects.md`.

Each room has a `voice.py` with `say(subject, setting) -> Verdict`. `subject` is the key of a kind of task, or `flow`
(what is set on a flow as a whole), `task` (what every task has), `edge`. `setting` is one of its settings, or empty for
the thing itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

EXACT: Final = "exact"
APPROXIMATED: Final = "approximated"
ASIDE: Final = "kept aside"
FLOW, TASK, EDGE = "flow", "task", "edge"

Verdict = tuple[str, str]
"""One of the three words, and a remark (how it is said, how it shows), which may be empty."""
Voice = Callable[[str, str], Verdict]
