"""Journeys: form pages that start flows or complete tasks."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from designer.graph.json_schemas import json_schema_reason
from dialects.native import openapi
from dialects.native.schemas import business
from dialects.native.views.keyed import KeyedView, checked_key
from dialects.shared.bodies import read_object
from dialects.shared.problems import invalid
from engine.entities.journeys import make_journey
from engine.entities.models import Journey

Json = dict[str, Any]


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


class JourneyView(KeyedView[Journey]):
    """Views of journeys."""

    model = Journey

    def json_of(self, row: Journey) -> Json:
        """As it is answered."""
        return journey_json(row)


class Journeys(JourneyView):
    """`/journeys`"""

    needs = {"GET": ApiScope.FLOWS_READ}

    @openapi.operation(
        "Entities", "List journeys", answers={200: "JourneyPage"}, refuses=(400,), parameters=openapi.PAGING
    )
    def get(self, request: Request) -> Response:
        """The newest first."""
        return self.page(request, self.rows())


class OneJourney(JourneyView):
    """`/journeys/{id}`"""

    needs = {"GET": ApiScope.FLOWS_READ, "PUT": ApiScope.FLOWS_WRITE, "DELETE": ApiScope.FLOWS_WRITE}

    @openapi.operation("Entities", "Get a journey", answers={200: "Journey"}, refuses=(404,))
    def get(self, request: Request, key: str) -> Response:
        """Its form and its secret address."""
        return self.answer(self.find(key))

    @openapi.operation(
        "Entities",
        "Make or replace a journey",
        takes="JourneyInput",
        answers={200: "Journey", 201: "Journey"},
        refuses=(400, 413, 415, 422),
    )
    def put(self, request: Request, key: str) -> Response:
        """It keeps its address."""
        body = read_object(request, business.JOURNEY_INPUT)
        reason = json_schema_reason(body.get("form", {}))
        if reason:
            raise invalid([("form", reason)])
        values = {
            "name": body["name"],
            "form": body.get("form", {}),
            "entity_schema": body.get("entity_schema", ""),
            "is_public": body.get("public", False),
            "is_enabled": body.get("enabled", True),
        }
        row = self.rows().filter(key=key).first()
        if row is None:
            made = make_journey(self.scope.environment.pk, key=checked_key(key), **values)
            return self.answer(made, is_new=True)
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
        return self.answer(row)

    @openapi.operation("Entities", "Delete a journey", answers={204: None}, refuses=(404,))
    def delete(self, request: Request, key: str) -> Response:
        """Its address leads nowhere from now on."""
        return self.remove(key)
