"""`/v1/environments`, `/v2/environments`: the organization's environments, publishing and comparing."""

from __future__ import annotations

from typing import Any, Final

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Environment
from accounts.roles import ApiScope
from dialects.novu import environments, validation
from dialects.novu.base import NovuView, enveloped
from dialects.novu.errors import bad_body

READ: Final = ApiScope.FLOWS_READ
WRITE: Final = ApiScope.FLOWS_WRITE


class Environments(NovuView):
    """`/v1/environments`"""

    needs = {"GET": READ, "POST": WRITE}

    def get(self, request: Request) -> Response:
        """All of the organization."""
        found = environments.environments_of(self.scope)
        return enveloped([environments.environment_json(each, found) for each in found])

    def post(self, request: Request) -> Response:
        """A new one."""

        def act() -> Response:
            body = self.body(request)
            validation.check_texts(body, name=True, color=True, parentId=False)
            made, key = environments.create(self.scope, body)
            return enveloped({**self.shown(made), "apiKeys": [key]}, 201)

        return self.once(request, act, is_secret=True)

    def shown(self, environment: Environment) -> dict[str, Any]:
        """It as an answer."""
        everyone = environments.environments_of(self.scope)
        again = next(each for each in everyone if each.pk == environment.pk)
        return environments.environment_json(again, everyone)


class OneEnvironment(Environments):
    """`/v1/environments/{environmentId}`"""

    needs = {"PUT": WRITE, "DELETE": WRITE}
    http_method_names = ["put", "delete"]

    def put(self, request: Request, environment: str) -> Response:
        """Change what is said of it."""
        found = environments.find(self.scope, environment)
        body = self.body(request)
        validation.check_texts(body, name=False, identifier=False, parentId=False, color=False)
        return enveloped(self.shown(environments.change(self.scope, found, body)))

    def delete(self, request: Request, environment: str) -> Response:
        """Remove an empty one."""
        environments.remove(self.scope, environments.find(self.scope, environment))
        return enveloped({"acknowledged": True})


class Tags(NovuView):
    """`/v2/environments/{environmentId}/tags`"""

    needs = {"GET": READ}

    def get(self, request: Request, environment: str) -> Response:
        """The tags of its workflows."""
        return enveloped(environments.tags_of(environments.find(self.scope, environment)))


class Publish(NovuView):
    """`/v2/environments/{targetEnvironmentId}/publish`"""

    needs = {"POST": WRITE}

    def post(self, request: Request, environment: str) -> Response:
        """Bring workflows there."""

        def act() -> Response:
            target = environments.find(self.scope, environment)
            body = self.body(request)
            if body.get("resources") is not None and not isinstance(body["resources"], list):
                raise bad_body([("resources", "resources must be an array")])
            if body.get("dryRun") is not None and not isinstance(body["dryRun"], bool):
                raise bad_body([("dryRun", "dryRun must be a boolean")])
            return enveloped(environments.publish(self.scope, target, body))

        return self.once(request, act)


class Diff(NovuView):
    """`/v2/environments/{targetEnvironmentId}/diff`"""

    needs = {"POST": READ}

    def post(self, request: Request, environment: str) -> Response:
        """What publishing would change there."""

        def act() -> Response:
            target = environments.find(self.scope, environment)
            return enveloped(environments.diff(self.scope, target, self.body(request)))

        return self.once(request, act)
