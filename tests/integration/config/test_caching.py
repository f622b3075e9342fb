"""The cache in Redis: kept while it is there, and no reason to refuse anybody while it is away."""

from __future__ import annotations

import os

import pytest

from config.caching import ForgivingRedisCache
from tests.servers import find_redis, mortal_redis


def test_it_keeps_things_while_redis_is_there_and_forgives_when_it_is_not() -> None:
    if find_redis() is None:
        if os.environ.get("CI"):
            pytest.fail("no redis-server on this machine, and CI leaves nothing out")
        pytest.skip("NOT RUN: no redis-server on this machine")
    with mortal_redis() as redis:
        cache = ForgivingRedisCache(redis.url, {})
        cache.set("a", {"b": [1]}, 60)
        assert cache.set_many({"c": 1}) == []
        assert (cache.get("a"), cache.get_many(["a", "c"])) == ({"b": [1]}, {"a": {"b": [1]}, "c": 1})
        assert [cache.add("tries", 1, 60), cache.add("tries", 1, 60), cache.incr("tries")] == [True, False, 2]
        assert (cache.delete("a"), cache.get("a", "gone"), cache.is_up()) == (True, "gone", True)
        redis.kill()
        cache.set("a", 1)
        assert cache.set_many({"c": 1}) == []
        assert (cache.get("a", "gone"), cache.get_many(["a"])) == ("gone", {})
        assert (cache.add("tries", 1), cache.delete("a"), cache.is_up()) == (True, False, False)
        with pytest.raises(ValueError, match="away"):
            cache.incr("tries")
