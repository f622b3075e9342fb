"""The words of the shell: times, statuses, short names."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.slugs import MAX_LENGTH, free_slug
from accounts.templatetags.shell import as_lines, iso, relative_to, status_icon, status_tone, status_word

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

# The same table as tests/js/time.test.mjs.
MOMENTS = [
    (0, "just now"), (-59, "just now"), (30, "in a moment"), (-60, "1 minute ago"), (-179, "3 minutes ago"),
    (3570, "in 1 hour"), (-3600, "1 hour ago"), (7200, "in 2 hours"), (-86400, "1 day ago"),
    (86400 * 2 - 1, "in 2 days"), (-86400 * 13, "13 days ago"), (86400 * 90 - 1, "in 90 days"),
    (86400 * 91, "in 3 months"), (-86400 * 320, "11 months ago"), (86400 * 365 - 1, "in 1 year"),
    (-86400 * 800, "2 years ago"),
]  # fmt: skip


@pytest.mark.parametrize(("seconds", "words"), MOMENTS)
def test_a_moment_is_told_by_its_distance(seconds: int, words: str) -> None:
    assert relative_to(NOW + timedelta(seconds=seconds), NOW) == words


def test_machines_read_moments_in_utc() -> None:
    assert iso(NOW) == "2026-03-01T12:00:00.000Z"


@pytest.mark.parametrize(
    "status",
    [
        "queued",
        "running",
        "waiting",
        "paused",
        "waiting_for_pause",
        "rolling_back",
        "complete",
        "errored",
        "terminated",
    ],
)
def test_every_instance_status_has_a_look_of_its_own(status: str) -> None:
    assert status_icon(status)
    assert status_tone(status)
    assert "_" not in status_word(status)


def test_an_unknown_status_is_shown_plainly() -> None:
    assert (status_tone("surprised"), status_icon("surprised")) == ("queued", "circle")


def test_before_and_after_fit_on_a_line() -> None:
    assert as_lines({"name": "Ops", "members": ["a", "b"]}) == "name: Ops · members: a, b"


@pytest.mark.parametrize(
    ("name", "taken", "slug"),
    [
        ("Order fulfilment", [], "order-fulfilment"),
        ("Sales", ["sales", "sales-2"], "sales-3"),
        ("a_b  C", [], "a-b-c"),
        ("日本", [], "new"),
        ("日本", ["new"], "new-2"),
        ("-x-", [], "x"),
    ],
)
def test_a_short_name_is_made_of_the_name(name: str, taken: list[str], slug: str) -> None:
    assert free_slug(name, taken) == slug


def test_a_short_name_fits_its_column_even_with_a_number() -> None:
    assert len(free_slug("x" * 500, ["x" * 55])) <= MAX_LENGTH
