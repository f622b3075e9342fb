"""Static files under names that carry a hash of their content, module imports included: cached for ever.

Embedded mode collects them by itself: `collect_if_changed` costs milliseconds when nothing changed.
"""

import contextlib
import hashlib
import io
from collections.abc import Iterator, MutableMapping
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.files.base import ContentFile, File
from django.core.handlers.asgi import ASGIRequest
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.middleware.security import SecurityMiddleware
from rcssmin import cssmin
from rjsmin import jsmin
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage

from config import bundles
from config.body_limit import Application, Receive, Send

STAMP = "collected.sha256"
MINIFIED_BY = dict(zip(bundles.OURS, (jsmin, cssmin), strict=True))


class HashedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # WhiteNoise has no types
    """Hashed and compressed files; `import "./x.js"` in our modules is rewritten to the hashed name too.

    Only in ours, below `js/`: what looks like an import in a comment of somebody else's file would stop the collecting.
    What is ours is also rid of its comments and spaces: people read it in the repository, browsers load a third less.
    And what a page opens with is joined (`config/bundles.py`).
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        (
            "js/*.js",
            (
                *CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1][:3],
                # Not `import("./main.js").Editor`: types in comments lead in circles, which imports do not. But
                # `import("./main.js").then`, and the patterns are compiled without regard to case.
                (r"""(?P<matched>import\(["'](?P<url>[./][^"']*)["']\)(?!(?-i:\.[A-Z])))""", 'import("%(url)s")'),
            ),
        ),
    )
    max_post_process_passes = 20  # one for each step of the longest chain of imports

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """Hash and compress what was collected, with bundles in place of our modules."""
        yield from super().post_process(paths if dry_run else bundles.bundled(paths), dry_run=dry_run, **options)

    def _save(self, name: str, content: File[bytes]) -> str:
        """Store a file, ours without what browsers need not read."""
        for (folder, ending), minified in MINIFIED_BY.items():
            if name.startswith(folder) and name.endswith(ending):
                content.seek(0)
                content = ContentFile(minified(content.read().decode()).encode())
        return str(super()._save(name, content))


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # WhiteNoise has no types
    """WhiteNoise that answers with bytes, not with an open file: an ASGI server cannot stream a file without a detour.

    The largest file is some hundred kilobytes, and browsers ask for each of them once.
    """

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """The answer for one file: whole, a range of it, or 304."""
        found = static_file.get_response(request.method, request.META)
        with contextlib.closing(found.file or io.BytesIO()) as file:
            response = HttpResponse(file.read(), status=int(found.status))
        del response.headers["Content-Type"]
        for name, value in found.headers:
            response.headers[name] = value
        return response


class StaticFilesFirst:
    """An ASGI application whose collected files are answered before Django is asked for a page.

    There each file would have a thread of its own, and a page opens with nine: as much work as to draw the page.
    What is sent is the same, headers included; everything that is not simply a file goes on to Django.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    @cached_property
    def _answer(self) -> SecurityMiddleware:
        """The same middleware as on the way to a page, made when the files have been collected."""
        return SecurityMiddleware(StaticFilesMiddleware(lambda _: HttpResponse(status=404)))

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Send the file, or pass the request on."""
        response = self._found(scope)
        if response is None:
            await self.application(scope, receive, send)
            return
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else response.content})

    def _found(self, scope: MutableMapping[str, Any]) -> HttpResponse | None:
        if settings.WHITENOISE_AUTOREFRESH or scope["method"] not in ("GET", "HEAD"):
            return None
        if not scope["path"].startswith(settings.STATIC_URL):
            return None
        response = self._answer(ASGIRequest(scope, io.BytesIO()))
        is_file = isinstance(response, HttpResponse) and response.status_code in (200, 206, 304)
        return cast("HttpResponse", response) if is_file else None


def fingerprint() -> str:
    """A hash of the name, size and time of every source file and of how they are joined, until one of them changes."""
    lines = [f"{settings.STORAGES['staticfiles']['BACKEND']}"]
    lines += [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in (__file__, bundles.__file__)]
    for finder in get_finders():
        for path, storage in finder.list([]):
            status = Path(storage.path(path)).stat()
            lines.append(f"{path} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def collect_if_changed() -> bool:
    """Collect the static files unless the collected ones are those of now. Tells whether there was work to do."""
    stamp = Path(settings.STATIC_ROOT) / STAMP
    now = fingerprint()
    if stamp.exists() and stamp.read_text() == now:
        return False
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(now)
    return True
