"""The addresses of this dialect, below `/cloudflare/client/v4/`.

Instance ids may hold slashes and blanks (`*/30 * * * *-1786…`), so what is known to follow an id is matched first, and
the id takes all the rest. Every collection also answers with a slash at its end.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt

from dialects.cloudflare.base import CloudflareView
from dialects.cloudflare.views import instances, versions, workflows

app_name = "cloudflare"

ACCOUNT = r"^accounts/(?P<account>[^/]+)/workflows"
NAME = ACCOUNT + r"/(?P<name>[^/]+)"
INSTANCE = NAME + r"/instances/(?P<instance>.+)"

View = type[CloudflareView]


def by_method(views: dict[str, View], otherwise: View) -> Callable[..., HttpResponseBase]:
    """One address that means another thing for each method: an instance may be called `batch`, or end in `/step`.

    `otherwise` takes the whole rest of the address as an instance id.
    """
    doors = {method: view.as_view() for method, view in views.items()}
    other = otherwise.as_view()

    @csrf_exempt
    def open_door(request: HttpRequest, **captured: Any) -> HttpResponseBase:
        door = doors.get(request.method or "")
        if door is not None:
            return door(request, **captured)
        whole = request.path_info.partition("/instances/")[2].rstrip("/")
        return other(request, account=captured["account"], name=captured["name"], instance=whole)

    return open_door


one = instances.OneInstance
urlpatterns = [
    re_path(ACCOUNT + r"/?$", workflows.Workflows.as_view()),
    re_path(NAME + r"/?$", workflows.OneWorkflow.as_view()),
    re_path(NAME + r"/versions/?$", versions.Versions.as_view()),
    re_path(NAME + r"/versions/(?P<version>[^/]+)/?$", versions.OneVersion.as_view()),
    re_path(NAME + r"/versions/(?P<version>[^/]+)/graph/?$", versions.Graph.as_view()),
    re_path(NAME + r"/instances/?$", instances.Instances.as_view()),
    re_path(NAME + r"/instances/batch/?$", by_method({"POST": instances.Batch}, one)),
    re_path(NAME + r"/instances/batch/delete/?$", by_method({"POST": instances.BatchDelete}, one)),
    re_path(NAME + r"/instances/terminate/?$", by_method({"PUT": instances.TerminateAll}, one)),
    re_path(INSTANCE + r"/status/?$", by_method({"PATCH": instances.Status}, one)),
    re_path(INSTANCE + r"/step/?$", by_method({"GET": instances.Step}, one)),
    re_path(INSTANCE + r"/log/?$", by_method({"GET": instances.Log}, one)),
    re_path(INSTANCE + r"/events/(?P<type>[^/]+)/?$", by_method({"POST": instances.Events}, one)),
    re_path(INSTANCE + r"$", one.as_view()),
    re_path(r"", instances.Nothing.as_view()),
]
