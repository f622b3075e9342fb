"""How a database spells what the storage says: what the SQL of both has in common leaves these open."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.storage.tables import Row


class Spelling(ABC):
    """Rows travel as parameters, so that a statement never grows with its batch."""

    lock: str = ""
    """Behind a query of one table: hold its rows until the end of the transaction."""
    lock_instance: str = ""
    """Behind a query that joins instances as `i`: hold those, pass over rows that are held."""

    @abstractmethod
    def dedicate_connection(self) -> None:
        """See the contract."""

    @abstractmethod
    def query(self, sql: str, *parameters: Any) -> list[Any]:
        """The rows of a statement."""

    @abstractmethod
    def execute(self, sql: str, *parameters: Any) -> int:
        """Run a statement; answers how many rows it touched."""

    @abstractmethod
    def ids(self, ids: Iterable[int]) -> tuple[str, Any]:
        """A subquery or array of ids for `IN`, and its parameter."""

    @abstractmethod
    def rows(self, columns: Mapping[str, str], rows: Iterable[Row]) -> tuple[str, Sequence[Any]]:
        """At least one row as a table expression named `x` with these columns and types, and its parameters."""

    @abstractmethod
    def moment(self, at: datetime) -> Any:
        """A moment as a parameter."""

    @abstractmethod
    def read_moment(self, stored: Any) -> datetime:
        """A moment as it comes out of the database."""

    @abstractmethod
    def appended(self, new: str) -> str:
        """The expression for the column `attempts` with the list `new` behind it."""

    @abstractmethod
    def later(self, column: str) -> str:
        """The expression for a moment, later by `x.seconds`."""
