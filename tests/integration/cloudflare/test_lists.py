"""Lists of instances, by when they were created and where they stand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from accounts.models import ApiKey, Environment
from accounts.scope import Scope
from designer.models import Version
from dialects.cloudflare.binding import bind_workflow
from dialects.cloudflare.bodies import CreateInstance, UpdateWorkflow
from dialects.cloudflare.creating import create_instances
from dialects.cloudflare.translate import account_id_of
from dialects.cloudflare.wire import version_id
from engine.models import Instance
from tests.integration.cloudflare.conftest import Call

FIRST = datetime(2026, 3, 1, 12, 0, 0, 890_123, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({}, ["c", "b", "a"]),
        ({"direction": "asc"}, ["a", "b", "c"]),
        ({"date_start": "2026-03-01T12:00:01.890Z"}, ["c", "b"]),
        ({"date_start": "2026-03-01T12:00:01.891Z"}, ["c"]),
        ({"date_end": "2026-03-01T12:00:01.890Z"}, ["b", "a"]),
        ({"date_end": "2026-03-01T12:00:01.889Z"}, ["a"]),
        ({"date_end": "2026-03-01T13:00:01.890+01:00", "date_start": "2026-03-01T12:00:01"}, ["b"]),
        ({"date_end": "9998-12-31"}, ["c", "b", "a"]),
        ({"status": "complete"}, ["c", "b", "a"]),
        ({"status": "queued"}, []),
    ],
)
def test_instances_by_the_moment_that_their_answers_tell(
    scope: Scope, environment: Environment, query: Mapping[str, str], ids: list[str]
) -> None:
    row = bind_workflow(scope, "listed", UpdateWorkflow(class_name="A", script_name="nowhere"))[0]
    made = create_instances(scope, row, [CreateInstance("a"), CreateInstance("b"), CreateInstance("c")])
    for number, instance in enumerate(made):
        Instance.objects.filter(pk=instance.pk).update(created_at=FIRST + timedelta(seconds=number))
    account = account_id_of(environment.organization.slug, environment.slug)
    path = f"/cloudflare/client/v4/accounts/{account}/workflows/listed/instances"
    key = ApiKey.objects.issue(environment=environment, name="tests")[1]
    found = Client().get(path, query, headers={"authorization": f"Bearer {key}"}).json()
    assert [one["id"] for one in found["result"]] == ids
    assert found["result_info"]["total_count"] == len(ids)


def test_nothing_of_another_organization_can_be_reached(
    scope: Scope, foreign_scope: Scope, environment: Environment
) -> None:
    row = bind_workflow(scope, "ours", UpdateWorkflow(class_name="A", script_name="nowhere"))[0]
    create_instances(scope, row, [CreateInstance("one")])
    theirs = foreign_scope.environment
    headers = {"authorization": f"Bearer {ApiKey.objects.issue(environment=theirs, name='tests')[1]}"}

    def sent(place: Environment, method: str, path: str, body: object = None) -> tuple[int, int]:
        base = f"/cloudflare/client/v4/accounts/{account_id_of(place.organization.slug, place.slug)}/workflows/ours"
        raw = "" if body is None else json.dumps(body)
        answer = Client().generic(method, base + path, raw, content_type="application/json", headers=headers)
        return answer.status_code, answer.json()["errors"][0]["code"]

    for method, path, body in (
        ("GET", "", None),
        ("DELETE", "", None),
        ("GET", "/versions", None),
        ("GET", "/instances", None),
        ("POST", "/instances", {}),
        ("POST", "/instances/batch", [{}]),
        ("POST", "/instances/batch/delete", {"instances": ["one"]}),
        ("PUT", "/instances/terminate", None),
        ("GET", "/instances/one", None),
        ("DELETE", "/instances/one", None),
        ("PATCH", "/instances/one/status", {"status": "restart"}),
        ("POST", "/instances/one/events/go", {}),
        ("GET", "/instances/one/step?name=a&type=step", None),
    ):
        assert sent(environment, method, path, body) == (403, 10000), path
        assert sent(theirs, method, path, body) == (404, 10200), path
    assert Instance.objects.get().key == "one"


def test_workflows_and_versions_are_listed_newest_first_and_searched_by_name(scope: Scope, call: Call) -> None:
    for name in ("shop", "Shopping", "barber-SHOP", "post", "shop"):
        bind_workflow(scope, name, UpdateWorkflow(class_name="A", script_name="nowhere"))

    def names(query: str = "") -> list[str]:
        return [one["name"] for one in call("GET", query, of="")["result"]]

    assert names() == ["post", "barber-SHOP", "Shopping", "shop"]
    assert [names(f"?per_page=1&page={page}") for page in range(1, 6)] == [*([name] for name in names()), []]
    assert names("?search=sHoP") == ["barber-SHOP", "Shopping", "shop"]
    assert call("GET", "?search=shop&per_page=2", of="")["result_info"] == {
        "page": 1, "per_page": 2, "count": 2, "total_count": 3, "total_pages": 2,
    }  # fmt: skip
    assert names("?search=sh%25p") == names("?search=nothing") == []
    for _ in range(2):
        bind_workflow(scope, "shop", UpdateWorkflow(class_name="A", script_name="nowhere"))
    ids = [one["id"] for one in call("GET", "/versions")["result"]]
    of_shop = Version.objects.filter(flow__key="shop").order_by("-pk")
    assert ids == [version_id(version.pk) for version in of_shop]
    pages = [call("GET", f"/versions?per_page=1&page={page}")["result"] for page in range(1, 6)]
    assert [[one["id"] for one in page] for page in pages] == [*([id] for id in ids), []]
