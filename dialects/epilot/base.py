"""The base of the epilot views: the vendor's headers, bodies read leniently, errors in its shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.clean_json import BadJson, clean_json
from accounts.models import Membership
from accounts.roles import ApiScope
from designer.services.publishing import FlowHasProblems
from dialects.epilot.checking.shapes import checked
from dialects.epilot.errors import Refusal, bad_request, refusal_of
from dialects.shared.problems import Problem, problem_of
from dialects.shared.views import ApiView
from engine.services.errors import InvalidInput, KeyTaken, NotLegalNow

Json = dict[str, Any]
READ = {"GET": ApiScope.FLOWS_READ}
WRITE_FLOWS = ApiScope.FLOWS_WRITE
WRITE_INSTANCES = ApiScope.INSTANCES_WRITE


class EpilotView(ApiView):
    """A view in the vendor's manner."""

    schema = None  # described by the vendor, not in our own OpenAPI document
    not_found: ClassVar[str] = "Not found"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the vendor's two optional headers after the key: they must name the key's own organization."""
        super().initial(request, *args, **kwargs)
        organization = request.headers.get("x-epilot-org-id")
        if organization is not None and organization != self.org_id:
            raise Refusal(403, "Forbidden")
        user = request.headers.get("x-epilot-user-id")
        if user is not None and user != self.user_id and not self._is_member(user):
            raise Refusal(403, "Forbidden")

    def _is_member(self, user: str) -> bool:
        members = Membership.objects.filter(organization=self.scope.organization)
        return user.isascii() and user.isdecimal() and len(user) < 19 and members.filter(user_id=int(user)).exists()

    @property
    def org_id(self) -> str:
        """The organization as it goes over the wire."""
        return str(self.scope.organization.pk)

    @property
    def user_id(self) -> str:
        """Who acts: the person who issued the key, else the key itself."""
        key = self.scope.api_key
        if key is not None:
            return str(key.created_by_id) if key.created_by_id else f"key-{key.pk}"
        return str(self.scope.user.pk) if self.scope.user else "0"

    def read(self, request: Request, schema: Mapping[str, Any], *, is_required: bool = True) -> Json:
        """The JSON body in the shape of `schema`: what it does not know is left out. Raises `Refusal`.

        Whatever its media type: the vendor's clients send some bodies without one.
        """
        if not request.body and not is_required:
            return {}
        try:
            body = clean_json(request.body, max_bytes=settings.MAX_FLOW_FILE_BYTES)
        except BadJson:
            raise bad_request("Invalid request body") from None
        if not isinstance(body, dict):
            raise bad_request("Invalid request body")
        return checked(body, schema)

    def flag(self, request: Request, name: str, *, default: bool = False) -> bool:
        """A boolean of the query. Raises `Refusal` for anything but true and false."""
        raw = request.query_params.get(name)
        if raw is None or raw == "":
            return default
        if raw not in ("true", "false"):
            raise bad_request(f"{name} must be true or false")
        return raw == "true"

    def handle_exception(self, exc: Exception) -> Response:
        """Answer what we know as `{message}`; let the rest be a 500."""
        refusal = self.refusal_of(exc)
        if refusal is None:
            raise exc
        response = Response({"message": refusal.message}, status=refusal.status)
        response.exception = True
        return response

    def refusal_of(self, error: Exception) -> Refusal | None:
        """What an exception means on this wire; None for a mistake of ours."""
        if isinstance(error, Refusal):
            return error
        if isinstance(error, Http404):
            return Refusal(404, self.not_found)
        if isinstance(error, (NotLegalNow, KeyTaken, FlowHasProblems)):
            return bad_request(str(error))
        if isinstance(error, InvalidInput):
            return bad_request("; ".join(f"{path} {message}".strip() for path, message in error.problems))
        problem: Problem | None = problem_of(error)
        return None if problem is None else refusal_of(problem)
