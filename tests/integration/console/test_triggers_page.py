"""What starts a flow, whoever keeps the trigger: shown with what came of it, and tried with a sample."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.roles import Role
from accounts.scope import Scope
from designer.models import Flow, Trigger
from designer.services.drafting import create_flow
from designer.services.publishing import publish_flow
from designer.trying.services import keep_sample
from dialects.formance.models import EventTrigger
from dialects.formance.triggers import look_at_occurrences
from engine.models import InboundEvent, Instance
from engine.services.triggers import match_inbound_events
from tests.drawing import draw


@pytest.fixture
def flow(scope: Scope) -> Flow:
    """A flow with an event trigger of its own and one of Formance."""
    own = {
        "type": "event",
        "event": "ORDER",
        "filter": "event.total > 10",
        "inputs": {"total": "{{ event.total }}", "name": "{{ event.customer.name }}"},
    }
    graph = draw("trigger -> ask", kinds={"ask": "manual"}, key="orders", triggers=(own,))
    row = create_flow(scope, key="orders", name="Orders", flow=graph)
    publish_flow(scope, row)
    EventTrigger.objects.create(
        environment=scope.environment,
        flow=row,
        event="SAVED_PAYMENT",
        name="settle on pay-in",
        filter='event.type == "PAY-IN"',
        vars={"cents": "event.amount", "who": "event.customer.name"},
    )
    return row


def outside(scope: Scope, flow: Flow) -> str:
    trigger = EventTrigger.objects.get()
    return scope.url("designer:trigger_try_outside", flow=flow.key, source="formance", id=str(trigger.pk))


def test_triggers_of_formance_are_shown_with_what_came_of_them(
    flow: Flow, scope: Scope, client_as: Callable[[Role], Client]
) -> None:
    client = client_as(Role.OPERATOR)
    for payload in ('{"type": "PAY-IN", "id": "1", "amount": 5, "customer": {"name": "Ada"}}', '{"type": "PAY-IN"}'):
        sent = client.post(scope.url("engine:send_event"), {"type": "SAVED_PAYMENT", "payload": payload})
        assert sent.status_code == 302
    now = timezone.now()
    match_inbound_events(now)
    look_at_occurrences(now)
    page = client.get(scope.url("designer:triggers", flow=flow.key)).content.decode()
    for text in ("settle on pay-in", "SAVED_PAYMENT", "event.type == &quot;PAY-IN&quot;", "event.amount", "Formance"):
        assert text in page
    instance = Instance.objects.get()
    assert instance.input == {"cents": "5", "who": "Ada"}
    assert instance.key in page
    assert "failed: " in page
    assert outside(scope, flow) in page


def test_a_trigger_of_formance_is_tried_with_a_sample(
    flow: Flow, scope: Scope, client_as: Callable[[Role], Client]
) -> None:
    client = client_as(Role.OPERATOR)

    def tried(sample: str) -> str:
        return client.post(outside(scope, flow), {"sample": sample}).content.decode()

    page = tried('{"type": "PAY-IN", "amount": 12900, "customer": {"name": "Ada"}}')
    assert "It would start an instance" in page
    assert "12900" in page
    page = tried('{"type": "PAYOUT", "amount": 1}')
    assert "It would start nothing" in page
    assert "The filter does not let it pass." in page
    page = tried('{"type": "PAY-IN", "amount": 1}')
    assert "who cannot be had, so no instance is started." in page
    assert "cannot fetch name" in page
    broken = client.post(outside(scope, flow), {"sample": "{"})
    assert broken.status_code == 422
    assert "sample-problem" in broken.content.decode()
    assert not Instance.objects.exists()


def new_outside(scope: Scope, flow: Flow, source: str = "formance") -> str:
    return scope.url("designer:trigger_new_outside", flow=flow.key, source=source)


def removal(scope: Scope, flow: Flow, id: str) -> str:
    return scope.url("designer:trigger_remove_outside", flow=flow.key, source="formance", id=id)


def test_a_trigger_of_formance_is_made_and_deleted_by_a_designer(
    flow: Flow, scope: Scope, client_as: Callable[[Role], Client], member: Callable[[Role], User]
) -> None:
    client = client_as(Role.DESIGNER)
    url = new_outside(scope, flow)
    assert url in client.get(scope.url("designer:triggers", flow=flow.key)).content.decode()
    assert client.get(url).status_code == 200
    form = {
        "event": "PARCEL",
        "name": "a parcel",
        "version": "v2",
        "filter": "event.weight >= 2",
        "vars": "grams = event.weight * 1000\n\n who=event.who == nil ? 'nobody' : event.who",
    }
    assert client.post(url, form).status_code == 302
    made = EventTrigger.objects.get(event="PARCEL")
    assert (made.flow, made.environment, made.name, made.version) == (flow, scope.environment, "a parcel", "v2")
    assert made.vars == {"grams": "event.weight * 1000", "who": "event.who == nil ? 'nobody' : event.who"}
    audited = AuditEntry.objects.get(action="trigger.created")
    assert (audited.actor_user, audited.after) == (
        member(Role.DESIGNER),
        {"event": "PARCEL", "name": "a parcel"},
    )
    client.post(scope.url("engine:send_event"), {"type": "PARCEL", "version": "v2", "payload": '{"weight": 3}'})
    match_inbound_events(timezone.now())
    look_at_occurrences(timezone.now())
    assert Instance.objects.get().input == {"grams": "3000", "who": "nobody"}
    assert (
        removal(scope, flow, str(made.pk)) in client.get(scope.url("designer:triggers", flow=flow.key)).content.decode()
    )
    assert client.post(removal(scope, flow, str(made.pk))).status_code == 302
    made.refresh_from_db()
    assert made.deleted_at is not None
    assert client.post(removal(scope, flow, str(made.pk))).status_code == 404
    assert AuditEntry.objects.filter(action="trigger.deleted").count() == 1


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("event", "", "This field is required."),
        ("event", "x" * 201, "at most 200 characters"),
        ("filter", "event. ==", "(1:"),
        ("filter", "x" * 5_000, "at most 4096 characters"),
        ("vars", "cents", "write a name, an equals sign and an expression"),
        ("vars", "a = 1\na = 2", "a is there twice"),
        ("vars", "a = (", "a: "),
        ("vars", "\n".join(f"v{n} = 1" for n in range(101)), "At most 100 variables."),
    ],
)
def test_a_trigger_that_cannot_be_is_refused_with_its_reason(
    flow: Flow, scope: Scope, client_as: Callable[[Role], Client], field: str, value: str, reason: str
) -> None:
    form = {"event": "PARCEL", "name": "", "version": "", "filter": "", "vars": "", field: value}
    answer = client_as(Role.DESIGNER).post(new_outside(scope, flow), form)
    assert answer.status_code == 422
    assert reason in answer.content.decode()
    assert EventTrigger.objects.count() == 1


def test_who_may_make_and_delete_triggers_of_formance(
    flow: Flow, scope: Scope, foreign_scope: Scope, client_as: Callable[[Role], Client]
) -> None:
    url, gone = new_outside(scope, flow), removal(scope, flow, str(EventTrigger.objects.get().pk))
    operator = client_as(Role.OPERATOR)
    assert url not in operator.get(scope.url("designer:triggers", flow=flow.key)).content.decode()
    assert operator.get(url).status_code == operator.post(url, {"event": "A"}).status_code == 403
    assert operator.post(gone).status_code == 403
    stranger = Client()
    assert foreign_scope.user is not None
    stranger.force_login(foreign_scope.user, backend="django.contrib.auth.backends.ModelBackend")
    assert stranger.get(url).status_code == stranger.post(gone).status_code == 404
    designer = client_as(Role.DESIGNER)
    assert designer.get(new_outside(scope, flow, "x")).status_code == 404
    assert designer.get(gone).status_code == 405
    draft = create_flow(scope, key="draft", name="Draft", flow=draw("a", key="draft"))
    assert designer.get(new_outside(scope, draft)).status_code == 404
    assert EventTrigger.objects.filter(deleted_at=None).count() == 1


def test_a_trigger_of_the_version_is_tried_with_a_sample(
    flow: Flow, scope: Scope, client_as: Callable[[Role], Client]
) -> None:
    client = client_as(Role.OPERATOR)
    url = scope.url("designer:trigger_try", flow=flow.key, pk=flow.trigger_rows.get().pk)
    assert url in client.get(scope.url("designer:triggers", flow=flow.key)).content.decode()
    page = client.post(url, {"sample": '{"total": 12, "customer": {"name": "Ada"}}'}).content.decode()
    assert "It would start an instance" in page
    assert "&quot;Ada&quot;" in page
    assert "It would start nothing" in client.post(url, {"sample": '{"total": 1}'}).content.decode()
    assert not Instance.objects.exists()
    assert not InboundEvent.objects.exists()


def test_the_page_says_where_a_program_starts_the_flow_and_a_person_starts_it_beside(
    scope: Scope, client_as: Callable[[Role], Client]
) -> None:
    graph = draw("trigger -> a", key="open", triggers=({"type": "manual"}, {"type": "api"}))
    row = create_flow(scope, key="open", name="Open", flow=graph)
    page, begin = scope.url("designer:triggers", flow="open"), scope.url("engine:start", flow="open")
    assert begin not in client_as(Role.OPERATOR).get(page).content.decode()  # nothing is published
    publish_flow(scope, row)
    operators, viewers = (client_as(role).get(page).content.decode() for role in (Role.OPERATOR, Role.VIEWER))
    assert "http://testserver/api/v1/flows/open/instances" in operators
    assert "Last firings" not in operators  # of these two there are none: who started an instance stands there
    assert (begin in operators, begin in viewers) == (True, False)


def test_a_try_begins_with_an_event_that_fits(flow: Flow, scope: Scope, client_as: Callable[[Role], Client]) -> None:
    client = client_as(Role.OPERATOR)
    own = scope.url("designer:trigger_try", flow=flow.key, pk=flow.trigger_rows.get().pk)
    keep_sample(flow, {"total": 3, "name": "Ada"}, {})
    for url, expected in (
        (own, {"total": 11, "customer": {"name": "Ada"}}),
        (outside(scope, flow), {"amount": "example", "customer": {"name": "example"}, "type": "PAY-IN"}),
    ):
        sample = client.get(url).context["sample"]
        assert json.loads(sample) == expected
        assert "It would start an instance" in client.post(url, {"sample": sample}).content.decode()


def test_whom_a_trigger_may_be_tried_by(
    flow: Flow, scope: Scope, foreign_scope: Scope, client_as: Callable[[Role], Client]
) -> None:
    assert client_as(Role.VIEWER).get(outside(scope, flow)).status_code == 403
    assert client_as(Role.VIEWER).get(scope.url("engine:send_event")).status_code == 403
    stranger = Client()
    assert foreign_scope.user is not None
    stranger.force_login(foreign_scope.user, backend="django.contrib.auth.backends.ModelBackend")
    assert stranger.get(outside(scope, flow)).status_code == 404
    operator = client_as(Role.OPERATOR)
    for id in ("0", "nonsense", "9" * 40):
        url = scope.url("designer:trigger_try_outside", flow=flow.key, source="formance", id=id)
        assert operator.get(url).status_code == 404
    assert operator.get(scope.url("designer:trigger_try_outside", flow=flow.key, source="x", id="1")).status_code == 404


def test_the_types_that_something_listens_for_are_offered(
    scope: Scope, flow: Flow, client_as: Callable[[Role], Client]
) -> None:
    client, send = client_as(Role.OPERATOR), scope.url("engine:send_event")
    assert (
        '<datalist id="id_type-offered"><option value="ORDER"></option></datalist>' in client.get(send).content.decode()
    )
    Trigger.objects.filter(flow=flow).update(is_active=False)
    assert "<datalist" not in client.get(send).content.decode()


def test_an_event_that_cannot_be_sent_is_refused_with_its_reason(
    scope: Scope, client_as: Callable[[Role], Client]
) -> None:
    client = client_as(Role.OPERATOR)
    for form in ({"type": "", "payload": "{}"}, {"type": "A", "payload": "{"}, {"type": "x" * 300, "payload": "1"}):
        assert client.post(scope.url("engine:send_event"), form).status_code == 422
    assert not InboundEvent.objects.exists()
    assert client.post(scope.url("engine:send_event"), {"type": "A", "payload": ""}).status_code == 302
    assert InboundEvent.objects.get().payload is None
