"""Looking up one row by its keys, on the paths that every API call takes.

Django writes the SQL of a query anew each time, which takes longer than the database takes to answer a look-up by a
key: a call has four or five of them. A `Lookup` has its SQL written once per thread. PostgreSQL in turn would plan it
anew each time, which takes longer than to carry it out: it is asked to keep the plan, once for each connection.
"""

from __future__ import annotations

import inspect
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from types import SimpleNamespace
from typing import Any, Final, Generic, Self, TypeVar

from django.db import connections, models
from django.db.backends.utils import CursorWrapper
from django.db.models.base import ModelState
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.query import get_related_populators
from django.db.models.query_utils import DeferredAttribute
from django.db.models.signals import post_init, pre_init
from psycopg import RawCursor

from accounts.beliefs import current_beliefs

Row = TypeVar("Row", bound=models.Model)
Rows = list[Row]

FROM_DB: Final = vars(models.Model)["from_db"].__func__
KEPT_AS_THEY_ARE: Final = (DeferredAttribute, ForeignKeyDeferredAttribute)
"""Ways to keep a column that keep a value as it is."""
MOST_KEPT: Final = 1_000
"""Answers of one look-up that a process keeps."""
LONGEST_KEPT: Final = 20_000
"""Characters of an answer that is kept; who has a longer one is asked for each time."""


@dataclass(frozen=True, slots=True)
class Found(Generic[Row]):
    """What the database answered for one row, which can be compared and hashed: equal values, an equal row."""

    values: tuple[Any, ...]
    row: Callable[[], Row]
    """Makes it."""


class Lookup(Generic[Row]):
    """The first rows of a query whose arguments are compared with columns, nothing else.

    `queryset` is called once with `marks`, values of the right types that occur nowhere else in the query. What it
    makes of them is remembered: it must not look at them. `select_related` works, prefetching does not.

    `is_kept`: what `first` answered is kept for those who may believe it (see `accounts.beliefs`).
    """

    def __init__(self, queryset: Callable[..., models.QuerySet[Row]], *marks: Any, is_kept: bool = False) -> None:
        self._queryset = queryset
        self._marks = marks
        self._made: Final = threading.local()
        self._kept: Final[dict[tuple[Any, ...], tuple[Any, ...]] | None] = {} if is_kept else None

    def all(self, *arguments: Any) -> Rows[Row]:
        """All rows that the query answers for these arguments."""
        rows: Rows[Row] = self._statement().rows(arguments)
        return rows

    def found(self, *arguments: Any) -> list[Found[Row]]:
        """As `all`, for who may have made most of them before."""
        return self.found_each([arguments])[0]

    def all_each(self, asked: Sequence[tuple[Any, ...]]) -> list[Rows[Row]]:
        """`all` for several arguments, in their order; on PostgreSQL with one statement for all of them."""
        statement = self._statement()
        return [statement.made(answered) for answered in statement.answers_each(asked)]

    def found_each(self, asked: Sequence[tuple[Any, ...]]) -> list[list[Found[Row]]]:
        """`found` for several arguments, as `all_each`."""
        statement = self._statement()
        return [
            [Found(values, partial(statement.row, values)) for values in map(tuple, answered)]
            for answered in statement.answers_each(asked)
        ]

    def _statement(self) -> _Statement:
        made = getattr(self._made, "statement", None)
        if made is None or made.vendor != connections[made.using].vendor:
            made = self._made.statement = _Statement(self._queryset(*self._marks), self._marks)
        return made

    def first(self, *arguments: Any) -> Row | None:
        """The first of them."""
        if self._kept is None:
            return next(iter(self.all(*arguments)), None)
        beliefs = current_beliefs()
        values = self._kept.get(arguments) if beliefs is not None else None
        if beliefs is None or values is None:
            values = self.answer(*arguments)
        else:
            beliefs.held.append((self, arguments, values))
        made: Row | None = None if values is None else self._statement().row(values)
        return made

    def answer(self, *arguments: Any) -> tuple[Any, ...] | None:
        """What the database says of the first of them: equal values, an equal row. Kept where answers are."""
        answered = self._statement().answers(arguments)
        values = tuple(answered[0]) if answered else None
        if self._kept is not None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            if values is None or _length(values) > LONGEST_KEPT:
                self._kept.pop(arguments, None)
            else:
                self._kept[arguments] = values
        return values


class _Prepared(RawCursor[Any]):
    """A cursor whose statements, with numbered parameters, the server plans once."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        """As any cursor does; Django's connections prepare nothing of their own accord."""
        before = self.connection.prepare_threshold
        self.connection.prepare_threshold = 0
        try:
            return super().execute(query, params, **options)
        finally:
            self.connection.prepare_threshold = before


class _Statement:
    """A query as SQL, and how its answer becomes rows. What Django does for each query, taken apart."""

    def __init__(self, queryset: models.QuerySet[Any], marks: tuple[Any, ...]) -> None:
        self.using = queryset.db
        compiler = queryset.query.get_compiler(self.using)
        self.vendor = compiler.connection.vendor
        self.sql, parameters = compiler.as_sql()
        # Each parameter is one of the arguments, by its place, or a value of the query's own.
        self.parameters = [(marks.index(one), None) if one in marks else (-1, one) for one in parameters]
        self.numbered = _numbered(self.sql) if self.vendor == "postgresql" else ""
        self.sql_each = _for_each(self.sql, self.parameters, marks) if self.numbered else ""
        self.numbered_each = _numbered(self.sql_each)
        self.compiler = compiler
        self.converters = compiler.get_converters([column for column, *_ in compiler.select])
        found = compiler.klass_info
        fields = found["select_fields"]
        self.model = found["model"]
        self.columns = slice(fields[0], fields[-1] + 1)
        self.names = [column.target.attname for column, *_ in compiler.select[self.columns]]
        self.make = _maker(self.model, self.using, self.names)
        self.related = get_related_populators(found, compiler.select, self.using)  # type: ignore[call-arg]  # stubs of Django 6
        _make_quickly(self.related)

    def answers(self, arguments: tuple[Any, ...]) -> list[Any]:
        values = [own if place < 0 else arguments[place] for place, own in self.parameters]
        return self._ask(self.sql, self.numbered, values)

    def answers_each(self, asked: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
        """What is answered to each, in one go where the server can; what is asked twice is asked for once."""
        different = list(dict.fromkeys(asked))
        if len(different) < 2 or not self.sql_each:
            answers = {arguments: self.answers(arguments) for arguments in different}
            return [answers[arguments] for arguments in asked]
        values = [_array(column) for column in zip(*different, strict=True)]
        values += [own for place, own in self.parameters if place < 0]
        answers = {arguments: [] for arguments in different}
        for place, *answered in self._ask(self.sql_each, self.numbered_each, values):
            answers[different[place - 1]].append(answered)
        return [answers[arguments] for arguments in asked]

    def _ask(self, sql: str, numbered: str, values: list[Any]) -> list[Any]:
        with self._cursor() as (cursor, is_prepared):
            cursor.execute(numbered if is_prepared else sql, values)
            return list(cursor.fetchall())

    @contextmanager
    def _cursor(self) -> Iterator[tuple[CursorWrapper, bool]]:
        """One, and whether it takes the numbered text. Where queries are written down Django has to read them."""
        connection = connections[self.using]
        if not self.numbered or connection.queries_logged:
            with connection.cursor() as cursor:
                yield cursor, False
            return
        connection.validate_thread_sharing()
        connection.close_if_health_check_failed()
        connection.ensure_connection()
        prepared: Any = _Prepared(connection.connection)
        with connection.make_cursor(prepared) as cursor:
            yield cursor, True

    def rows(self, arguments: tuple[Any, ...]) -> list[Any]:
        return self.made(self.answers(arguments))

    def row(self, values: tuple[Any, ...]) -> Any:
        return self.made([values])[0]

    def made(self, answered: list[Any]) -> list[Any]:
        if self.converters:
            answered = list(self.compiler.apply_converters(answered, self.converters))
        return [self._row(values) for values in answered]

    def _row(self, values: Any) -> Any:
        row = self.make(self.using, self.names, values[self.columns])
        for populator in self.related:
            populator.populate(values, row)
        return row


def _length(values: tuple[Any, ...]) -> int:
    return sum(len(value) for value in values if isinstance(value, str))


def _make_quickly(populators: Iterable[Any]) -> None:
    """Have the rows that come along made by `_maker` as well."""
    for populator in populators:
        populator.model_cls = SimpleNamespace(from_db=_maker(populator.model_cls, populator.db, populator.init_list))
        _make_quickly(populator.related_populators)


def _maker(model: type[models.Model], using: str, names: Sequence[str]) -> Callable[..., Any]:
    """What `model.from_db` is: a row from the values of these columns. Django's own, where a model does anything of its
    own with what it reads; else one that puts them where Django would, at a tenth of the time.
    """
    if not _is_plain(model, names):
        return model.from_db

    def make(db: str, names: Sequence[str], values: Sequence[Any]) -> models.Model:
        row = model.__new__(model)
        state = ModelState()
        state.adding, state.db = False, db
        row.__dict__["_state"] = state
        row.__dict__.update(zip(names, values, strict=True))
        return row

    return make


def _is_plain(model: type[models.Model], names: Sequence[str]) -> bool:
    """Whether rows are made as Django makes them, nobody is told of it, and columns are kept as they are."""
    own = model.__init__ is not models.Model.__init__ or getattr(model.from_db, "__func__", None) is not FROM_DB
    told = any(signal.has_listeners(model) for signal in (pre_init, post_init))
    kept = all(type(inspect.getattr_static(model, name)) in KEPT_AS_THEY_ARE for name in names)
    return kept and not (own or told)


_ARRAYS: Final = {int: "bigint[]", str: "text[]"}


def _for_each(sql: str, parameters: Sequence[tuple[int, Any]], marks: tuple[Any, ...]) -> str:
    """The query for several arguments, which come as an array for each of them; an answer begins with the place, from
    1, of what it is for. Rows for one come in the query's own order. Empty for arguments of other types.
    """
    if not all(type(mark) in _ARRAYS for mark in marks):
        return ""
    places = iter(parameters)

    def named(found: re.Match[str]) -> str:
        place = next(places)[0] if found[0] == "%s" else -1
        return found[0] if place < 0 else f"x.a{place}"

    arrays = ", ".join(f"%s::{_ARRAYS[type(mark)]}" for mark in marks)
    names = ", ".join(f"a{place}" for place in range(len(marks)))
    inner = re.sub("%[s%]", named, sql)
    return f"SELECT x.place, q.* FROM unnest({arrays}) WITH ORDINALITY AS x({names}, place), LATERAL ({inner}) AS q"  # noqa: S608


def _array(values: Sequence[Any]) -> Any:
    """Numbers as text: how large they are must not make another statement of it."""
    return f"{{{','.join(map(str, values))}}}" if isinstance(values[0], int) else list(values)


def _numbered(sql: str) -> str:
    """With `$1`, `$2`… in the place of each `%s`."""
    numbers = count(1)
    return re.sub("%[s%]", lambda mark: f"${next(numbers)}" if mark[0] == "%s" else "%", sql)
