"""Pages and APIs for a WSGI server (production)."""

import os
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config.loading import load_addresses
from config.one_cpu import keep_to_one_cpu

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

pages = get_wsgi_application()
load_addresses()
if settings.WEB_KEEPS_TO_ONE_CPU:
    keep_to_one_cpu()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Hand a whole answer over as a list. Granian sends that at once; from anything else it asks for the body in turns
    on a thread of its own, which takes longer than many an answer of the API.
    """
    answer: Any = pages(environ, start_response)
    if getattr(answer, "streaming", True):
        return answer  # type: ignore[no-any-return]  # a stream, or the server's own way of sending a file
    body = b"".join(answer)
    answer.close()
    return [body]
