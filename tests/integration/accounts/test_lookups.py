"""Look-ups whose SQL is written once answer what the query would."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.models import Model
from django.db.models.signals import post_init
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from accounts import lookups
from accounts.beliefs import believing
from accounts.lookups import Lookup
from accounts.models import ApiKey, Environment, Organization, User
from designer.models import Flow, Trigger, Version
from engine.models import Instance, Step

pytestmark = pytest.mark.django_db


def of(organization: Organization) -> Lookup[Environment]:
    """Environments of one organization by a slug, with their organization."""
    rows = Environment.objects.select_related("organization").order_by()
    return Lookup(lambda slug: rows.filter(slug=slug, organization=organization.pk), "a slug")


@pytest.fixture
def acme() -> Organization:
    made = Organization.objects.create(name="Acme", slug="acme-of-lookups")
    for position, slug in enumerate(("one", "two")):
        Environment.objects.create(organization=made, name=slug.title(), slug=slug, position=position)
    return made


def test_it_answers_the_row_for_each_argument(acme: Organization) -> None:
    lookup = of(acme)
    names = [row.name for slug in ("one", "two", "one") if (row := lookup.first(slug)) is not None]
    assert names == ["One", "Two", "One"]
    assert lookup.first("three") is None
    assert lookup.all("three") == []


def test_its_rows_are_like_those_of_the_query(acme: Organization) -> None:
    found = of(acme).first("two")
    wanted = Environment.objects.get(organization=acme, slug="two")
    assert found == wanted
    assert found is not None
    fields = [field.attname for field in Environment._meta.concrete_fields]
    assert [getattr(found, name) for name in fields] == [getattr(wanted, name) for name in fields]
    found.name = "Changed"
    found.save(update_fields=["name"])
    assert Environment.objects.get(pk=wanted.pk).name == "Changed"


def test_related_rows_come_with_the_same_statement(acme: Organization) -> None:
    lookup = of(acme)
    with CaptureQueriesContext(
        connection,
    ) as sent:
        found = lookup.first("one")
        assert found is not None
        assert found.organization.name == "Acme"
    assert len(sent) == 1


def test_its_rows_hold_just_what_djangos_own_hold(acme: Organization) -> None:
    found = of(acme).first("two")
    wanted = Environment.objects.select_related("organization").get(organization=acme, slug="two")
    assert found is not None
    for ours, djangos in ((found, wanted), (found.organization, wanted.organization)):
        assert {**vars(ours), "_state": vars(ours._state)} == {**vars(djangos), "_state": vars(djangos._state)}


@pytest.mark.parametrize("model", [ApiKey, Organization, Environment, User, Flow, Version, Trigger, Instance, Step])
def test_rows_of_our_models_are_made_without_the_work_of_making_them(model: type[Model]) -> None:
    """Which takes longer than to read them."""
    names = [field.attname for field in model._meta.concrete_fields]
    assert lookups._maker(model, "default", names) != model.from_db


def test_a_column_left_out_is_read_when_it_is_asked_for(acme: Organization) -> None:
    rows = Environment.objects.filter(organization=acme).defer("name").order_by()
    found = Lookup(lambda slug: rows.filter(slug=slug), "a slug").first("two")
    assert found is not None
    assert found.get_deferred_fields() == {"name"}
    assert found.name == "Two"


def test_who_wants_to_hear_of_rows_that_are_made_is_told(acme: Organization) -> None:
    heard: list[str] = []

    def hear(instance: Environment, **_: object) -> None:
        heard.append(instance.slug)

    post_init.connect(hear, sender=Environment)
    try:
        of(acme).first("one")
    finally:
        post_init.disconnect(hear, sender=Environment)
    assert heard == ["one"]


def test_a_model_that_makes_its_rows_its_own_way_goes_on_to(
    acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    def from_db(cls: type[Environment], db: str, names: list[str], values: tuple[object, ...]) -> Environment:
        row = super(Environment, cls).from_db(db, names, values)
        row.name = f"{row.name}, as it likes"
        return row

    monkeypatch.setattr(Environment, "from_db", classmethod(from_db))
    found = of(acme).first("one")
    assert found is not None
    assert found.name == "One, as it likes"


def test_what_it_is_given_travels_as_a_parameter(acme: Organization) -> None:
    lookup = of(acme)
    assert lookup.first("one' OR '1' = '1") is None
    assert lookup.first("%s") is None


def test_what_was_found_can_be_told_apart_before_it_is_a_row(acme: Organization) -> None:
    lookup = of(acme)
    (first,), (again,), (other,) = lookup.found("one"), lookup.found("one"), lookup.found("two")
    assert first.values == again.values != other.values
    assert len({first.values, again.values, other.values}) == 2
    with CaptureQueriesContext(connection) as sent:
        row = first.row()
        assert (row.name, row.organization.name) == ("One", "Acme")
    assert len(sent) == 0
    Environment.objects.filter(pk=row.pk).update(name="Changed")
    (changed,) = lookup.found("one")
    assert changed.values != first.values


def test_several_are_answered_as_each_would_be(acme: Organization) -> None:
    flows = [
        Flow.objects.create(environment=environment, key=key, name=f"{key} of {environment.slug}")
        for environment in Environment.objects.filter(organization=acme).order_by("pk")
        for key in ("a", "b")
    ]
    of_place = Lookup(
        lambda pk, name: (
            Flow.objects.filter(environment=pk, name__gte=name).select_related("environment").order_by("-pk")[:2]
        ),
        -1,
        "a name",
    )
    one, two = flows[0].environment_id, flows[2].environment_id
    asked = [(two, "a"), (one, "b of one"), (one, "zzz"), (two, "a"), (-7, "' OR 1 = 1"), (one, "")]
    with CaptureQueriesContext(connection) as sent:
        answered = of_place.all_each(asked)
    assert answered == [of_place.all(*arguments) for arguments in asked]
    assert [[row.name for row in rows] for rows in answered] == [
        ["b of two", "a of two"],
        ["b of one"],
        [],
        ["b of two", "a of two"],
        [],
        ["b of one", "a of one"],
    ]
    assert answered[0][0].environment.slug == "two"
    assert answered[0][0] is not answered[3][0]
    found = of_place.found_each(asked)
    assert [[one.values for one in each] for each in found] == [
        [one.values for one in of_place.found(*arguments)] for arguments in asked
    ]
    assert len(sent) == (1 if connection.vendor == "postgresql" else 5)
    assert of_place.all_each([]) == []


def test_postgresql_plans_it_once_for_a_connection(acme: Organization) -> None:
    lookup = of(acme)
    for slug in ("one", "two", "three"):
        lookup.all(slug)
    for size in (2, 3):
        lookup.all_each([(str(number),) for number in range(size)])
    numbers = Lookup(lambda pk: Environment.objects.filter(pk=pk).order_by(), -1)
    for number in (1, 40_000, 3_000_000_000):
        numbers.all_each([(number,), (number + 1,)])
    if connection.vendor != "postgresql":
        assert lookup._statement().numbered == "", "SQLite plans nothing in advance"
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        texts = [text for (text,) in cursor.fetchall()]
    made = lookup._statement()
    for text in (made.numbered, made.numbered_each, numbers._statement().numbered_each):
        assert texts.count(text) == 1


def test_within_a_broken_transaction_it_is_refused_like_any_query(acme: Organization) -> None:
    lookup = of(acme)
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(TransactionManagementError):
            lookup.all("one")


@pytest.mark.parametrize(("length", "is_believed"), [(10, True), (lookups.LONGEST_KEPT, False)])
def test_only_short_answers_are_kept(acme: Organization, length: int, is_believed: bool) -> None:
    environment = Environment.objects.filter(organization=acme).earliest("pk")
    Flow.objects.create(environment=environment, key="told", name="Told", description="x" * length)
    lookup = Lookup(lambda key: Flow.objects.filter(key=key).order_by(), "a key", is_kept=True)
    for _ in range(2):
        with believing() as beliefs:
            found = lookup.first("told")
        assert found is not None
        assert len(found.description) == length
    assert bool(beliefs.held) is is_believed
