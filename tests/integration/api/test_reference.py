"""The API describes itself, and the description is true."""

from __future__ import annotations

import jsonschema
import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from docs import build
from tests.integration.api.conftest import flow_file

pytestmark = pytest.mark.django_db


def test_the_schema_is_open_and_names_every_operation() -> None:
    answer = Client().get("/api/v1/schema")
    assert answer.status_code == 200
    document = answer.json()
    assert document["openapi"].startswith("3.1")
    paths = document["paths"]
    assert "/api/v1/flows/{key}/instances/batch" in paths
    for path, item in paths.items():
        for method, operation in item.items():
            assert operation["summary"], (method, path)
            assert "401" in operation["responses"], (method, path)


def test_every_view_is_in_the_schema() -> None:
    described = set(Client().get("/api/v1/schema").json()["paths"])
    native = next(
        one for one in get_resolver().url_patterns if isinstance(one, URLResolver) and str(one.pattern) == "api/v1/"
    )
    views = [one for one in native.url_patterns if isinstance(one, URLPattern) and hasattr(one.callback, "cls")]
    assert len(views) >= 25
    assert len({str(one.pattern) for one in views} - {""}) == len(described)


def test_the_flow_file_schema_takes_a_flow_file() -> None:
    schema = Client().get("/api/v1/flow-file.schema.json").json()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(flow_file(), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(flow_file(surprise=1), schema)


def test_the_reference_page_shows_it_to_people() -> None:
    answer = Client().get("/api/v1/reference")
    assert answer.status_code == 200
    for text in (b"Start an instance", b"problem-stale-revision", b"/api/v1/flows/{key}/instances"):
        assert text in answer.content


def test_the_written_references_are_current() -> None:
    assert build.FLOW_FILE.read_text() == build.flow_file_page(), "run `python -m docs.build`"
    assert build.SETTINGS.read_text() == build.settings_page(), "run `python -m docs.build`"
    assert build.API.read_text() == build.api_page(), "run `python -m docs.build`"
