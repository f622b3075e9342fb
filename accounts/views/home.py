"""`/`: to the place last worked in."""

from django.http import HttpRequest, HttpResponse


def home(request: HttpRequest) -> HttpResponse:
    """Redirect."""
    return HttpResponse("Quadrille\n", content_type="text/plain")
