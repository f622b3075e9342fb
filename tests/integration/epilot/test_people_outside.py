"""Journeys, the customer portal, entities, automations that end: what the outside world does."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from typing import Any

import orjson
import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Environment, User
from accounts.roles import Role
from accounts.scope import Scope
from designer.models import Flow
from designer.services.drafting import create_flow
from designer.services.publishing import publish_flow
from engine.entities.links import portal_path
from engine.entities.models import Automation, AutomationRun, Entity
from engine.models import Instance
from engine.services.entity_changes import save_entity
from engine.services.triggers import match_inbound_events
from tests.drawing import draw
from tests.integration.epilot.conftest import Epilot, current, statuses, task_of

Json = dict[str, Any]
FORM: Json = {"type": "object", "properties": {"meter": {"type": "string", "title": "Meter"}}, "required": ["meter"]}


class Native:
    """Calls `/api/v1`."""

    def __init__(self, key: str) -> None:
        self.client, self.headers = Client(), {"authorization": f"Bearer {key}"}

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        data = b"" if body is None else orjson.dumps(body)
        answer = self.client.generic(method, f"/api/v1{path}", data, "application/json", headers=self.headers)
        return answer.status_code, orjson.loads(answer.content) if answer.content else None


@pytest.fixture
def native(key: str) -> Native:
    return Native(key)


def one_task(**task: Any) -> Json:
    return {"name": "From outside", "tasks": [{"id": "a", "name": "A", "task_type": "MANUAL", **task}], "edges": []}


def test_a_journey_starts_the_flows_that_wait_for_it(epilot: Epilot, native: Native) -> None:
    body = {"name": "Report a meter", "form": FORM, "entity_schema": "contract", "public": True}
    status, journey = native("PUT", "/journeys/report", body)
    assert status == 201
    trigger = {"type": "journey_submission", "journey_id": "report"}
    made = epilot.make(one_task(), additional_triggers=[trigger])
    epilot.make(one_task(), name="Another")
    assert [t["id"] for t in epilot("GET", "/v2/flows/templates?trigger_type=journey_submission")[1]["results"]] == [
        made["id"]
    ]
    client = Client()
    assert client.get(journey["path"]).status_code == 200
    assert client.post(journey["path"], {}).status_code == 422
    assert client.post(journey["path"], {"field-0": "7"}).status_code == 302
    entity = Entity.objects.get()
    assert (entity.schema, entity.attributes) == ("contract", {"meter": "7"})
    (found,) = epilot("POST", "/v2/flows/executions:search", {"entity_id": entity.key, "entity_schema": "contract"})[1][
        "results"
    ]
    assert (found["flow_template_id"], found["trigger"]) == (made["id"], {"type": "AUTOMATIC"})


def test_a_journey_for_members_wants_them_signed_in(
    native: Native, client_as: Callable[[Role], Client], foreign_scope: Scope
) -> None:
    _, journey = native("PUT", "/journeys/inside", {"name": "Inside"})
    assert Client().get(journey["path"]).status_code == 302
    assert client_as(Role.VIEWER).get(journey["path"]).status_code == 200
    stranger = Client()
    assert isinstance(foreign_scope.user, User)
    stranger.force_login(foreign_scope.user, backend="django.contrib.auth.backends.ModelBackend")
    assert stranger.get(journey["path"]).status_code == 404
    assert Client().get("/journeys/nope/").status_code == 404


def test_a_journey_may_be_made_switched_off(native: Native) -> None:
    _, journey = native("PUT", "/journeys/later", {"name": "Later", "public": True, "enabled": False})
    assert journey["enabled"] is False
    assert Client().get(journey["path"]).status_code == 404
    _, journey = native("PUT", "/journeys/later", {"name": "Later", "public": True})
    assert Client().get(journey["path"]).status_code == 200


def test_the_portal_shows_the_tasks_marked_for_it(epilot: Epilot, native: Native) -> None:
    _, journey = native("PUT", "/journeys/meter", {"name": "Meter", "form": FORM, "public": True})
    tasks = [
        {"id": "a", "name": "Inner", "task_type": "MANUAL", "ecp": {"enabled": True, "label": "Send <b>papers</b>"}},
        {"id": "b", "name": "Hidden", "task_type": "MANUAL"},
        {
            "id": "c",
            "name": "Read it",
            "task_type": "MANUAL",
            "ecp": {"enabled": True, "label": "Read the meter", "journey": {"journeyId": "meter"}},
        },
    ]
    execution = epilot.start(epilot.make({"name": "With a portal", "tasks": tasks, "edges": []}))
    status, link = native("POST", "/entities/ent-1/portal")
    assert status == 200
    client = Client()
    page = client.get(link["path"]).content.decode()
    assert "Send &lt;b&gt;papers&lt;/b&gt;" in page
    assert "Read the meter" in page
    assert "Hidden" not in page
    wrong = client.post(link["path"], {"execution": execution["id"], "task": task_of(execution, "b")["id"]})
    assert wrong.status_code == 409
    done = client.post(link["path"], {"execution": execution["id"], "task": task_of(execution, "a")["id"]})
    assert done.status_code == 302
    address = page.split(f'href="{journey["path"]}')[1].split('"')[0]
    sent = client.post(f"{journey['path']}{address}", {"field-0": "12"})
    assert sent.status_code == 302
    assert statuses(epilot.get(execution)) == {"a": "COMPLETED", "b": "PENDING", "c": "COMPLETED"}
    assert client.get("/portal/nope/").status_code == 404


PORTAL: Json = {"origin": "END_CUSTOMER_PORTAL"}


def on_the_portal(native: Native) -> tuple[Client, str]:
    """A customer, and where their portal is."""
    native("PUT", "/entities/cust-1", {"schema": "contact", "attributes": {"name": "Jo"}})
    return Client(), native("POST", "/entities/cust-1/portal")[1]["path"]


def offered(client: Client, portal: str) -> list[str]:
    """The addresses of what a portal offers to begin."""
    page = client.get(portal).content.decode()
    return [unescape(part.split('"')[0]) for part in page.split('href="')[1:] if part.startswith("/journeys/")]


def test_a_trigger_for_the_portal_starts_its_flow_when_a_customer_makes_something_there(
    epilot: Epilot, native: Native, environment: Environment
) -> None:
    trigger = {"type": "entity_operation", "configuration": {"schema": "meter_reading", "ecp_config": PORTAL}}
    made = epilot.make(one_task(), trigger={"type": "automation", "trigger_config": [trigger]})
    body = {"name": "Read it", "form": FORM, "entity_schema": "meter_reading", "public": True}
    native("PUT", "/journeys/reading", body)
    native("PUT", "/journeys/other", {"name": "Another", "form": FORM, "entity_schema": "other", "public": True})
    native("PUT", "/entities/in-house", {"schema": "meter_reading", "attributes": {"meter": "1"}})
    hear_all()
    assert Instance.objects.count() == 0  # that was not made on the portal
    client, portal = on_the_portal(native)
    (address,) = offered(client, portal)
    assert "Read it" in client.get(portal).content.decode()
    assert client.post(address, {}).status_code == 422
    sent = client.post(address, {"field-0": "7"}, follow=True)
    back = sent.content.decode().split('href="/portal/')[1].split('"')[0]
    assert "What you can begin" in client.get(f"/portal/{back}").content.decode()  # the way back
    hear_all()
    entity = Entity.objects.exclude(key="in-house").get(schema="meter_reading")
    assert [(each.name, each.target.key) for each in entity.relations.all()] == [("customer", "cust-1")]
    wanted = {"entity_id": entity.key, "entity_schema": "meter_reading"}
    (run,) = epilot("POST", "/v2/flows/executions:search", wanted)[1]["results"]
    assert (run["flow_template_id"], run["trigger"]) == (made["id"], {"type": "AUTOMATIC"})


def test_a_template_that_is_available_on_the_portal_is_begun_there(epilot: Epilot, native: Native) -> None:
    for name in ("shown", "kept-inside"):
        native("PUT", f"/journeys/{name}", {"name": name, "form": FORM, "entity_schema": name, "public": True})
    task = one_task(ecp={"enabled": True, "label": "Sign"})
    trigger = {"type": "journey_submission", "journey_id": "shown"}
    made = epilot.make(task, trigger=trigger, available_in_ecp=True)
    epilot.make(task, trigger={"type": "journey_submission", "journey_id": "kept-inside"})
    client, portal = on_the_portal(native)
    (address,) = offered(client, portal)
    assert client.post(address, {"field-0": "7"}).status_code == 302
    wanted = {"entity_id": "cust-1", "entity_schema": "contact"}
    (run,) = epilot("POST", "/v2/flows/executions:search", wanted)[1]["results"]
    assert run["flow_template_id"] == made["id"]
    assert [context["is_primary"] for context in run["contexts"]] == [True, False]
    page = client.get(portal).content.decode()
    assert "Sign" in page  # it is about the customer as well, so that their portal shows it


def test_a_portal_of_another_environment_says_nothing_about_a_journey(
    epilot: Epilot, native: Native, foreign_scope: Scope
) -> None:
    _, journey = native("PUT", "/journeys/report", {"name": "Report", "form": FORM, "public": True})
    epilot.make(one_task(), trigger={"type": "journey_submission", "journey_id": "report"}, available_in_ecp=True)
    stranger, _ = save_entity(foreign_scope, "theirs", schema="contact", attributes={})
    address = f"{journey['path']}?portal={portal_path(stranger).split('/')[2]}"
    assert Client().post(address, {"field-0": "7"}).status_code == 302
    (made,) = Entity.objects.filter(schema="submission")
    assert (made.relations.count(), Instance.objects.get().context["primary"]["$entity"]) == (0, made.key)
    assert offered(Client(), portal_path(stranger)) == []


def test_what_is_filled_in_for_a_task_is_kept(epilot: Epilot, native: Native) -> None:
    body = {"name": "Meter", "form": FORM, "entity_schema": "meter_reading", "public": True}
    native("PUT", "/journeys/meter", body)
    ecp = {"enabled": True, "journey": {"journeyId": "meter"}}
    run = epilot.start(epilot.make(one_task(ecp=ecp)))
    address = offered(Client(), native("POST", "/entities/ent-1/portal")[1]["path"])[0]
    assert Client().post(address, {"field-0": "12"}).status_code == 302
    assert statuses(epilot.get(run)) == {"a": "COMPLETED"}
    assert Entity.objects.get(schema="meter_reading").attributes == {"meter": "12"}


def hear_all() -> None:
    """Let everything on the bus be heard, and what follows from that."""
    while match_inbound_events(timezone.now()):
        pass


def test_entities_are_kept_over_the_api(native: Native, stranger: Epilot) -> None:
    assert native("PUT", "/entities/c-1", {"schema": "contact", "attributes": {"name": "Jo"}})[0] == 201
    relations = [{"name": "customer", "entity": "c-1"}]
    body = {"schema": "contract", "attributes": {"a": 1}, "relations": relations}
    status, made = native("PUT", "/entities/k-1", body)
    assert (status, made["relations"], made["attributes"]) == (201, relations, {"a": 1})
    assert native("PATCH", "/entities/k-1", {"attributes": {"b": 2}})[1]["attributes"] == {"a": 1, "b": 2}
    assert [e["id"] for e in native("GET", "/entities?schema=contract")[1]["items"]] == ["k-1"]
    wrong = {"schema": "contract", "relations": [{"name": "customer", "entity": "nope"}]}
    status, problem = native("PUT", "/entities/k-1", wrong)
    assert (status, problem["errors"]) == (422, [{"path": "relations[0].entity", "message": "there is no such entity"}])
    other = Native(stranger.headers["authorization"].removeprefix("Bearer "))
    assert other("GET", "/entities/k-1")[0] == 404
    assert native("DELETE", "/entities/k-1")[0] == 204
    assert native("GET", "/entities/k-1")[0] == 404


def test_a_changed_entity_starts_a_flow(native: Native, scope: Scope) -> None:
    flow = draw("a", kinds={"a": "noop"}, triggers=({"type": "event", "event": "entity.updated"},))
    row = create_flow(scope, key="listens", name="Listens", flow=flow)
    publish_flow(scope, row)
    native("PUT", "/entities/k-1", {"schema": "contract"})
    native("PATCH", "/entities/k-1", {"attributes": {"state": "signed"}})
    from django.utils import timezone

    match_inbound_events(timezone.now())
    instance = Instance.objects.get()
    assert instance.input["changed"] == ["state"]
    assert Flow.objects.get().key == "listens"


def test_an_automation_that_ends_lets_its_task_go_on(epilot: Epilot, native: Native) -> None:
    status, made = native("PUT", "/automations/slow-one", {"outcome": "slow"})
    assert (status, made["outcome"]) == (201, "slow")
    config = {"flow_id": "slow-one"}
    first = {"id": "a", "name": "A", "task_type": "AUTOMATION", "automation_config": config}
    second = {"id": "b", "name": "B", "task_type": "MANUAL"}
    edge = {"id": "e", "from_id": "a", "to_id": "b"}
    made = epilot.make({"name": "Slow", "tasks": [first, second], "edges": [edge]})
    one, two = epilot.start(made), epilot.start(made)
    runs = list(AutomationRun.objects.order_by("pk"))
    assert native("PATCH", f"/automation-runs/{runs[0].key}", {"status": "success", "output": {"x": 1}})[0] == 200
    assert native("PATCH", f"/automation-runs/{runs[0].key}", {"status": "success"})[0] == 409
    assert current(epilot.get(one)) == {"b"}
    assert native("PATCH", f"/automation-runs/{runs[1].key}", {"status": "failed", "error": "No mail server"})[0] == 200
    failed = task_of(epilot.get(two), "a")
    assert (failed["status"], failed["automation_config"]["error_reason"]) == ("FAILED", "No mail server")
    Automation.objects.update(outcome="success")
    path = f"/v2/flows/executions/{two['id']}/tasks/{failed['id']}/automation:run"
    assert epilot("POST", path)[1]["status"] == "COMPLETED"


def test_an_export_carries_its_journeys(epilot: Epilot, native: Native, stranger: Epilot) -> None:
    native("PUT", "/journeys/report", {"name": "Report", "form": FORM, "public": True})
    trigger = {"type": "journey_submission", "journey_id": "report"}
    made = epilot.make(one_task(journey={"journeyId": "report"}), trigger=trigger)
    export = epilot("GET", f"/v2/flows/templates/{made['id']}/export")[1]
    assert export["_resolved_journeys"]["report"]["form"] == FORM
    answer = stranger("POST", "/v2/flows/templates/import", export)[1]
    new = answer["_id_mappings"]["journey_ids"]["report"]
    assert answer["flow"]["trigger"]["journey_id"] == answer["flow"]["tasks"][0]["journey"]["journeyId"] == new
    other = Native(stranger.headers["authorization"].removeprefix("Bearer "))
    assert other("GET", f"/journeys/{new}")[1]["form"] == FORM
