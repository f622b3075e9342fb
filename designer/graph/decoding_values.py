"""The values of a flow file, read with a path: keys, names, numbers, lists. What reads nodes and edges (`decoding`)
builds on it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from designer.graph.fields import Field
from designer.graph.model import PHASE_PREFIX, TRIGGER, Frame, Join, Json, Match, NoteColour, On, Position, is_key
from designer.graph.problems import MOST_PROBLEMS, FlowFileInvalid, PathProblem, path_text
from designer.graph.suggestions import did_you_mean, listed, quoted
from designer.graph.values import Fault, group_problems

LONGEST_NAME: Final = 200
LONGEST_DESCRIPTION: Final = 10_000
FARTHEST: Final = 1_000_000
"""The largest coordinate on the canvas, either way."""

Member = TypeVar("Member", Join, Match, On, NoteColour)


class ValueDecoder:
    """Reads values and collects problems. A method that finds one answers a stand-in, so that reading can go on."""

    def __init__(self) -> None:
        self.problems: list[PathProblem] = []

    def problem(self, path: str, message: str) -> None:
        """Note what is wrong with the value at `path`."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(PathProblem(path, message))

    def raise_problems(self) -> None:
        """Raise `FlowFileInvalid` with what was noted, if anything was."""
        if self.problems:
            raise FlowFileInvalid(self.problems)

    def known_keys(self, raw: Mapping[str, Json], known: Collection[str], path: str) -> None:
        for key in raw:
            if key not in known:
                hint = did_you_mean(key, known) or f" Known here: {listed(known, last='and')}."
                self.problem(f"{path}.{key}" if path else key, f"Unknown key {quoted(key)}.{hint}")

    def values(self, raw: Json, fields: Sequence[Field], path: str) -> Mapping[str, Json]:
        """`raw` as values of `fields`; missing ones are left to the checks."""
        if not isinstance(raw, Mapping):
            self.problem(path, "Give an object.")
            return {}
        for problem in group_problems(fields, raw):
            if problem.fault in (Fault.WRONG, Fault.UNKNOWN):
                self.problem(path_text((path, *problem.path)), problem.message)
        return raw

    def entries(self, raw: Json, path: str, *, most: int) -> Sequence[Json]:
        if not isinstance(raw, (list, tuple)):
            self.problem(path, "Give a list.")
            return ()
        if len(raw) > most:
            self.problem(path, f"At most {most:,} entries.")
            return ()
        return raw

    def texts(self, raw: Json, path: str, *, most: int, longest: int = LONGEST_NAME) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for number, entry in enumerate(self.entries(raw, path, most=most)):
            if not isinstance(entry, str) or not entry.strip() or len(entry) > longest:
                self.problem(f"{path}[{number}]", f"Give a text of 1 to {longest} characters.")
            elif entry in found:
                self.problem(f"{path}[{number}]", f"{quoted(entry)} is given twice.")
            else:
                found[entry] = None
        return tuple(found)

    def key(self, raw: Json, path: str) -> str:
        if isinstance(raw, str) and is_key(raw):
            return raw
        rule = "Use 1 to 64 letters, digits, underscores and hyphens; do not begin with a hyphen."
        self.problem(path, "A key is required." if raw is None else f"{quoted(raw)} is no key. {rule}")
        return ""

    def ref(self, raw: Json, path: str) -> str | None:
        if isinstance(raw, str) and is_key(raw.removeprefix(PHASE_PREFIX)):
            return raw
        self.problem(path, f"Name a node: {TRIGGER}, the key of a task, or {PHASE_PREFIX}KEY.")
        return None

    def name(self, raw: Json, path: str, *, may_be_empty: bool = False) -> str:
        if not isinstance(raw, str) or not (may_be_empty or raw.strip()):
            self.problem(path, "Give a name.")
            return ""
        if len(raw) > LONGEST_NAME or "\n" in raw:
            self.problem(path, f"Give a name of one line and at most {LONGEST_NAME} characters.")
        return raw

    def description(self, raw: Mapping[str, Json], path: str) -> str:
        text = raw.get("description", "")
        if isinstance(text, str) and len(text) <= LONGEST_DESCRIPTION:
            return text
        self.problem(f"{path}.description" if path else "description", f"A text of at most {LONGEST_DESCRIPTION:,}.")
        return ""

    def boolean(self, raw: Mapping[str, Json], key: str, default: bool, path: str) -> bool:
        value = raw.get(key, default)
        if isinstance(value, bool):
            return value
        self.problem(f"{path}.{key}" if path else key, "Give true or false.")
        return default

    def member(self, options: type[Member], raw: Json, path: str) -> Member:
        try:
            return options(raw)
        except ValueError:
            self.problem(path, none_of(raw, [option.value for option in options]))
            return next(iter(options))

    def numbers(self, raw: Json, path: str, count: int) -> tuple[int, ...] | None:
        if (
            isinstance(raw, (list, tuple))
            and len(raw) == count
            and all(type(n) in (int, float) and n == int(n) and abs(n) <= FARTHEST for n in raw)
        ):
            return tuple(int(n) for n in raw)
        self.problem(path, f"Give {count} whole numbers, each at most {FARTHEST:,} from zero.")
        return None

    def position(self, raw: Json, path: str) -> Position | None:
        numbers = None if raw is None else self.numbers(raw, path, 2)
        return None if numbers is None else Position(*numbers)

    def frame(self, raw: Json, path: str) -> Frame | None:
        numbers = None if raw is None else self.numbers(raw, path, 4)
        if numbers is not None and min(numbers[2:]) < 0:
            self.problem(path, "Width and height cannot be negative.")
        return None if numbers is None else Frame(*numbers)


def none_of(value: Json, known: Iterable[str]) -> str:
    """That `value` is none of what is known here, and what may have been meant."""
    options = list(known)
    hint = did_you_mean(value, options) if isinstance(value, str) else ""
    given = "Nothing" if value is None else quoted(value)
    return f"{given} is none of {listed(options, last='and')}.{hint}"
