"""JSON from outside, read so that nothing surprising gets further.

Python's own parser accepts what other systems do not store or understand: NaN, Infinity, duplicate keys (the last one
silently wins), NUL characters (PostgreSQL refuses them), lone surrogates (no encoding takes them), and any depth up to
a crash. All of these are refused here, with the place where they are.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import NoReturn, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_DEPTH = 64
MAX_DIGITS = 400  # of one number; longer ones cost quadratic time and fit no database
TOO_HUGE = 10**MAX_DIGITS


class BadJson(ValueError):
    """What was sent is not JSON that Quadrille takes. `path` is where (like `$.items[2].name`), `message` is why."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path
        self.message = message

    def about(self, subject: str) -> str:
        """A sentence for whoever typed it in: `about("The sample input")`."""
        where = "" if self.path == "$" else f" cannot be taken: {self.path}"
        return f"{subject}{where} {self.message}."


def clean_json(raw: bytes | str, *, max_bytes: int, max_depth: int = MAX_DEPTH) -> Json:
    """The value of a JSON text. `max_bytes` counts UTF-8 bytes. A top-level scalar has depth 0, `[]` depth 1.

    Raises BadJson.
    """
    data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    if len(data) > max_bytes:
        raise BadJson("$", f"is larger than {readable_size(max_bytes)}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadJson("$", f"is not UTF-8 text (byte {error.start})") from None
    refuse_deep_text(text, max_depth)
    try:
        value = DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise BadJson("$", f"is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    return clean_value(value, max_depth=max_depth)


def clean_value(value: object, *, max_depth: int = MAX_DEPTH) -> Json:
    """A value parsed elsewhere (YAML, a form), once it is known to be plain JSON that can be stored.

    Returns the value itself. Raises BadJson, also for types that JSON does not have: dates, sets, keys that are no
    text.
    """
    # A stack of our own: no depth of input can exhaust Python's.
    waiting: list[tuple[object, str, int]] = [(value, "$", 0)]
    while waiting:
        item, path, depth = waiting.pop()
        if isinstance(item, str):
            refuse_bad_text(item, path)
        elif isinstance(item, float):
            if not math.isfinite(item):
                raise BadJson(path, "is not a finite number")
        elif isinstance(item, dict):
            deeper = depth_below(path, depth, max_depth)
            for key, member in item.items():
                if not isinstance(key, str):
                    raise BadJson(path, f"has a key that is not text: {key!r}")
                refuse_bad_text(key, path)
                waiting.append((member, f"{path}.{shortened(key)}", deeper))
        elif isinstance(item, list):
            deeper = depth_below(path, depth, max_depth)
            waiting.extend((member, f"{path}[{index}]", deeper) for index, member in enumerate(item))
        elif isinstance(item, int):
            refuse_huge_number(item, path)
        elif item is not None:
            raise BadJson(path, f"is of the type {type(item).__name__}, which JSON does not have")
    return value  # type: ignore[return-value]  # every part of it has just been looked at


def depth_below(path: str, depth: int, max_depth: int) -> int:
    """The depth of what lies inside a list or object. Raises BadJson when that is too deep."""
    if depth >= max_depth:
        raise BadJson(path, f"is nested more than {max_depth} levels deep")
    return depth + 1


def refuse_deep_text(text: str, max_depth: int) -> None:
    """Raise BadJson for a text that opens too many brackets at once, before the parser recurses into them."""
    depth, inside_string, is_escaped = 0, False, False
    if text.count("[") + text.count("{") <= max_depth:
        return
    for character in text:
        if inside_string:
            if is_escaped:
                is_escaped = False
            elif character == "\\":
                is_escaped = True
            elif character == '"':
                inside_string = False
        elif character == '"':
            inside_string = True
        elif character in "[{":
            depth += 1
            if depth > max_depth:
                raise BadJson("$", f"is nested more than {max_depth} levels deep")
        elif character in "]}":
            depth -= 1


def refuse_bad_text(text: str, path: str) -> None:
    """Raise BadJson for NUL characters and lone surrogates."""
    if "\0" in text:
        raise BadJson(path, "contains a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadJson(path, "contains half of a surrogate pair, which is no character") from None


def refuse_huge_number(number: int, path: str) -> None:
    """Raise BadJson for a whole number of more digits than anything here can hold."""
    if abs(number) >= TOO_HUGE:
        raise BadJson(path, f"is a number of more than {MAX_DIGITS} digits")


def refuse_constant(name: str) -> NoReturn:
    """NaN, Infinity, -Infinity."""
    raise BadJson("$", f"contains {name}, which is not JSON")


def parse_whole_number(digits: str) -> int:
    """A whole number of bounded length. Raises BadJson."""
    if len(digits) > MAX_DIGITS:
        raise BadJson("$", f"contains a number of more than {MAX_DIGITS} digits")
    return int(digits)


def object_without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """One object. Raises BadJson for a key given twice: which one was meant cannot be known."""
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise BadJson("$", f"has the key {shortened(twice)!r} twice in one object")
    return found


def shortened(text: str) -> str:
    """A key as it may appear in a message: at most 60 characters, nothing unprintable."""
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:60])
    return f"{printable}…" if len(text) > 60 else printable


def readable_size(count: int) -> str:
    """A number of bytes for people."""
    mebibyte, kibibyte = 1024 * 1024, 1024
    if count >= mebibyte:
        return f"{count / mebibyte:g} MiB"
    return f"{count / kibibyte:g} KiB" if count >= kibibyte else f"{count} bytes"


DECODER = json.JSONDecoder(
    object_pairs_hook=object_without_duplicates, parse_constant=refuse_constant, parse_int=parse_whole_number
)
