"""What is running here."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from dialects.formance.base import FormanceView
from dialects.shared.release import VERSION


class Info(FormanceView):
    """`_info`"""

    def get(self, request: Request) -> Response:
        """The server's version, bare."""
        return Response({"version": f"quadrille-{VERSION}"})
