"""What services refuse. Doors turn these into 409 and 422."""

from __future__ import annotations

from collections.abc import Iterable


class NotLegalNow(Exception):
    """The state of the thing does not allow it (409). `reason` is a sentence for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class InvalidInput(Exception):
    """What was given does not fit (422). `problems` are (path, message); a path is dotted, empty for the whole."""

    def __init__(self, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{path}: {message}" if path else message for path, message in self.problems))


class KeyTaken(Exception):
    """The flow already has an instance with this id (409)."""

    def __init__(self, key: str) -> None:
        super().__init__(f"There is already an instance with the id {key!r} of this flow.")
        self.key = key
