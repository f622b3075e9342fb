"""What the demo has beside flows: customers and contracts, a form for people outside, somebody to notify."""

from __future__ import annotations

from typing import Any, Final

from accounts.scope import Scope
from engine.entities.automations import make_automation
from engine.entities.journeys import make_journey
from engine.entities.models import Automation, Entity, Journey
from engine.notifying.models import Subscriber, Topic, TopicMember
from engine.services.entity_changes import save_entity

Json = dict[str, Any]
ENTITIES: Final[tuple[tuple[str, str, str, Json, list[dict[str, str]]], ...]] = (
    ("customer-17", "customer", "Northwind Bakery", {"country": "DE", "employees": 18, "status": "active"}, []),
    ("customer-18", "customer", "Harbour Logistics", {"country": "NL", "employees": 640, "status": "active"}, []),
    (
        "contract-204",
        "contract",
        "Electricity, Market Square 4",
        {"meter": "1EMH0012345678", "starts_on": "2026-01-01", "kwh_a_year": 18400, "status": "running"},
        [{"name": "customer", "entity": "customer-17"}],
    ),
)
SUBSCRIBERS: Final = (
    ("dispatcher", "Night", "Dispatcher", "dispatcher@example.com"),
    ("baker", "Northwind", "Bakery", "office@northwind.example.com"),
    ("harbour-gate", "Harbour", "Gate", ""),
)
"""Whom flows notify: `(id, first name, last name, e-mail address)`; whoever has no address gets no e-mail."""
FORM: Final[Json] = {
    "type": "object",
    "required": ["place", "what"],
    "properties": {
        "place": {"type": "string", "title": "Where is it?", "maxLength": 200},
        "what": {"type": "string", "title": "What is wrong?", "maxLength": 1000},
        "urgent": {"type": "boolean", "title": "Somebody is in danger"},
    },
}


def make_data(scope: Scope) -> None:
    """Make what is not there yet."""
    for key, schema, title, attributes, relations in ENTITIES:
        if not Entity.objects.within(scope).filter(key=key).exists():
            save_entity(scope, key, schema=schema, title=title, attributes=attributes, relations=relations)
    if not Journey.objects.within(scope).filter(key="report-a-fault").exists():
        make_journey(
            scope.environment.pk,
            key="report-a-fault",
            name="Report a fault",
            form=FORM,
            entity_schema="fault",
            is_public=True,
        )
    if not Automation.objects.within(scope).filter(name="Tell the grid operator").exists():
        make_automation(
            scope.environment.pk,
            name="Tell the grid operator",
            actions=[{"type": "send-email", "config": {"template": "new contract"}}],
            trigger=[{"type": "entity_operation", "configuration": {"schema": "contract"}}],
        )
    _make_subscribers(scope)


def _make_subscribers(scope: Scope) -> None:
    for id, first_name, last_name, email in SUBSCRIBERS:
        Subscriber.objects.get_or_create(
            environment=scope.environment,
            subscriber_id=id,
            defaults={"first_name": first_name, "last_name": last_name, "email": email},
        )
    topic, is_new = Topic.objects.get_or_create(
        environment=scope.environment, key="night-shift", defaults={"name": "Night shift"}
    )
    if is_new:
        dispatcher = Subscriber.objects.within(scope).get(subscriber_id="dispatcher")
        TopicMember.objects.create(topic=topic, subscriber=dispatcher)
