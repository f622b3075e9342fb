"""What is wrong with an expression, and where."""

from __future__ import annotations


class ExpressionError(ValueError):
    """Its text ends with the place: `unexpected token EOF (1:7)`."""

    def __init__(self, message: str, place: tuple[int, int] = (1, 1)) -> None:
        super().__init__(f"{message} ({place[0]}:{place[1]})")
