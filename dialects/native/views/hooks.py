"""`/hooks/{secret path}`: whoever knows the address (and signs, where asked) starts an instance."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dialects.native.base import NativeView
from dialects.shared.bodies import refuse_forms, refuse_larger
from dialects.shared.problems import Problem
from engine.models import Occurrence
from engine.services.triggers import SignatureRefused, find_webhook, receive_webhook


class Hook(NativeView):
    """`/hooks/{secret path}`. No key: the address is the secret."""

    schema = None
    may_believe = True

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Open to everyone who knows the address."""
        APIView.initial(self, request, *args, **kwargs)
        refuse_forms(request)

    def problem_of(self, error: Exception) -> Problem | None:
        """Also what a signature can be refused for."""
        if isinstance(error, SignatureRefused):
            return Problem(401, str(error))
        return super().problem_of(error)

    def post(self, request: Request, secret_path: str) -> Response:
        """202 with the instance's id once the call is stored; a repeat with the same `webhook-id` is answered alike."""
        trigger = find_webhook(secret_path)
        if trigger is None:
            raise Http404
        refuse_larger(request.body, settings.MAX_PAYLOAD_BYTES)
        occurrence = receive_webhook(trigger, request.body, request.headers)
        if occurrence.outcome == Occurrence.Outcome.REFUSED:
            raise Problem(422, occurrence.reason)
        instance = occurrence.instance
        return Response({"id": instance.key if instance else None, "outcome": occurrence.outcome}, status=202)
