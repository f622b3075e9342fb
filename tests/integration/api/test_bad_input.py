"""Whatever is sent, the answer is a clear 4xx and nothing is half-written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from designer.models import Flow, Version
from engine.models import Event, IdempotencyKey, InboundEvent, Instance
from tests.integration.api.conftest import Api, assert_problem, flow_file

MIB = 1024 * 1024
DEEP = 100_000

POSTS = (
    "/flows",
    "/flows/hello/publish",
    "/flows/hello/instances",
    "/flows/hello/instances/batch",
    "/instances/one/pause",
    "/instances/one/resume",
    "/instances/one/terminate",
    "/instances/one/restart",
    "/instances/one/retry",
    "/instances/one/close",
    "/instances/one/migrate",
    "/instances/one/revert",
    "/instances/bulk",
    "/instances/one/events",
    "/instances/one/steps/ask/complete",
    "/instances/one/steps/ask/skip",
    "/instances/one/steps/ask/claim",
    "/instances/one/steps/ask/hold",
    "/instances/one/steps/ask/assign",
    "/instances/one/steps/ask/start",
    "/events",
)

NOT_JSON = {
    "nothing like JSON": b"{",
    "not UTF-8": b'{"a": "\xff"}',
    "NaN": b'{"a": NaN}',
    "NUL": b'{"a": "\\u0000"}',
    "a lone surrogate": b'{"a": "\\ud800"}',
    "a duplicate key": b'{"a": 1, "a": 2}',
    "deep lists": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep and unfinished": b'{"input":' + b"[" * DEEP,
    "a number without end": b'{"a": ' + b"9" * 10_000 + b"}",
}


@pytest.fixture
def state(api: Api, published: str) -> Callable[[], tuple[Any, ...]]:
    """`state()`: everything a refused request must not have changed."""
    assert api.post("/flows/hello/instances", {"id": "one"}).status_code == 201

    def look() -> tuple[Any, ...]:
        return (
            list(Flow.objects.values_list("key", "draft_revision", "draft_document")),
            list(Version.objects.values_list("number")),
            list(Instance.objects.values_list("key", "status", "fact_count")),
            Event.objects.count(),
            InboundEvent.objects.count(),
            IdempotencyKey.objects.count(),
        )

    return look


@pytest.mark.parametrize("path", POSTS)
def test_what_is_not_clean_json_is_refused_everywhere(api: Api, state: Callable[[], Any], path: str) -> None:
    before = state()
    for name, body in NOT_JSON.items():
        answer = api.post(path, body, idempotency_key=f"key for {name}")
        assert answer.status_code in (400, 422), (name, answer.status_code, answer.content[:300])
        assert_problem(answer, answer.status_code)
    assert state() == before


@pytest.mark.parametrize("path", POSTS)
def test_a_body_of_the_wrong_shape_is_refused_everywhere(api: Api, state: Callable[[], Any], path: str) -> None:
    before = state()
    for body in ([], "text", 3, True, None, {"surprise": 1}, [{}]):
        answer = api.post(path, orjson.dumps(body))
        assert 400 <= answer.status_code < 500, (body, answer.status_code, answer.content[:300])
        assert_problem(answer, answer.status_code)
        assert state() == before, body


@pytest.mark.parametrize("path", POSTS[1:])
def test_a_body_over_a_mebibyte_is_a_413(api: Api, state: Callable[[], Any], path: str) -> None:
    before = state()
    most = 6 * MIB if path.endswith("batch") else MIB
    assert_problem(api.post(path, b'{"input": "' + b"x" * most + b'"}'), 413)
    assert state() == before


def test_a_payload_over_a_mebibyte_in_a_batch_is_refused(api: Api, state: Callable[[], Any]) -> None:
    before = state()
    body = {"instances": [{"input": {}}, {"input": "x" * (MIB + 1)}]}
    answer = api.post("/flows/hello/instances/batch", body)
    assert_problem(answer, answer.status_code)
    assert answer.status_code in (413, 422)
    assert state() == before


def test_a_flow_file_over_five_mebibytes_is_a_413(api: Api, state: Callable[[], Any]) -> None:
    before = state()
    large = flow_file("large", description="x" * (5 * MIB))
    assert_problem(api.post("/flows", large), 413)
    yaml = b"format: 1\nkey: large\ndescription: " + b"x" * (5 * MIB)
    assert_problem(api.post("/flows", yaml, type="application/yaml"), 413)
    assert_problem(api.put("/flows/hello", large, if_match='"1"'), 413)
    assert state() == before


YAML_BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n".encode() for n in range(9)
)


@pytest.mark.parametrize(
    "body",
    [
        YAML_BOMB,
        b"[" * DEEP,
        b"- " * 20_000,
        b"key: a\nkey: b",
        b"!!python/object/apply:os.system ['true']",
        b"key: \x00",
        b'key: "\\ud800"',
        b"\xff\xfe",
        b"--- {}\n--- {}",
        b"? [a]\n: b",
        b"2024-01-01",
        b"",
    ],
    ids=["bomb", "deep", "dashes", "twice", "tag", "NUL", "surrogate", "bytes", "two", "list as key", "date", "empty"],
)
def test_yaml_that_is_no_flow_is_refused(api: Api, state: Callable[[], Any], body: bytes) -> None:
    before = state()
    answer = api.post("/flows", body, type="application/yaml")
    # Django's test client sends no type with an empty body.
    assert answer.status_code in (400, 422) if body else (415,), answer.content[:300]
    assert_problem(answer, answer.status_code)
    assert state() == before


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "", "x" * 500])
def test_a_type_we_do_not_read_is_a_415(api: Api, state: Callable[[], Any], media: str) -> None:
    before = state()
    for path in POSTS:
        assert_problem(api.post(path, b'{"reason": "x"}', type=media), 415)
    assert state() == before


def test_a_multipart_form_is_a_415(api: Api, state: Callable[[], Any]) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'
    for path in POSTS:
        assert_problem(api.post(path, body, type="multipart/form-data; boundary=x", idempotency_key="k"), 415)


@pytest.mark.parametrize("method", ["put", "delete"])
def test_a_method_that_is_not_there_is_a_405(api: Api, published: str, method: str) -> None:
    assert_problem(getattr(api, method)("/instances"), 405)


@pytest.mark.parametrize(
    "body",
    [
        {"id": ""},
        {"id": "x" * 201},
        {"id": "a/b"},
        {"id": "a b"},
        {"id": 3},
        {"id": None},
        {"version": 0},
        {"version": -1},
        {"version": 99},
        {"version": 2**31},
        {"version": 2**70},
        {"version": "1"},
        {"version": 1.5},
        {"version": True},
    ],
    ids=str,
)
def test_a_start_with_a_wrong_value_is_refused(api: Api, state: Callable[[], Any], body: dict[str, Any]) -> None:
    before = state()
    answer = api.post(
        "/flows/hello/instances",
        orjson.dumps(body) if 2**70 not in body.values() else str(body).replace("'", '"').encode(),
    )
    assert answer.status_code in (400, 404, 422), answer.content[:300]
    assert_problem(answer, answer.status_code)
    assert state() == before


def test_a_batch_with_one_bad_item_starts_nothing(api: Api, state: Callable[[], Any]) -> None:
    before = state()
    for bad in ({"id": "one"}, {"id": "two"}, {"version": 99}, {"nope": 1}):
        items = [{"id": "two"}, {"id": "three"}, bad]
        answer = api.post("/flows/hello/instances/batch", {"instances": items})
        assert answer.status_code in (404, 409, 422), answer.content[:300]
        assert_problem(answer, answer.status_code)
        assert state() == before
    assert_problem(api.post("/flows/hello/instances/batch", {"instances": []}), 422)
    assert_problem(api.post("/flows/hello/instances/batch", {"instances": [{}] * 101}), 422)
    assert state() == before


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "cursor=x",
        "cursor=%00",
        "status=sleeping",
        "started_after=yesterday",
        "started_after=99999-01-01T00:00:00Z",
        "started_after=2024-13-01",
        "started_after=0001-01-01T00:00:00%2B23:00",
    ],
)
def test_a_filter_that_means_nothing_is_a_400(api: Api, published: str, query: str) -> None:
    assert_problem(api.get(f"/instances?{query}"), 400)


@pytest.mark.parametrize("query", ["flow=nowhere", "q=%25_%5C'", "q=" + "x" * 5000, "status=complete,errored", "q=☃"])
def test_a_filter_that_finds_nothing_is_an_empty_list(api: Api, published: str, query: str) -> None:
    assert api.get(f"/instances?{query}").json() == {"items": [], "next": None}


@pytest.mark.parametrize("id", ["nowhere", "☃", "x" * 3000, "..%2F..", "%3Cscript%3E", "-1"])
def test_an_id_that_is_not_there_is_a_404(api: Api, published: str, id: str) -> None:
    for path in (f"/flows/{id}", f"/instances/{id}", f"/instances/{id}/facts", f"/flows/{id}/versions"):
        assert_problem(api.get(path), 404)


@pytest.mark.parametrize("number", ["0", "99", "99999999999999999999", "x", "-1"])
def test_a_version_that_is_not_there_is_a_404(api: Api, published: str, number: str) -> None:
    for tail in ("", "/graph.svg", "/graph.dot", "/graph.png"):
        assert_problem(api.get(f"/flows/hello/versions/{number}{tail}"), 404)


@pytest.mark.parametrize("wait", ["61", "-1", "x", "1.5"])
def test_a_wait_out_of_bounds_is_a_400(api: Api, state: Callable[[], Any], wait: str) -> None:
    before = state()
    assert_problem(api.post(f"/flows/hello/instances?wait={wait}", {}), 400)
    assert state() == before


@pytest.mark.parametrize("key", ["x" * 201, "☃", "a\tb", ""])
def test_an_idempotency_key_that_is_none_is_a_400(api: Api, state: Callable[[], Any], key: str) -> None:
    before = state()
    assert_problem(api.post("/events", {"type": "x"}, idempotency_key=key), 400)
    assert state() == before
