"""From text to JSON values and back: JSON and YAML, both read with suspicion.

YAML is read as its version 1.2 core schema has it: `on` and `no` are texts, so is `2026-01-31`; only `true`, `false`,
`null` and numbers are not. It is built from parser events with a stack of our own, so that nesting and aliases cannot
exhaust anything.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from designer.graph.model import Json
from designer.graph.problems import MOST_PROBLEMS, FlowFileInvalid, PathProblem, path_text
from designer.graph.suggestions import quoted

LARGEST_FILE_BYTES: Final = 5 * 1024 * 1024
DEEPEST: Final = 64
MOST_VALUES: Final = 500_000
MOST_ALIASES: Final = 100
LARGEST_INTEGER: Final = 2**63 - 1

_YAML_TYPES: Final = ("yaml", "yml")


def load_text(raw: bytes | str, *, media_type: str = "", name: str = "") -> Json:
    """The JSON value that a file holds. YAML if the media type or the file name says so, else JSON.

    Without either, a text that opens with `{` or `[` is JSON and any other is YAML. Raises `FlowFileInvalid` for what
    is too large or too deep, for duplicate keys, for NaN, NUL and lone surrogates, and for what cannot be read.
    """
    text = _decoded(raw)
    value = _load_yaml(text) if _is_yaml(text, media_type, name) else _load_json(text)
    refuse_unclean(value)
    return value


def _is_yaml(text: str, media_type: str, name: str) -> bool:
    if media_type or name:
        return any(word in media_type for word in _YAML_TYPES) or name.lower().rpartition(".")[2] in _YAML_TYPES
    return text.lstrip()[:1] not in ("{", "[")


def _decoded(raw: bytes | str) -> str:
    size = len(raw) if isinstance(raw, bytes) else len(raw.encode("utf-8", "surrogatepass"))
    if size > LARGEST_FILE_BYTES:
        raise _refused(f"The file is too large: at most {LARGEST_FILE_BYTES // 1024**2} MiB.")
    if isinstance(raw, str):
        return raw.removeprefix("\ufeff")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as bad:
        raise _refused(f"The file is not UTF-8 text (byte {bad.start}).") from None


def _refused(message: str, path: str = "") -> FlowFileInvalid:
    return FlowFileInvalid([PathProblem(path, message)])


# -- JSON -------------------------------------------------------------------------------------------------------------


def _load_json(text: str) -> Json:
    try:
        return json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
    except json.JSONDecodeError as bad:
        raise _refused(f"This is not JSON: {bad.msg} (line {bad.lineno}, column {bad.colno}).") from None
    except RecursionError:
        raise _refused(f"Nested too deeply: at most {DEEPEST} levels.") from None
    except ValueError as bad:
        if isinstance(bad, FlowFileInvalid):
            raise
        raise _refused("A number has too many digits.") from None


def _without_duplicates(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _refused(f"The key {quoted(twice)} is given twice in the same object.")
    return found


def _no_constant(name: str) -> Json:
    raise _refused(f"{name} is no JSON number.")


# -- YAML -------------------------------------------------------------------------------------------------------------

_EVENT_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,19}|0o[0-7]{1,21}|0x[0-9a-fA-F]{1,16}")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Final[Mapping[str, Json]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def plain_scalar(text: str) -> Json:
    """The value of an unquoted YAML scalar (YAML 1.2 core schema, without infinity and NaN)."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _load_yaml(text: str) -> Json:
    try:
        return _YamlBuilder().build(yaml.parse(text, Loader=_EVENT_LOADER))
    except yaml.YAMLError as bad:
        mark = getattr(bad, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        reason = getattr(bad, "problem", None) or getattr(bad, "reason", None) or "it cannot be read"
        raise _refused(f"This is not YAML: {reason}{where}.") from None


_NO_KEY: Final = object()


class _YamlBuilder:
    """Builds values from parser events. Open containers are on a stack, each with the key that waits for its value."""

    def __init__(self) -> None:
        self.result: Json = None
        self.open: list[Any] = []
        self.keys: list[Any] = []
        self.steps: list[str | int] = []
        """Where the open containers stand: the path to the innermost."""
        self.anchors: dict[str, Json] = {}
        self.documents = 0
        self.aliases = 0

    def build(self, events: Iterator[Any]) -> Json:
        for event in events:
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                self._start({} if isinstance(event, yaml.MappingStartEvent) else [], event)
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                self.open.pop()
                self.keys.pop()
                del self.steps[-1:]
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                self.documents += 1
                if self.documents > 1:
                    raise self._refused("Give one document; this file has several", event)
        return self.result

    def _scalar(self, event: Any) -> None:
        if event.tag is not None and event.tag not in ("!", "tag:yaml.org,2002:str"):
            raise self._refused(f"The tag {quoted(event.tag)} is not used here", event)
        is_text = not event.implicit[0] or event.tag is not None or self._awaits_key()
        self._place(event.value if is_text else plain_scalar(event.value), event)

    def _start(self, container: Json, event: Any) -> None:
        if event.tag is not None:
            raise self._refused(f"The tag {quoted(event.tag)} is not used here", event)
        if self._awaits_key():
            raise self._refused("A key must be a plain text", event)
        if len(self.open) >= DEEPEST:
            raise self._refused(f"Nested too deeply: at most {DEEPEST} levels", event)
        if self.open:
            here = self.open[-1]
            self.steps.append(len(here) if isinstance(here, list) else self.keys[-1])
        self._place(container, event)
        self.open.append(container)
        self.keys.append(_NO_KEY)

    def _alias(self, event: Any) -> None:
        self.aliases += 1
        if self.aliases > MOST_ALIASES:
            raise self._refused(f"Too many aliases: at most {MOST_ALIASES}", event)
        if event.anchor not in self.anchors:
            raise self._refused(f"There is no anchor {quoted(event.anchor)}", event)
        value = self.anchors[event.anchor]
        if self._awaits_key() and not isinstance(value, str):
            raise self._refused("A key must be a plain text", event)
        self._place(value, event)

    def _awaits_key(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1], dict) and self.keys[-1] is _NO_KEY

    def _place(self, value: Json, event: Any) -> None:
        if not isinstance(event, yaml.AliasEvent) and event.anchor is not None:
            self.anchors[event.anchor] = value
        if not self.open:
            self.result = value
            return
        here = self.open[-1]
        if isinstance(here, list):
            here.append(value)
        elif self.keys[-1] is _NO_KEY:
            if value in here:
                raise self._refused(f"The key {quoted(value)} is given twice", event)
            self.keys[-1] = value
        else:
            here[self.keys[-1]] = value
            self.keys[-1] = _NO_KEY

    def _refused(self, message: str, event: Any) -> FlowFileInvalid:
        return _refused(f"{message} (line {event.start_mark.line + 1}).", path_text(self._path()))

    def _path(self) -> list[str | int]:
        has_key = bool(self.keys) and self.keys[-1] is not _NO_KEY
        return [*self.steps, self.keys[-1]] if has_key else self.steps


class _Inline(dict[str, Json]):
    """A mapping that is written on one line."""


class _InlineList(list[Json]):
    """A list that is written on one line."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if "\n" in text and not re.search(r"[^\S\n]\n|[^\x20-\x7e\n\xa0-\ud7ff]", text):
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
    # Line ends that only YAML knows would be folded away outside of double quotes.
    style = '"' if re.search("[\x85\u2028\u2029\ufeff]", text) else None if isinstance(plain_scalar(text), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text_node)
_Dumper.add_representer(
    _Inline, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=True)
)
_Dumper.add_representer(
    _InlineList, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)
)

_ON_ONE_LINE: Final = frozenset({"edges", "statements"})
_LISTS_ON_ONE_LINE: Final = frozenset({"tags", "at", "frame", "assigned_to", "expect_status", "closing_reasons"})


def write_yaml(document: Json) -> str:
    """`document` as YAML that YAML 1.1 and 1.2 readers agree on; keys in their order."""
    return yaml.dump(_styled(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def _styled(value: Json, name: str = "") -> Json:
    if isinstance(value, Mapping):
        return {key: _styled(entry, key) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        if name in _ON_ONE_LINE:
            return [_Inline(entry) if isinstance(entry, Mapping) else entry for entry in value]
        return _InlineList(value) if name in _LISTS_ON_ONE_LINE else [_styled(entry) for entry in value]
    return value


# -- cleanliness ------------------------------------------------------------------------------------------------------

_UNCLEAN: Final = re.compile("[\0\ud800-\udfff]")


def refuse_unclean(value: Json, *, deepest: int = DEEPEST) -> None:
    """Raise `FlowFileInvalid` unless `value` is JSON that can be stored anywhere.

    No NUL, no lone surrogate, finite numbers of at most 64 bits, text keys, at most `DEEPEST` levels and
    `MOST_VALUES` values.
    """
    if not _is_clean(value, deepest):
        raise FlowFileInvalid(list(_unclean(value, deepest)) or [PathProblem("", "This is not JSON.")])


def _is_clean(value: Json, deepest: int) -> bool:
    """A quick look, level by level: most documents are clean and need no paths."""
    level, depth, seen = [value], 0, 0
    while level:
        depth += 1
        seen += len(level)
        if depth > deepest + 1 or seen > MOST_VALUES:
            return False
        below: list[Json] = []
        for here in level:
            kind = type(here)
            if kind is str:
                if not _is_clean_text(here):
                    return False
            elif kind is dict:
                for key in here:
                    if type(key) is not str or not _is_clean_text(key):
                        return False
                below.extend(here.values())
            elif kind is list or kind is tuple:
                below.extend(here)
            elif not (here is None or kind is bool) and _reason(here):
                return False
        level = below
    return True


def _is_clean_text(text: str) -> bool:
    return "\0" not in text and (text.isascii() or not _UNCLEAN.search(text))


def _unclean(value: Json, deepest: int) -> Iterator[PathProblem]:
    """The first of what is not clean, with paths."""
    todo: list[tuple[Json, tuple[str | int, ...]]] = [(value, ())]
    seen = found = 0
    while todo and found < MOST_PROBLEMS:
        here, path = todo.pop()
        seen += 1
        if seen > MOST_VALUES:
            yield PathProblem("", f"Too many values: at most {MOST_VALUES:,}.")
            return
        reason = _reason(here)
        if isinstance(here, (Mapping, list, tuple)) and len(path) >= deepest:
            reason = f"Nested too deeply: at most {deepest} levels."
        elif isinstance(here, Mapping):
            todo.extend((entry, (*path, str(key))) for key, entry in here.items())
            reason = next((f"A key: {bad}" for key in here if (bad := _key_reason(key))), None)
        elif isinstance(here, (list, tuple)):
            todo.extend((entry, (*path, number)) for number, entry in enumerate(here))
        if reason:
            found += 1
            yield PathProblem(path_text(path), reason)


def _key_reason(key: Json) -> str | None:
    return _reason(key) if isinstance(key, str) else "it is no text."


def _reason(value: Json) -> str | None:
    """Why a single value cannot be stored, or None."""
    if isinstance(value, str):
        return None if _is_clean_text(value) else "The text holds a NUL character or half of a surrogate pair."
    if isinstance(value, int):
        return None if abs(value) <= LARGEST_INTEGER else "The number is too large: at most 64 bits."
    if isinstance(value, float):
        return None if math.isfinite(value) else "Infinity and NaN are no JSON numbers."
    if value is None or isinstance(value, (Mapping, list, tuple)):
        return None
    return f"A {type(value).__name__} is no JSON value."
