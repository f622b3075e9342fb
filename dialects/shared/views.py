"""The base of every API view: a key is checked, a scope is required, refusals are problem JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponseBase
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.beliefs import BeliefWrong, believing
from accounts.roles import ApiScope
from accounts.scope import Scope
from dialects.shared.auth import authenticate, require
from dialects.shared.bodies import refuse_forms
from dialects.shared.problems import Problem, answer_problem, problem_of
from dialects.shared.rendering import JsonRenderer


class ApiView(APIView):
    """A view for programs. `needs` says which scope a key must have, by method.

    `may_believe`: a POST without an `Idempotency-Key` may go by what was answered before (`accounts.beliefs`). Of such
    a view everything that it writes is written by `engine.services.together`; a request that writes by other ways is
    stopped there, and heard once more by what is asked for.
    """

    authentication_classes = []
    permission_classes = []
    parser_classes = []
    renderer_classes = [JsonRenderer]
    needs: ClassVar[Mapping[str, ApiScope]] = {}
    may_believe: ClassVar[bool] = False
    scope: Scope

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a request; where that would rest on what is only believed, hear it once more."""
        if self.may_believe and request.method == "POST" and "HTTP_IDEMPOTENCY_KEY" not in request.META:
            answer = self._believing(request, *args, **kwargs)
            if answer is not None:
                return answer
        return super().dispatch(request, *args, **kwargs)

    def _believing(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase | None:
        """The answer by what was answered before, as far as that is so; else None, and nothing has been done."""
        with believing() as beliefs:
            try:
                answer = super().dispatch(request, *args, **kwargs)
            except BeliefWrong:
                return None
            except Exception:
                if beliefs.are_sound:
                    raise
                return None
        return answer if beliefs.are_sound else None

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        """JSON, always: a caller that accepts something else still gets a readable answer."""
        renderers: Sequence[BaseRenderer] = self.get_renderers()
        return renderers[0], renderers[0].media_type

    def perform_authentication(self, request: Request) -> None:
        """Nobody is signed in here: `initial` checks the key."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the key before anything else is looked at, then whether it may do this."""
        super().initial(request, *args, **kwargs)
        self.scope = authenticate(request)
        needed = self.needs.get("GET" if request.method == "HEAD" else request.method or "")
        if needed is not None:
            require(self.scope, needed)
        refuse_forms(request)

    def problem_of(self, error: Exception) -> Problem | None:
        """The problem an exception means. A dialect's base view adds those of its services."""
        return problem_of(error)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer what we know as a problem; let the rest be a 500."""
        problem = self.problem_of(exc)
        if problem is None:
            raise exc
        response = answer_problem(problem)
        response.exception = True
        return response
