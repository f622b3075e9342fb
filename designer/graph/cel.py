"""Filters and scripts, written in the Common Expression Language: can they be read, and what do they name?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from designer.graph.suggestions import did_you_mean, quoted

LONGEST_FILTER: Final = 2000
LONGEST_SCRIPT: Final = 4000
DEEPEST_TREE: Final = 600
"""Levels of the parse tree; a pair of parentheses takes about twelve."""
_TOO_DEEP: Final = "The expression is nested too deeply."

_CALLS: Final = frozenset({"ident_arg", "member_dot_arg", "dot_ident_arg"})
_MACROS: Final = frozenset({"all", "exists", "exists_one", "map", "filter"})
_TYPES: Final = frozenset(
    {"bool", "bytes", "double", "duration", "int", "list", "map", "null_type", "string", "timestamp", "type", "uint"}
)


def filter_reason(text: str) -> str | None:
    """Why `text` is no filter, or None. Only `event` can be named in it."""
    if len(text) > LONGEST_FILTER:
        return f"At most {LONGEST_FILTER:,} characters."
    if not text.strip():
        return "Write an expression such as event.amount > 50."
    return _reason(text, frozenset({"event"}), " A filter sees event, the payload.")


def script_reason(text: str, arguments: Iterable[str]) -> str | None:
    """Why `text` is no script, or None. Only its arguments can be named in it."""
    if len(text) > LONGEST_SCRIPT:
        return f"At most {LONGEST_SCRIPT:,} characters."
    if not text.strip():
        return "Write an expression such as order.total * 2."
    return _reason(text, frozenset(arguments), " A script sees its arguments; give it one of this name.")


def calls_in(text: str) -> frozenset[str]:
    """The functions that an expression calls, macros left out. Raises what the parser raises for one that is none."""
    from celpy.celparser import CELParser

    found = set()
    todo: list[Any] = [CELParser().parse(text)]
    while todo:
        node = todo.pop()
        children = getattr(node, "children", None) or ()
        if getattr(node, "data", "") in _CALLS:
            found.add(next(str(part) for part in children if getattr(part, "type", "") == "IDENT"))
        todo.extend(children)
    return frozenset(found - _MACROS - {"has"})


@lru_cache(maxsize=1024)
def _reason(text: str, known: frozenset[str], otherwise: str) -> str | None:
    # Imported here: it takes a while, and most flows have no filter. The parser alone, because a celpy Environment
    # changes the recursion limit of the whole process.
    from celpy.celparser import CELParseError, CELParser

    try:
        tree = CELParser().parse(text)
    except CELParseError as bad:
        where = f" (line {bad.line}, column {bad.column})" if bad.line else ""
        return f"This is no expression{where}."
    except RecursionError:
        return _TOO_DEEP
    names = _free_names(tree)
    if names is None:
        return _TOO_DEEP
    unknown = next((name for name in names if name not in known), None)
    if unknown is None:
        return None
    return f"{quoted(unknown)} is not known here.{did_you_mean(unknown, sorted(known)) or otherwise}"


def _free_names(tree: Any) -> list[str] | None:
    """Names that are neither bound by a macro nor a type; None for a tree that is too deep to be evaluated safely."""
    bound = set(_TYPES)
    names = []
    todo = [(tree, 0)]
    while todo:
        node, depth = todo.pop()
        children = getattr(node, "children", None)
        if children is None:
            continue
        if depth > DEEPEST_TREE:
            return None
        if node.data == "ident":
            names.append(str(children[0]))
        if node.data == "member_dot_arg" and len(children) > 2 and str(children[1]) in _MACROS:
            bound.update(_first_name(children[2]))
        todo.extend((child, depth + 1) for child in reversed(children))
    return [name for name in names if name not in bound]


def _first_name(arguments: Any) -> Iterator[str]:
    """The variable of a macro: its first argument, when that is a bare name."""
    node: Any = arguments.children[0] if arguments.children else None
    while getattr(node, "children", None):
        if node.data == "ident":
            yield str(node.children[0])
            return
        node = node.children[0] if len(node.children) == 1 else None
