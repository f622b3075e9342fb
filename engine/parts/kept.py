"""HTML that was made before. Rows and drawings are asked for again and again while a page is watched, and most of them
are as they were: they are kept by all that they show, so none is ever out of date.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Piece = TypeVar("Piece")


class Kept(Generic[Piece]):
    """At most so many pieces of HTML, or what they are made of, by what they show; the least recently used go first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces: OrderedDict[Hashable, Piece] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, shown: Hashable, make: Callable[[], Piece], *, is_kept: Callable[[], bool] = lambda: True) -> Piece:
        """The piece that shows this; `make` is called where there is none yet. `is_kept`: whether it is then kept."""
        with self._lock:
            piece = self._pieces.get(shown)
            if piece is not None:
                self._pieces.move_to_end(shown)
                return piece
        piece = make()
        if not is_kept():
            return piece
        with self._lock:
            self._pieces[shown] = piece
            while len(self._pieces) > self._most:
                self._pieces.popitem(last=False)
        return piece
