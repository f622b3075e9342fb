"""Closing reasons, in both generations of the API."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from dialects.epilot import reasons
from dialects.epilot.base import WRITE_FLOWS, EpilotView
from dialects.epilot.checking.schemas import CHANGED_REASON, CHANGED_STATUS, NEW_REASON


class Reasons(EpilotView):
    """`/v1/workflows/closing-reasons`"""

    needs = {"GET": ApiScope.FLOWS_READ, "POST": WRITE_FLOWS}

    def get(self, request: Request) -> Response:
        """getAllClosingReasons"""
        every = self.flag(request, "includeInactive")
        found = reasons.reasons_json(self.scope).values()
        return Response({"reasons": [r for r in found if every or r["status"] == "ACTIVE"]})

    def post(self, request: Request) -> Response:
        """createClosingReason"""
        reason = reasons.add_reason(self.scope, self.read(request, NEW_REASON))
        return Response(reasons.reason_json(reason), status=201)


class OneReasonV1(EpilotView):
    """`/v1/workflows/closing-reasons/{reasonId}`"""

    needs = {"GET": ApiScope.FLOWS_READ, "PATCH": WRITE_FLOWS}

    def get(self, request: Request, id: str) -> Response:
        """getClosingReasonV1"""
        return Response(reasons.reason_json(reasons.find_reason(self.scope, id)))

    def patch(self, request: Request, id: str) -> Response:
        """changeReasonStatus"""
        reason = reasons.find_reason(self.scope, id)
        reasons.change_reason(self.scope, reason, self.read(request, CHANGED_STATUS))
        return Response(status=202)


class OneReason(EpilotView):
    """`/v2/workflows/closing-reasons/{reasonId}`"""

    needs = {"GET": ApiScope.FLOWS_READ, "PATCH": WRITE_FLOWS, "DELETE": WRITE_FLOWS}

    def get(self, request: Request, id: str) -> Response:
        """getClosingReason"""
        return Response(reasons.reason_json(reasons.find_reason(self.scope, id)))

    def patch(self, request: Request, id: str) -> Response:
        """updateClosingReason"""
        reason = reasons.find_reason(self.scope, id)
        changed = reasons.change_reason(self.scope, reason, self.read(request, CHANGED_REASON))
        return Response(reasons.reason_json(changed))

    def delete(self, request: Request, id: str) -> Response:
        """deleteClosingReason"""
        reasons.remove_reason(self.scope, reasons.find_reason(self.scope, id))
        return Response(status=204)
