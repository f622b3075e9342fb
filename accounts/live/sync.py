"""What a page missed while its socket was closed: the same JSON as over the socket, asked for by `GET …/sync`."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from accounts.live.topics import MAX_VIEW_CHARACTERS, Asked, NoSuchTopic, find_topic
from accounts.scope import Scope


def answer_sync(request: HttpRequest, scope: Scope, topic: str) -> HttpResponse:
    """The update of `topic` since `?after=`, as the page with `?view=` shows it.

    400 for a bad number or an endless view; Http404 for what is not the viewer's to see.
    """
    after, view = request.GET.get("after", "0"), request.GET.get("view", "")
    if not (after.isascii() and after.isdecimal() and len(after) <= 15) or len(view) > MAX_VIEW_CHARACTERS:
        return JsonResponse({"title": "after must be a whole number, view at most 4,000 characters"}, status=400)
    try:
        renderer, id = find_topic(topic)
    except NoSuchTopic as unknown:
        raise Http404 from unknown
    grant = renderer.authorize(scope.user, id) if scope.user else None
    if grant is None or grant.organization_id != scope.organization.pk:
        raise Http404
    update = renderer.render(Asked(id, int(after), view, grant.audience))
    response = JsonResponse(update.to_json(topic))
    response.headers["Cache-Control"] = "no-store"
    return response
