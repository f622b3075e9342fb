"""The cache as it may be away: what is kept there is only to save time, or to be lenient with."""

from __future__ import annotations

import contextlib
from typing import Any, Final

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

AWAY: Final = (RedisError, OSError)


class ForgivingRedisCache(RedisCache):
    """Django's cache in Redis; while that is away it remembers nothing, and nobody is refused for it.

    Then `get` finds nothing, `add` always succeeds (so a guard against repetition lets everybody through), and `incr`
    knows no key. `is_up` tells, for those who watch.
    """

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Whether it was not there before; also when nobody knows."""
        with contextlib.suppress(*AWAY):
            return bool(super().add(*args, **kwargs))
        return True

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """What is kept, or the default."""
        with contextlib.suppress(*AWAY):
            return super().get(key, default, version)
        return default

    def get_many(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        """What is kept of it."""
        with contextlib.suppress(*AWAY):
            return super().get_many(*args, **kwargs)
        return {}

    def set(self, *args: Any, **kwargs: Any) -> None:
        """Keep it, if that can be."""
        with contextlib.suppress(*AWAY):
            super().set(*args, **kwargs)

    def set_many(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Keep it all, if that can be."""
        with contextlib.suppress(*AWAY):
            return list(super().set_many(*args, **kwargs))
        return []

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        """Whether something was taken out."""
        with contextlib.suppress(*AWAY):
            return bool(super().delete(*args, **kwargs))
        return False

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Raises ValueError for a key that is not there."""
        try:
            return int(super().incr(key, delta, version))
        except AWAY as away:
            raise ValueError("The cache is away.") from away

    def is_up(self) -> bool:
        """Whether Redis answers."""
        try:
            super().get("is-up")
        except AWAY:
            return False
        return True
