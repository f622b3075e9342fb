"""The cache in Redis: kept while it is there, and no reason to refuse anybody while it is away."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from accounts.outages import Outage
from config import caching
from config.caching import ForgivingRedisCache
from tests.servers import Redis, find_redis, mortal_redis


@pytest.fixture
def redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    """A Redis of which nothing is known yet, and of which nothing stays known."""
    monkeypatch.setattr(ForgivingRedisCache, "_outage", Outage(caching.log, "the cache does not answer"))
    monkeypatch.setattr(ForgivingRedisCache, "_away_until", 0.0)
    if find_redis() is None:
        if os.environ.get("CI"):
            pytest.fail("no redis-server on this machine, and CI leaves nothing out")
        pytest.skip("NOT RUN: no redis-server on this machine")
    with mortal_redis() as server:
        yield server


def test_it_keeps_things_while_redis_is_there_and_forgives_when_it_is_not(redis: Redis) -> None:
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


def test_a_redis_that_answers_nobody_is_not_waited_for(redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    cache = ForgivingRedisCache(redis.url, {})
    cache.set("a", 1, 60)
    found: list[object] = []

    def ask() -> None:
        found.extend(cache.get("a", "gone") for _ in range(100))

    with redis.stopped():
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(30)  # asked each time, it would take seconds a hundred times over
        assert found == ["gone"] * 100
    assert (cache.is_up(), cache.get("a")) == (True, 1)
    told = [record.message for record in caplog.records if "cache does not answer" in record.message]
    assert [message.endswith("it works again") for message in told] == [False, True]
