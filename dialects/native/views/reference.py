"""The API's own description: OpenAPI, JSON Schema of the flow file, and a page for people. Open to everyone."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.context import stay_in_last_place
from designer.graph.schema import flow_file_schema
from dialects.native import reference
from dialects.shared.rendering import to_json_bytes


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3.1 as JSON."""
    return HttpResponse(to_json_bytes(reference.openapi_document()), content_type="application/vnd.oai.openapi+json")


@require_safe
def flow_file(request: HttpRequest) -> HttpResponse:
    """The JSON Schema of the flow file, for editors and validators."""
    return HttpResponse(to_json_bytes(flow_file_schema()), content_type="application/schema+json")


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The reference page; a member keeps the navigation of where they work."""
    stay_in_last_place(request)
    context = {"groups": reference.groups(), "shapes": reference.shapes(), "problems": reference.PROBLEMS}
    return render(request, "native/reference.html", context)


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """`/api/v1/` leads to the reference page."""
    return HttpResponseRedirect(reverse("native:reference"))
