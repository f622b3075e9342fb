"""Flows over the API: created from files, read and changed with a revision, published, deleted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from accounts.roles import ApiScope
from designer.models import Flow, Version
from tests.integration.api.conftest import Api, assert_problem, flow_file


def test_a_flow_is_created_from_json_and_read_back(api: Api) -> None:
    made = api.post("/flows", flow_file())
    assert made.status_code == 201
    assert made["Location"] == "/api/v1/flows/hello"
    assert made.json()["live_version"] is None
    read = api.get("/flows/hello")
    assert read.status_code == 200
    assert read["ETag"] == f'"{made.json()["revision"]}"'
    assert [task["key"] for task in read.json()["tasks"]] == ["ask", "greet"]


def test_a_flow_is_created_from_yaml_and_read_back_as_yaml(api: Api) -> None:
    made = api.post("/flows", yaml.safe_dump(flow_file()).encode(), type="application/yaml")
    assert made.status_code == 201
    read = api.get("/flows/hello", accept="application/yaml")
    assert read["Content-Type"].startswith("application/yaml")
    assert yaml.safe_load(read.content)["key"] == "hello"


def test_reading_again_with_the_etag_costs_no_body(api: Api) -> None:
    api.post("/flows", flow_file())
    etag = api.get("/flows/hello")["ETag"]
    again = api.get("/flows/hello", if_none_match=etag)
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert "Content-Type" not in again.headers


def test_flows_are_listed_searched_and_paged(api: Api) -> None:
    for number in range(5):
        api.post(
            "/flows", flow_file(f"flow-{number}", name=f"Number {number}", tags=["even" if number % 2 == 0 else "odd"])
        )
    first = api.get("/flows?limit=2").json()
    assert [flow["key"] for flow in first["items"]] == ["flow-4", "flow-3"]
    second = api.get(f"/flows?limit=2&cursor={first['next']}").json()
    assert [flow["key"] for flow in second["items"]] == ["flow-2", "flow-1"]
    assert api.get(f"/flows?limit=2&cursor={second['next']}").json()["next"] is None
    assert [flow["key"] for flow in api.get("/flows?search=number%203").json()["items"]] == ["flow-3"]
    assert [flow["key"] for flow in api.get("/flows?tag=odd").json()["items"]] == ["flow-3", "flow-1"]


def test_a_key_that_is_taken_is_a_409(api: Api) -> None:
    api.post("/flows", flow_file())
    problem = assert_problem(api.post("/flows", flow_file()), 409)
    assert problem["type"].endswith("#problem-key-taken")
    assert Flow.objects.count() == 1


def test_a_draft_is_replaced_with_its_revision(api: Api) -> None:
    etag = api.post("/flows", flow_file())["ETag"]
    answer = api.put("/flows/hello", flow_file(name="Hello again"), if_match=etag)
    assert answer.status_code == 200, answer.content
    assert answer["ETag"] != etag
    assert api.get("/flows/hello").json()["name"] == "Hello again"


def test_a_stale_revision_is_a_412_and_changes_nothing(api: Api) -> None:
    etag = api.post("/flows", flow_file())["ETag"]
    api.put("/flows/hello", flow_file(name="Theirs"), if_match=etag)
    answer = api.put("/flows/hello", flow_file(name="Mine"), if_match=etag)
    assert assert_problem(answer, 412)["type"].endswith("#problem-stale-revision")
    assert answer["ETag"] == api.get("/flows/hello")["ETag"]
    assert api.get("/flows/hello").json()["name"] == "Theirs"


def test_a_star_is_whatever_revision_there_is(api: Api) -> None:
    api.post("/flows", flow_file())
    changed = api.put("/flows/hello", flow_file(name="Hi"), if_match="*")
    assert (changed.status_code, changed.json()["name"]) == (200, "Hi")
    assert api.put("/flows/nothing", flow_file("nothing"), if_match="*").status_code == 404


def test_changing_a_draft_without_a_revision_is_a_428(api: Api) -> None:
    api.post("/flows", flow_file())
    assert_problem(api.put("/flows/hello", flow_file(name="x")), 428)


@pytest.mark.parametrize("etag", ["1", '"one"', "W/x", "", '"99999999999999999999"', '"-1"'])
def test_a_revision_that_is_none_is_refused(api: Api, etag: str) -> None:
    api.post("/flows", flow_file())
    assert api.put("/flows/hello", flow_file(name="x"), if_match=etag).status_code in (400, 412, 428)
    assert api.get("/flows/hello").json()["name"] == "Hello"


def test_a_file_with_another_key_is_refused(api: Api) -> None:
    etag = api.post("/flows", flow_file())["ETag"]
    problem = assert_problem(api.put("/flows/hello", flow_file("other"), if_match=etag), 422)
    assert problem["errors"][0]["path"] == "key"


def test_publishing_makes_numbered_versions(api: Api) -> None:
    etag = api.post("/flows", flow_file())["ETag"]
    first = api.post("/flows/hello/publish", {"note": "first"})
    assert first.status_code == 201
    assert (first.json()["number"], first.json()["note"], first.json()["is_live"]) == (1, "first", True)
    api.put("/flows/hello", flow_file(name="Hello again"), if_match=etag)
    assert api.post("/flows/hello/publish").json()["number"] == 2
    versions = api.get("/flows/hello/versions").json()["items"]
    assert [(one["number"], one["is_live"]) for one in versions] == [(2, True), (1, False)]
    assert api.get("/flows/hello/versions/1").json()["flow_file"]["name"] == "Hello"


def test_publishing_a_flow_with_problems_names_them(api: Api) -> None:
    broken = flow_file()
    broken["tasks"].append({"key": "call", "name": "Call", "kind": "automation", "settings": {}})
    api.post("/flows", broken)
    problem = assert_problem(api.post("/flows/hello/publish"), 422)
    assert any("call" in error["path"] or "call" in error["message"].lower() for error in problem["errors"])
    assert Version.objects.count() == 0


@pytest.mark.parametrize(
    ("kind", "media"), [("svg", "image/svg+xml"), ("dot", "text/vnd.graphviz"), ("png", "image/png")]
)
def test_a_version_is_drawn(api: Api, published: str, kind: str, media: str) -> None:
    answer = api.get(f"/flows/{published}/versions/1/graph.{kind}")
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"].startswith(media)
    assert len(answer.content) > 100


def test_script_in_a_name_stays_text_in_the_drawings(api: Api) -> None:
    evil = flow_file(name="<script>alert(1)</script>")
    evil["tasks"][0]["name"] = '"]; x [label="<script>alert(2)</script>'
    api.post("/flows", evil)
    api.post("/flows/hello/publish")
    assert b"<script" not in api.get("/flows/hello/versions/1/graph.svg").content
    assert api.get("/flows/hello/versions/1/graph.dot").status_code == 200


def test_two_versions_are_compared(api: Api, published: str) -> None:
    changed = flow_file(name="Hello again")
    changed["tasks"][1]["name"] = "Greet warmly"
    api.put("/flows/hello", changed, if_match=api.get("/flows/hello")["ETag"])
    api.post("/flows/hello/publish")
    diff = api.get("/flows/hello/versions/diff?from=1&to=2").json()
    assert (diff["from"], diff["to"], diff["is_equal"]) == (1, 2, False)
    assert any(change["key"] == "greet" for change in diff["changes"])
    assert api.get("/flows/hello/versions/diff?from=1&to=1").json()["is_equal"] is True
    assert_problem(api.get("/flows/hello/versions/diff?from=1&to=9"), 404)
    assert_problem(api.get("/flows/hello/versions/diff?from=x&to=1"), 400)


def test_a_flow_without_instances_is_deleted(api: Api, published: str) -> None:
    assert api.delete("/flows/hello").status_code == 204
    assert_problem(api.get("/flows/hello"), 404)


def test_another_environments_flow_does_not_exist(api: Api, published: str, foreign_api: Api) -> None:
    for answer in (
        foreign_api.get("/flows/hello"),
        foreign_api.put("/flows/hello", flow_file(), if_match='"1"'),
        foreign_api.delete("/flows/hello"),
        foreign_api.post("/flows/hello/publish"),
        foreign_api.get("/flows/hello/versions"),
        foreign_api.get("/flows/hello/versions/1"),
        foreign_api.get("/flows/hello/versions/1/graph.svg"),
        foreign_api.post("/flows/hello/instances", {}),
        foreign_api.post("/flows/hello/instances/batch", {"instances": [{}]}),
    ):
        assert_problem(answer, 404)
    assert foreign_api.get("/flows").json() == {"items": [], "next": None}


def test_a_key_may_only_do_what_its_scopes_name(key_with: Callable[..., Api], published: str) -> None:
    reader = key_with(ApiScope.FLOWS_READ)
    assert reader.get("/flows").status_code == 200
    assert "flows:write" in assert_problem(reader.post("/flows", flow_file("other")), 403)["detail"]
    assert_problem(reader.post("/flows/hello/publish"), 403)
    assert_problem(reader.get("/instances"), 403)
    assert_problem(key_with(ApiScope.INSTANCES_READ).post("/flows/hello/instances", {}), 403)
