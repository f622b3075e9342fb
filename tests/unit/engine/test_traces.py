"""Whether calling a function has changed what it can reach."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from engine.scripts.traces import MOST_LOOKED_AT, Trace


class Cart:
    def __init__(self, lines: list[Any]) -> None:
        self.lines = lines

    def add(self, line: Any = "x") -> None:
        self.lines.append(line)

    def count(self) -> int:
        return len(self.lines)


def changes(function: Callable[[], Any]) -> bool:
    """Whether the trace of a function is another after a call."""
    before = Trace([function])
    function()
    return not before.is_same_as(Trace([function]))


def rebinding() -> Callable[[], Any]:
    total = 0

    def add() -> None:
        nonlocal total
        total += 1

    return add


def harmless() -> list[Callable[[], Any]]:
    lines, note = [{"a": [1, 2.5, None]}], "note"
    cart = Cart([1])
    knot: list[Any] = [cart]
    knot.append(knot)
    return [
        lambda: 1,
        lambda: [*lines, note],
        cart.count,
        partial(len, lines),
        lambda: len(knot),
        lambda step=lines: sum(range(3)),
        lambda: Cart(lines[:]).add(),
    ]


def harmful() -> list[Callable[[], Any]]:
    lines, seen, cart, counts, queue = [1], {2}, Cart([]), Counter("ab"), deque([1])
    deep = {"a": [{"b": 1}]}
    numbers = iter(range(5))
    return [
        lambda: lines.append(2),
        lambda: seen.add(3),
        cart.add,
        lambda: cart.add(2),
        lambda: counts.update("a"),
        lambda: queue.append(2),
        lambda: deep["a"][0].update(b=2),
        lambda: next(numbers),
        rebinding(),
        partial(cart.add, 3),
    ]


@pytest.mark.parametrize("function", harmless())
def test_what_changes_nothing_leaves_the_trace_as_it_was(function: Callable[[], Any]) -> None:
    assert not changes(function)


@pytest.mark.parametrize("function", harmful())
def test_every_change_is_seen(function: Callable[[], Any]) -> None:
    assert changes(function)


def test_what_cannot_be_written_down_counts_as_changed() -> None:
    lock, numbers = threading.Lock(), (n for n in range(3))
    many = list(range(MOST_LOOKED_AT + 1))
    for function in (lambda: lock.locked(), lambda: numbers.gi_running, lambda: many[0]):
        assert changes(function)
