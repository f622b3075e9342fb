"""Entities, and links to what their customers have to do."""

from __future__ import annotations

from typing import Any, Final

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from dialects.native import openapi
from dialects.native.schemas import business
from dialects.native.views.keyed import KeyedView, checked_key
from dialects.shared.bodies import read_object
from engine.entities.links import portal_path
from engine.entities.models import Entity
from engine.services.entity_changes import delete_entity, save_entity

Json = dict[str, Any]
OF_SCHEMA: Final = openapi.text_query("schema", "Only entities of this schema.")


def entity_json(entity: Entity) -> Json:
    """An entity with its relations."""
    return {
        "id": entity.key,
        "schema": entity.schema,
        "title": entity.title,
        "attributes": entity.attributes,
        "relations": [{"name": r.name, "entity": r.target.key} for r in entity.relations.all()],
        "workflows": entity.summaries,
        "created_at": entity.created_at,
        "updated_at": entity.updated_at,
    }


class EntityView(KeyedView[Entity]):
    """Views of entities."""

    model = Entity

    def json_of(self, row: Entity) -> Json:
        """As it is answered."""
        return entity_json(row)


class Entities(EntityView):
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
        rows = self.rows().prefetch_related("relations__target")
        if request.query_params.get("schema"):
            rows = rows.filter(schema=request.query_params["schema"])
        return self.page(request, rows)


class OneEntity(EntityView):
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
        return self.answer(self.find(key))

    @openapi.operation(
        "Entities",
        "Make or replace an entity",
        takes="EntityInput",
        answers={200: "Entity", 201: "Entity"},
        refuses=(400, 413, 415, 422),
    )
    def put(self, request: Request, key: str) -> Response:
        """Triggers that listen to `entity.created` or `entity.updated` hear of it."""
        body = read_object(request, business.ENTITY_INPUT)
        entity, is_new = save_entity(
            self.scope,
            checked_key(key),
            schema=body["schema"],
            title=body.get("title", ""),
            attributes=body.get("attributes", {}),
            relations=body.get("relations"),
        )
        return self.answer(entity, is_new=is_new)

    @openapi.operation(
        "Entities",
        "Change attributes of an entity",
        takes="EntityChange",
        answers={200: "Entity"},
        refuses=(400, 404, 413, 415, 422),
    )
    def patch(self, request: Request, key: str) -> Response:
        """Merged into those it has. Triggers that listen to `entity.updated` hear of it."""
        entity = self.find(key)
        body = read_object(request, business.ENTITY_CHANGE)
        changed, _ = save_entity(self.scope, key, schema=entity.schema, attributes=body["attributes"], merge=True)
        return self.answer(changed)

    @openapi.operation("Entities", "Delete an entity", answers={204: None}, refuses=(404,))
    def delete(self, request: Request, key: str) -> Response:
        """Instances about it go on, and find nothing in its place."""
        delete_entity(self.scope, self.find(key))
        return Response(status=204)


class Portal(EntityView):
    """`/entities/{id}/portal`"""

    needs = {"POST": ApiScope.INSTANCES_WRITE}

    @openapi.operation("Entities", "Make a link to an entity's portal", answers={200: "PortalLink"}, refuses=(404,))
    def post(self, request: Request, key: str) -> Response:
        """Whoever has the link sees the tasks for customers of the flows about this entity, and may do them."""
        return Response({"path": portal_path(self.find(key))})
