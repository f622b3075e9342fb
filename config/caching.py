"""The cache as it may be away: what is kept there is only to save time, or to be lenient with."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

from accounts.outages import Outage

log = logging.getLogger(__name__)
AWAY: Final = (RedisError, OSError)
ANSWER_SECONDS: Final = 1.0
"""So long Redis may take for one answer; whoever asks is usually a request that could do without."""
LEFT_ALONE_SECONDS: Final = 5.0
"""So long one that did not answer is not asked again: a page asks several times."""
T = TypeVar("T")


class ForgivingRedisCache(RedisCache):
    """Django's cache in Redis; while that is away it remembers nothing, and nobody is refused for it or made to wait.

    Then `get` finds nothing, `add` always succeeds (so a guard against repetition lets everybody through), and `incr`
    knows no key. `is_up` tells, for those who watch.
    """

    _away_until: float = 0.0
    """On the monotonic clock, for all threads of this process: each has a cache of its own, of the same Redis."""
    _outage: Final = Outage(log, "the cache does not answer; nothing is remembered meanwhile")

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        patience = {
            "socket_connect_timeout": ANSWER_SECONDS,
            "socket_timeout": ANSWER_SECONDS,
            # A connection that Redis has closed meanwhile is made anew, once.
            "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        }
        super().__init__(server, {**params, "OPTIONS": {**patience, **params.get("OPTIONS", {})}})

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Whether it was not there before; also when nobody knows."""
        return self._ask(lambda: bool(super(ForgivingRedisCache, self).add(*args, **kwargs)), True)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """What is kept, or the default."""
        return self._ask(lambda: super(ForgivingRedisCache, self).get(key, default, version), default)

    def get_many(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        """What is kept of it."""
        return self._ask(lambda: super(ForgivingRedisCache, self).get_many(*args, **kwargs), {})

    def set(self, *args: Any, **kwargs: Any) -> None:
        """Keep it, if that can be."""
        self._ask(lambda: super(ForgivingRedisCache, self).set(*args, **kwargs), None)

    def set_many(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Keep it all, if that can be."""
        return self._ask(lambda: list(super(ForgivingRedisCache, self).set_many(*args, **kwargs)), [])

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        """Whether something was taken out."""
        return self._ask(lambda: bool(super(ForgivingRedisCache, self).delete(*args, **kwargs)), False)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Raises ValueError for a key that is not there."""
        found = self._ask(lambda: int(super(ForgivingRedisCache, self).incr(key, delta, version)), None)
        if found is None:
            raise ValueError("The cache is away.")
        return found

    def is_up(self) -> bool:
        """Whether Redis answers. Asks it even where it is left alone otherwise."""
        ForgivingRedisCache._away_until = 0.0
        is_up = object()
        return self._ask(lambda: super(ForgivingRedisCache, self).get("is-up"), is_up) is not is_up

    def _ask(self, asking: Callable[[], T], unless: T) -> T:
        """What Redis answers, or `unless` while it is away."""
        if time.monotonic() < ForgivingRedisCache._away_until:
            return unless
        try:
            found = asking()
        except AWAY as away:
            ForgivingRedisCache._away_until = time.monotonic() + LEFT_ALONE_SECONDS
            self._outage.failed(away)
            return unless
        self._outage.worked()
        return found
