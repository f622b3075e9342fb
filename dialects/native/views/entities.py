"""Entities, the automations that tasks run, and journeys."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Model, QuerySet
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from designer.graph.json_schemas import json_schema_reason
from dialects.native import openapi, schemas
from dialects.native.base import NativeView
from dialects.shared.bodies import read_object
from dialects.shared.cursors import newest_first, page_json
from dialects.shared.problems import invalid
from engine.entities.journeys import make_journey
from engine.entities.links import portal_path
from engine.entities.models import Automation, AutomationRun, Entity, Journey
from engine.services.entity_changes import finish_run, save_entity

Json = dict[str, Any]
LONGEST_KEY: Final = 100
OF_SCHEMA: Final = openapi.text_query("schema", "Only entities of this schema.")


def entity_json(entity: Entity) -> Json:
    """An entity with its relations."""
    return {
        "id": entity.key,
        "schema": entity.schema,
        "title": entity.title,
        "attributes": entity.attributes,
        "relations": [{"name": r.name, "entity": r.target.key} for r in entity.relations.select_related("target")],
        "workflows": entity.summaries,
        "created_at": entity.created_at,
        "updated_at": entity.updated_at,
    }


def automation_json(automation: Automation) -> Json:
    """An automation."""
    return {
        "id": automation.key,
        "name": automation.name,
        "actions": automation.actions,
        "outcome": automation.outcome,
        "output": automation.output,
        "enabled": automation.is_enabled,
    }


def run_json(run: AutomationRun) -> Json:
    """A run of an automation."""
    return {
        "id": run.key,
        "automation": run.automation_key,
        "task": run.task,
        "status": run.status,
        "output": run.output,
        "error": run.error_reason,
        "created_at": run.created_at,
        "ended_at": run.ended_at,
    }


def journey_json(journey: Journey) -> Json:
    """A journey with its address."""
    return {
        "id": journey.key,
        "name": journey.name,
        "form": journey.form,
        "entity_schema": journey.entity_schema,
        "public": journey.is_public,
        "enabled": journey.is_enabled,
        "path": f"/journeys/{journey.secret_path}/",
    }


def find(rows: QuerySet[Any], key: str) -> Any:
    """The row of this key. Raises Http404."""
    row: Model | None = rows.filter(key=key).first() if "\0" not in key else None
    if row is None:
        raise Http404
    return row


def checked_key(key: str) -> str:
    """A key that may be stored. Raises Problem 422."""
    if not key.isprintable() or len(key) > LONGEST_KEY:
        raise invalid([("id", f"must have at most {LONGEST_KEY} printable characters")])
    return key


class Entities(NativeView):
    """`/entities`"""

    needs = {"GET": ApiScope.INSTANCES_READ}

    @openapi.operation(
        "Entities",
        "List entities",
        answers={200: "EntityPage"},
        refuses=(400,),
        parameters=(OF_SCHEMA, *openapi.PAGING),
    )
    def get(self, request: Request) -> Response:
        """The newest first."""
        rows = Entity.objects.within(self.scope).prefetch_related("relations__target")
        if request.query_params.get("schema"):
            rows = rows.filter(schema=request.query_params["schema"])
        page = newest_first(rows, request.query_params)
        return Response(page_json([entity_json(row) for row in page.rows], page.next))


class OneEntity(NativeView):
    """`/entities/{id}`"""

    needs = {
        "GET": ApiScope.INSTANCES_READ,
        "PUT": ApiScope.INSTANCES_WRITE,
        "PATCH": ApiScope.INSTANCES_WRITE,
        "DELETE": ApiScope.INSTANCES_WRITE,
    }

    @openapi.operation("Entities", "Get an entity", answers={200: "Entity"}, refuses=(404,))
    def get(self, request: Request, key: str) -> Response:
        """With its relations, and how the flows about it stand."""
        return Response(entity_json(find(Entity.objects.within(self.scope), key)))

    @openapi.operation(
        "Entities",
        "Make or replace an entity",
        takes="EntityInput",
        answers={200: "Entity", 201: "Entity"},
        refuses=(400, 413, 415, 422),
    )
    def put(self, request: Request, key: str) -> Response:
        """Triggers that listen to `entity.created` or `entity.updated` hear of it."""
        body = read_object(request, schemas.ENTITY_INPUT)
        entity, is_new = save_entity(
            self.scope,
            checked_key(key),
            schema=body["schema"],
            title=body.get("title", ""),
            attributes=body.get("attributes", {}),
            relations=body.get("relations"),
        )
        return Response(entity_json(entity), status=201 if is_new else 200)

    @openapi.operation(
        "Entities",
        "Change attributes of an entity",
        takes="EntityChange",
        answers={200: "Entity"},
        refuses=(400, 404, 413, 415, 422),
    )
    def patch(self, request: Request, key: str) -> Response:
        """Merged into those it has. Triggers that listen to `entity.updated` hear of it."""
        entity = find(Entity.objects.within(self.scope), key)
        body = read_object(request, schemas.ENTITY_CHANGE)
        changed, _ = save_entity(self.scope, key, schema=entity.schema, attributes=body["attributes"], merge=True)
        return Response(entity_json(changed))

    @openapi.operation("Entities", "Delete an entity", answers={204: None}, refuses=(404,))
    def delete(self, request: Request, key: str) -> Response:
        """Instances about it go on, and find nothing in its place."""
        find(Entity.objects.within(self.scope), key).delete()
        return Response(status=204)


class Portal(NativeView):
    """`/entities/{id}/portal`"""

    needs = {"POST": ApiScope.INSTANCES_WRITE}

    @openapi.operation("Entities", "Make a link to an entity's portal", answers={200: "PortalLink"}, refuses=(404,))
    def post(self, request: Request, key: str) -> Response:
        """Whoever has the link sees the tasks for customers of the flows about this entity, and may do them."""
        return Response({"path": portal_path(find(Entity.objects.within(self.scope), key))})


class Automations(NativeView):
    """`/automations`"""

    needs = {"GET": ApiScope.FLOWS_READ}

    @openapi.operation(
        "Entities", "List automations", answers={200: "AutomationPage"}, refuses=(400,), parameters=openapi.PAGING
    )
    def get(self, request: Request) -> Response:
        """The newest first."""
        page = newest_first(Automation.objects.within(self.scope), request.query_params)
        return Response(page_json([automation_json(row) for row in page.rows], page.next))


class OneAutomation(NativeView):
    """`/automations/{id}`"""

    needs = {"GET": ApiScope.FLOWS_READ, "PUT": ApiScope.FLOWS_WRITE, "DELETE": ApiScope.FLOWS_WRITE}

    @openapi.operation("Entities", "Get an automation", answers={200: "Automation"}, refuses=(404,))
    def get(self, request: Request, key: str) -> Response:
        """Its actions, and how its runs end."""
        return Response(automation_json(find(Automation.objects.within(self.scope), key)))

    @openapi.operation(
        "Entities",
        "Make or replace an automation",
        takes="AutomationInput",
        answers={200: "Automation", 201: "Automation"},
        refuses=(400, 413, 415, 422),
    )
    def put(self, request: Request, key: str) -> Response:
        """`outcome` says how its runs end; a `slow` one goes on until it is told."""
        body = read_object(request, schemas.AUTOMATION_INPUT)
        values = {
            "name": body.get("name", ""),
            "actions": body.get("actions", []),
            "outcome": body.get("outcome", "success"),
            "output": body.get("output", {}),
            "is_enabled": body.get("enabled", True),
        }
        rows = Automation.objects.within(self.scope)
        row, is_new = rows.update_or_create(environment=self.scope.environment, key=checked_key(key), defaults=values)
        return Response(automation_json(row), status=201 if is_new else 200)

    @openapi.operation("Entities", "Delete an automation", answers={204: None}, refuses=(404,))
    def delete(self, request: Request, key: str) -> Response:
        """Tasks that run it fail from now on."""
        find(Automation.objects.within(self.scope), key).delete()
        return Response(status=204)


class OneRun(NativeView):
    """`/automation-runs/{id}`"""

    needs = {"GET": ApiScope.INSTANCES_READ, "PATCH": ApiScope.INSTANCES_WRITE}

    @openapi.operation("Entities", "Get a run of an automation", answers={200: "AutomationRun"}, refuses=(404,))
    def get(self, request: Request, key: str) -> Response:
        """How it stands."""
        return Response(run_json(find(AutomationRun.objects.within(self.scope), key)))

    @openapi.operation(
        "Entities",
        "Say how a run of an automation has ended",
        takes="RunEnded",
        answers={200: "AutomationRun"},
        refuses=(400, 404, 409, 413, 415, 422),
    )
    def patch(self, request: Request, key: str) -> Response:
        """The step that waits for it goes on."""
        run = find(AutomationRun.objects.within(self.scope), key)
        body = read_object(request, schemas.RUN_ENDED)
        ended = finish_run(
            run, body["status"], scope=self.scope, output=body.get("output"), reason=body.get("error", "")
        )
        return Response(run_json(ended))


class Journeys(NativeView):
    """`/journeys`"""

    needs = {"GET": ApiScope.FLOWS_READ}

    @openapi.operation(
        "Entities", "List journeys", answers={200: "JourneyPage"}, refuses=(400,), parameters=openapi.PAGING
    )
    def get(self, request: Request) -> Response:
        """The newest first."""
        page = newest_first(Journey.objects.within(self.scope), request.query_params)
        return Response(page_json([journey_json(row) for row in page.rows], page.next))


class OneJourney(NativeView):
    """`/journeys/{id}`"""

    needs = {"GET": ApiScope.FLOWS_READ, "PUT": ApiScope.FLOWS_WRITE, "DELETE": ApiScope.FLOWS_WRITE}

    @openapi.operation("Entities", "Get a journey", answers={200: "Journey"}, refuses=(404,))
    def get(self, request: Request, key: str) -> Response:
        """Its form and its secret address."""
        return Response(journey_json(find(Journey.objects.within(self.scope), key)))

    @openapi.operation(
        "Entities",
        "Make or replace a journey",
        takes="JourneyInput",
        answers={200: "Journey", 201: "Journey"},
        refuses=(400, 413, 415, 422),
    )
    def put(self, request: Request, key: str) -> Response:
        """It keeps its address."""
        body = read_object(request, schemas.JOURNEY_INPUT)
        reason = json_schema_reason(body.get("form", {}))
        if reason:
            raise invalid([("form", reason)])
        values = {
            "name": body["name"],
            "form": body.get("form", {}),
            "entity_schema": body.get("entity_schema", ""),
            "is_public": body.get("public", False),
        }
        row = Journey.objects.within(self.scope).filter(key=key).first()
        if row is None:
            made = make_journey(self.scope.environment.pk, key=checked_key(key), **values)
            return Response(journey_json(made), status=201)
        for name, value in (*values.items(), ("is_enabled", body.get("enabled", True))):
            setattr(row, name, value)
        row.save()
        return Response(journey_json(row))

    @openapi.operation("Entities", "Delete a journey", answers={204: None}, refuses=(404,))
    def delete(self, request: Request, key: str) -> Response:
        """Its address leads nowhere from now on."""
        find(Journey.objects.within(self.scope), key).delete()
        return Response(status=204)
