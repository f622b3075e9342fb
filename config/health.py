"""For load balancers: is the process up (`/healthz`), can it do its work (`/readyz`)."""

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database and cache answer, else 503, naming which does not."""
    checks = {"database": database_answers(), "cache": cache_answers()}
    return JsonResponse(checks, status=200 if all(checks.values()) else 503)


def database_answers() -> bool:
    """Whether one trivial query succeeds."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def cache_answers() -> bool:
    """Whether the cache (Redis in production) can be asked."""
    try:
        cache.get("readyz")
    except (RedisError, OSError):
        return False
    return True
