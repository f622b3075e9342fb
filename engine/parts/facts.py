"""The history of an instance in words, a page at a time, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest
from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from accounts.lookups import Found, Lookup
from accounts.people import called
from accounts.scope import Scope
from engine.core.facts import FactType
from engine.models import Fact
from engine.parts.kept import Kept
from engine.parts.rows import fact_row
from engine.wording import FactWords, fact_words

FACTS_A_PAGE: Final = 25
LONGEST_DETAIL: Final = 400
MOST_KEPT: Final = 10_000
LONGEST_KEPT: Final = 2_000
"""Characters of a fact's data; rows of more are made anew each time, so that what is kept stays small."""
A_NUMBER: Final = 987_654_321
# A page that is watched asks these again with each change. The marks are of the arguments' types, and none else's.
_NEWEST_FACTS = Lookup(lambda pk: Fact.objects.filter(instance=pk).order_by("-number")[: FACTS_A_PAGE + 1], -1)
_OLDER_FACTS = Lookup(
    lambda pk, number: Fact.objects.filter(instance=pk, number__lt=number).order_by("-number")[: FACTS_A_PAGE + 1],
    -1,
    A_NUMBER,
)


@dataclass(frozen=True)
class FactRow:
    """One fact in words."""

    fact: Fact
    words: FactWords
    name: str
    taken_out: int = 0
    """How many older facts, right before this one, were thinned out."""

    @property
    def detail(self) -> str:
        """More about it, cut to what a row holds."""
        detail = self.words.detail
        return detail if len(detail) <= LONGEST_DETAIL else f"{detail[:LONGEST_DETAIL]}…"

    @cached_property
    def html(self) -> SafeString:
        """Its row in the table."""
        return fact_row(self)

    @property
    def with_gap(self) -> SafeString:
        """That, and what is said of older facts that are gone."""
        if not self.taken_out:
            return self.html
        return self.html + format_html(
            '\n<tr data-key="taken-out-{}"><td colspan="4" class="small muted">{} facts of repeated attempts are not '
            "kept.</td></tr>",
            self.fact.number,
            self.taken_out,
        )


_kept: Final[Kept[FactRow]] = Kept(MOST_KEPT)


@dataclass(frozen=True, slots=True)
class FactPage:
    """Facts, newest first. `before` is the number to ask for older ones with, or None."""

    rows: Sequence[FactRow]
    before: int | None

    @property
    def html(self) -> SafeString:
        """The rows of the table."""
        return mark_safe("\n".join(row.with_gap for row in self.rows))  # noqa: S308 (rows that templates made)


def newest_facts(instance_ids: Sequence[int]) -> list[Sequence[Found[Fact]]]:
    """The newest facts of each instance, as the database has them: those of a page, and one more."""
    return [*_NEWEST_FACTS.found_each([(pk,) for pk in instance_ids])]


def older_facts(instance_id: int, number: int) -> Sequence[Found[Fact]]:
    """Those before `number`, likewise."""
    return _OLDER_FACTS.found(instance_id, number)


def page_of(scope: Scope, found: Sequence[Found[Fact]], names: Mapping[str, str], *, version: int | None) -> FactPage:
    """A page of such facts. `version`: whose tasks `names` names, where they are none but those."""
    people = _people(scope, found)
    made = [_row_of(one, names, people, version) for one in found]
    rows = [
        _after(row, older.fact.number if older is not None else row.fact.number - 1)
        for row, older in zip_longest(made[:FACTS_A_PAGE], made[1 : FACTS_A_PAGE + 1])
    ]
    return FactPage(rows, made[FACTS_A_PAGE - 1].fact.number if len(made) > FACTS_A_PAGE else None)


def _people(scope: Scope, found: Sequence[Found[Fact]]) -> Mapping[str, str]:
    """What those are called whom these facts give a task to, by address or slug in lower case."""
    given = [one.row().data.get("to") for one in found if _gives(one)]
    return called(scope, (str(each) for to in given if isinstance(to, list) for each in to)) if given else {}


def _gives(found: Found[Fact]) -> bool:
    return FactType.STEP_ASSIGNED in found.values


def _row_of(found: Found[Fact], names: Mapping[str, str], people: Mapping[str, str], version: int | None) -> FactRow:
    """A fact never changes: what is said of it is known by what the database answers, and by whose names are used."""

    def make() -> FactRow:
        fact = found.row()
        words = fact_words(
            fact.type,
            fact.data,
            name_of=lambda key: names.get(key, key),
            person_of=lambda one: people.get(one.lower(), one),
        )
        return FactRow(fact, words, names.get(fact.task, fact.task))

    if version is None or _gives(found):  # what people are called changes
        return make()
    return _kept.get((version, found.values), make, is_kept=lambda: not _is_long(found))


def _is_long(found: Found[Fact]) -> bool:
    return any(isinstance(value, str) and len(value) > LONGEST_KEPT for value in found.values)


def _after(row: FactRow, number: int) -> FactRow:
    """The row, with how many facts there are none of any more between it and the one before."""
    gap = row.fact.number - number - 1
    return replace(row, taken_out=gap) if gap else row
