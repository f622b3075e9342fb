"""The base of this room's views: who calls, with which right, and refusals in the vendor's shape."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import IntegrityError, OperationalError
from django.http import Http404
from rest_framework.exceptions import APIException
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Environment
from accounts.roles import Role
from accounts.scope import Scope
from dialects.formance.errors import TOO_LARGE, Code, Denied, FormanceError, bad_request
from dialects.formance.oauth import NEEDS, Caller, caller_of_key, caller_of_token
from dialects.shared.auth import bearer_token
from dialects.shared.rendering import JsonRenderer
from engine.services.errors import InvalidInput, KeyTaken, NotLegalNow

log = logging.getLogger(__name__)
SAFE = ("GET", "HEAD", "OPTIONS")


class FormanceView(APIView):
    """A view of this API. `version` is that of the wire, `service` the scopes' family."""

    authentication_classes = []
    permission_classes = []
    renderer_classes = [JsonRenderer]
    schema = None
    version: ClassVar[int] = 1
    service: ClassVar[str] = "orchestration"
    scope: Scope

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        """JSON, whatever the caller accepts."""
        renderers: Sequence[BaseRenderer] = self.get_renderers()
        return renderers[0], renderers[0].media_type

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the token before anything else is looked at, then what it may do."""
        super().initial(request, *args, **kwargs)
        caller = find_caller(request)
        write = f"{self.service}:write"
        wanted = {write, f"{self.service}:read"} if request.method in SAFE else {write}
        if not wanted & caller.granted:
            raise Denied(403)
        self.scope = caller.scope

    def handle_exception(self, exc: Exception) -> Response:
        """Answer what we know in the vendor's shape; anything unexpected is logged and `INTERNAL`."""
        if isinstance(exc, Denied):
            response = Response(status=exc.status, headers={"WWW-Authenticate": "Bearer"} if exc.status == 401 else {})
        else:
            error = error_of(exc)
            response = Response(error.to_json(), status=error.status)
        response.exception = True
        return response


def find_caller(request: Request) -> Caller:
    """Who calls. Raises `Denied`."""
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if not header and settings.FORMANCE_ANONYMOUS:
        return _anonymous(settings.FORMANCE_ANONYMOUS)
    plain = bearer_token(header)
    caller = None if plain is None else caller_of_key(plain) or caller_of_token(plain)
    if caller is None:
        raise Denied(401)
    return caller


def _anonymous(place: str) -> Caller:
    """Whoever calls without a token, where the deployment allows it: in the one environment it names."""
    organization, _, slug = place.partition("/")
    environments = Environment.objects.select_related("organization")
    environment = environments.filter(slug=slug, organization__slug=organization).first()
    if environment is None:
        raise Denied(401)
    return Caller(Scope(environment.organization, environment, None, Role.DESIGNER), frozenset(NEEDS))


def error_of(exc: Exception) -> FormanceError:
    """The error an exception means."""
    if isinstance(exc, FormanceError):
        return exc
    if isinstance(exc, InvalidInput):
        path, message = exc.problems[0]
        return bad_request(f"{path}: {message}" if path else message)
    if isinstance(exc, (NotLegalNow, KeyTaken)):
        return bad_request(str(exc))
    if isinstance(exc, Http404):
        return FormanceError(404, Code.NOT_FOUND, "not found")
    if isinstance(exc, RequestDataTooBig):
        return bad_request(TOO_LARGE)
    if isinstance(exc, IntegrityError):
        log.exception("refused by the database")
        return FormanceError(409, Code.VALIDATION, "somebody else changed this at the same moment")
    if isinstance(exc, OperationalError):
        log.exception("the database did not answer")
        return FormanceError(503, Code.INTERNAL, "the database is busy; nothing was saved")
    if isinstance(exc, APIException):
        code = Code.NOT_FOUND if exc.status_code == 404 else Code.VALIDATION
        return FormanceError(exc.status_code, code, str(exc.detail))
    log.exception("a request of the Formance API broke")
    return FormanceError(500, Code.INTERNAL, "internal error")


class NothingHere(FormanceView):
    """Any address this API does not have."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """404 in the vendor's shape."""
        self.http_method_names = [str(request.method).lower()]
        setattr(self, str(request.method).lower(), self.refuse)
        return super().dispatch(request, *args, **kwargs)

    def refuse(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Nothing to do here."""
        raise FormanceError(404, Code.NOT_FOUND, "not found")
