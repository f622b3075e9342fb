"""Error pages: one template each for people, problem JSON for programs, a short text part for htmx."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader

from accounts.context import stay_in_last_place
from dialects.shared.refusals import refusal_for

PROGRAM_PREFIXES = ("/api/", "/hooks/", "/cloudflare/")


def wants_json(request: HttpRequest) -> bool:
    """Whether the sender is a program: an API path, or JSON preferred to HTML."""
    return request.path.startswith(PROGRAM_PREFIXES) or (
        request.get_preferred_type(["text/html", "application/json"]) == "application/json"
    )


def refuse(request: HttpRequest, status: int, message: str) -> HttpResponse:
    """An answer that says what is wrong, in the form its reader understands."""
    shaped = refusal_for(request.path, status, message)
    if shaped is not None:
        return HttpResponse(shaped[1], status=shaped[0], content_type="application/json")
    title = HTTPStatus(status).phrase
    if wants_json(request):
        problem = {"type": "about:blank", "title": title, "status": status, "detail": message}
        return JsonResponse(problem, status=status, content_type="application/problem+json")
    if request.headers.get("HX-Request") == "true":
        # `static/js/requests.js` shows it as a toast; the page stays as it is.
        return HttpResponse(f"{message}\n", status=status, content_type="text/plain; charset=utf-8")
    context: dict[str, Any] = {"status": status, "title": title, "message": message}
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        stay_in_last_place(request)
    else:  # the page that says the database is away must not ask it where somebody works
        context["scope"] = None
    page = loader.select_template([f"{status}.html", "400.html"])
    return HttpResponse(page.render(context, request), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 and its kin. What Django raises while reading a body tells which."""
    if isinstance(exception, RequestDataTooBig):
        return refuse(request, 413, "What was sent is too large.")
    if isinstance(exception, TooManyFieldsSent | TooManyFilesSent):
        return refuse(request, 413, "The form has too many fields.")
    return refuse(request, 400, "The request could not be understood.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: signed in, but the role is too low. The exception's text is the reason."""
    return refuse(request, 403, str(exception) or "Your role does not allow this.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, also for what belongs to another organization."""
    return refuse(request, 404, "There is nothing at this address, or it is not yours to see.")


def server_error(request: HttpRequest) -> HttpResponse:
    """500: rendered without a request, so that a broken context cannot break the page again."""
    shaped = refusal_for(request.path, 500, "Something broke here.")
    if shaped is not None:
        return HttpResponse(shaped[1], status=shaped[0], content_type="application/json")
    if wants_json(request):
        problem = {"type": "about:blank", "title": "Internal Server Error", "status": 500}
        return JsonResponse(problem, status=500, content_type="application/problem+json")
    return HttpResponse(loader.get_template("500.html").render(), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose token is missing or old: nearly always a page left open over a sign-in."""
    return refuse(request, 403, "This page was open for too long or the sign-in changed. Reload it and try again.")
