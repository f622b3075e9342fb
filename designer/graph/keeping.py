"""What follows from a value alone is found once: values of the graph never change, and an edit shares most of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final, TypeVar

MOST_KEPT: Final = 8192
"""Of so many values it is kept in mind; then it begins anew."""

Thing = TypeVar("Thing")
Found = TypeVar("Found")


def kept(find: Callable[[Thing], Found], most: int = MOST_KEPT) -> Callable[[Thing], Found]:
    """`find`, asked once for each value as long as it is kept. What it answers must follow from that value alone."""
    found: dict[int, tuple[Thing, Found]] = {}  # what is in it lives, so no other value has its id

    @wraps(find)
    def known(thing: Thing) -> Found:
        entry = found.get(id(thing))
        if entry is not None and entry[0] is thing:
            return entry[1]
        made = find(thing)
        if len(found) >= most:
            found.clear()
        found[id(thing)] = thing, made
        return made

    return known
