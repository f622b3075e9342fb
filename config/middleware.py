"""What every request passes through that is ours: bad input is refused in one place, with a clear answer."""

import logging
from collections.abc import Callable, Iterable

from django.conf import settings
from django.db import DataError, IntegrityError, OperationalError
from django.http import HttpRequest, HttpResponse, QueryDict

from config.errors import refuse

logger = logging.getLogger(__name__)

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


class RefuseBadInput:
    """Answers 413 to a body over the limit before it is read, 400 to NUL characters in path, query or form.

    PostgreSQL cannot store NUL and says so with an exception; here it is the sender's mistake, not our 500.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, or refuse it."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal():
            return refuse(request, 400, "The Content-Length header is not a number.")
        if int(length) > settings.MAX_REQUEST_BYTES:
            limit = settings.MAX_REQUEST_BYTES // (1024 * 1024)
            return refuse(request, 413, f"What was sent is larger than {limit} MiB.")
        if has_nul(request.path_info) or form_has_nul(request.GET):
            return refuse(request, 400, "The address contains a NUL character.")
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: object) -> HttpResponse | None:
        """Look into a form, before anybody reads it who cannot give its bytes back."""
        if request.method in {"POST", "PUT", "PATCH"} and request.content_type in FORM_TYPES:
            # Kept for views that want JSON and read the bytes: a form is theirs to refuse, each in its own way.
            _ = request.body
            names = (upload.name or "" for upload in request.FILES.values() if not isinstance(upload, list))
            if form_has_nul(request.POST) or any(has_nul(name) for name in names):
                return refuse(request, 400, "The form contains a NUL character, which no text may have.")
        return None


class AnswerDatabaseTrouble:
    """Two people saved the same thing at the same moment (409), a value that no column holds (400), or the database is
    busy or away (503): never a 500.

    It is logged all the same, since a constraint may also have caught a mistake of ours.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The answer to a database error; None leaves any other error to Django."""
        if isinstance(exception, IntegrityError):
            logger.exception("refused by the database: %s %s", request.method, request.path)
            return refuse(request, 409, "Somebody else changed this at the same moment. Load the page again.")
        if isinstance(exception, DataError) or is_too_much_for_sqlite(exception):
            logger.warning("no value for the database: %s %s: %s", request.method, request.path, exception)
            return refuse(request, 400, "A number is too large or a text too long to be stored. Nothing was saved.")
        if isinstance(exception, OperationalError):
            logger.exception("the database did not answer: %s %s", request.method, request.path)
            response = refuse(request, 503, "The database is busy. Nothing was saved: try again in a moment.")
            response.headers["Retry-After"] = "5"
            return response
        return None


def is_too_much_for_sqlite(exception: Exception) -> bool:
    """Whether a whole number was beyond 64 bits (PostgreSQL says DataError, SQLite's driver this), or a text that is
    looked for too long, or a pattern that is none.
    """
    if isinstance(exception, OperationalError):
        return any(words in str(exception) for words in ("pattern too complex", "user-defined function raised"))
    return isinstance(exception, OverflowError) and "SQLite INTEGER" in str(exception)


def has_nul(text: str) -> bool:
    """Whether a text holds the character U+0000."""
    return "\0" in text


def form_has_nul(form: QueryDict) -> bool:
    """Whether any name or value of a form holds U+0000."""
    pairs: Iterable[tuple[str, list[str]]] = form.lists()
    return any(has_nul(name) or any(has_nul(value) for value in values) for name, values in pairs)
