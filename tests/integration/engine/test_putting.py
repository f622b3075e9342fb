"""Rows of what comes in, stored by a statement that is written once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from designer.models import Trigger
from engine.models import Event, InboundEvent, Occurrence
from engine.services.putting import put
from engine.storage.tables import EVENT_TYPES, INBOUND_EVENT_TYPES, OCCURRENCE_TYPES
from tests.integration.engine.conftest import Engine

AT = datetime(2030, 1, 31, 8, 0, 0, 123456, tzinfo=UTC)
TEXTS = ["plain", "", "NULL", 'a "quoted", {braced} text', "back\\slash", "Zoë 🦜", "two\nlines", "%s $1"]
PAYLOADS: list[Any] = [None, {}, [], "", 0, 1.5, 2**70, {"a": [1, None, "NULL", 'x"y\\']}]


def arrivals(engine: Engine) -> list[InboundEvent]:
    environment = engine.scope.environment
    return [
        InboundEvent(environment=environment, type=text or "none", app=text, payload=payload, received_at=AT)
        for text, payload in zip(TEXTS, PAYLOADS, strict=True)
    ]


def test_what_is_put_is_what_is_read_whether_alone_or_together(engine: Engine) -> None:
    for rows in ([one] for one in arrivals(engine)):
        put(rows, INBOUND_EVENT_TYPES)
    put(arrivals(engine), INBOUND_EVENT_TYPES)
    found = [
        (row.type, row.app, row.version, row.payload, row.received_at) for row in InboundEvent.objects.order_by("pk")
    ]
    wanted = [(text or "none", text, "", payload, AT) for text, payload in zip(TEXTS, PAYLOADS, strict=True)]
    assert found == wanted * 2


def test_each_row_knows_its_own_id_afterwards(engine: Engine) -> None:
    rows = put(arrivals(engine), INBOUND_EVENT_TYPES)
    assert [InboundEvent.objects.get(pk=row.pk).app for row in rows] == TEXTS
    rows[0].app = "changed"
    rows[0].save()
    assert InboundEvent.objects.count() == len(rows)


def test_columns_that_are_not_named_are_as_a_new_row_has_them(engine: Engine) -> None:
    instance = engine.start(engine.publish("a", kinds={"a": "manual"}))
    (event,) = put([Event(instance=instance, type="go", payload=None, received_at=AT)], EVENT_TYPES)
    stored = Event.objects.get(pk=event.pk)
    assert (stored.instance_id, stored.payload, stored.consumed_at, stored.consumed_by_id) == (
        instance.pk,
        None,
        None,
        None,
    )
    assert Event.objects.filter(payload__isnull=True).exists(), "nothing is stored as NULL, as Django does"


def test_what_the_database_refuses_is_an_error_of_djangos_and_leaves_nothing(engine: Engine) -> None:
    flow = engine.publish("a", kinds={"a": "noop"}, triggers=({"type": "webhook"},))
    trigger = Trigger.objects.get(flow=flow)

    def fired(dedupe: str) -> Occurrence:
        return Occurrence(
            environment_id=flow.environment_id, trigger=trigger, flow=flow, type="webhook", at=AT, dedupe=dedupe
        )

    put([fired("once")], OCCURRENCE_TYPES)
    with pytest.raises(IntegrityError), transaction.atomic():
        put([fired("another"), fired("once")], OCCURRENCE_TYPES)
    assert list(Occurrence.objects.values_list("dedupe", flat=True)) == ["once"]


def test_nothing_is_put_without_a_word_to_the_database(engine: Engine, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert put([], EVENT_TYPES) == []


def test_postgresql_plans_the_statement_once(engine: Engine) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite plans nothing in advance")
    for _ in range(5):
        put(arrivals(engine)[:1], INBOUND_EVENT_TYPES)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'INSERT INTO engine_inbound%'")
        assert cursor.fetchone() == (1,)
