"""The gallery: every template is sound, has a picture, and becomes a flow under a free key."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from defusedxml.ElementTree import fromstring
from django.test import Client

from accounts.roles import Role
from accounts.scope import Scope
from designer.gallery.catalog import template_of, templates
from designer.graph.checks import check_flow
from designer.models import Flow
from designer.trying.services import sample_of

KEYS = [template.key for template in templates()]


def test_there_are_at_least_twelve() -> None:
    assert len(KEYS) >= 12
    assert len(set(KEYS)) == len(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_a_template_has_no_problem_and_says_what_it_is_for(key: str) -> None:
    template = template_of(key)
    assert template is not None
    assert [problem.message for problem in check_flow(template.flow)] == []
    assert len(template.flow.description) > 40
    assert template.flow.tags


@pytest.mark.django_db
def test_the_gallery_is_searched_by_name_subject_and_task(client_as: Callable[[Role], Client], scope: Scope) -> None:
    viewer = client_as(Role.VIEWER)
    address = scope.url("designer:gallery")
    everything = viewer.get(address).content.decode()
    assert all(f"/templates/{key}/" in everything for key in KEYS)
    assert "Use this template" not in everything
    found = viewer.get(address, {"q": "payroll days"}).content.decode()
    assert "/templates/leave-request/" in found
    assert "/templates/dunning/" not in found
    by_tag = viewer.get(address, {"tag": "legal"}, headers={"HX-Request": "true"}).content.decode()
    assert by_tag.lstrip().startswith('<div id="templates">')
    assert "/templates/contract-review/" in by_tag
    assert "/templates/recruiting/" not in by_tag
    assert "No template matches" in viewer.get(address, {"q": "zebra crossing"}).content.decode()


@pytest.mark.django_db
def test_each_look_of_a_picture_is_a_drawing(client_as: Callable[[Role], Client], scope: Scope) -> None:
    viewer = client_as(Role.VIEWER)
    drawings = set()
    for look in ("light", "dark"):
        answer = viewer.get(scope.url("designer:template_picture", template="leave-request", look=look))
        assert answer["Content-Type"] == "image/svg+xml"
        assert fromstring(answer.content).tag == "{http://www.w3.org/2000/svg}svg"
        drawings.add(answer.content)
    assert len(drawings) == 2
    for template, look in (("leave-request", "pink"), ("nothing", "light")):
        assert viewer.get(scope.url("designer:template_picture", template=template, look=look)).status_code == 404


@pytest.mark.django_db
def test_a_template_is_used_by_designers_and_twice_if_they_like(
    client_as: Callable[[Role], Client], scope: Scope
) -> None:
    address = scope.url("designer:template_use", template="leave-request")
    assert client_as(Role.OPERATOR).post(address).status_code == 403
    designer = client_as(Role.DESIGNER)
    assert designer.get(address).status_code == 405
    for key in ("leave-request", "leave-request-2"):
        assert designer.post(address)["Location"] == scope.url("designer:edit", flow=key)
        row = Flow.objects.within(scope).get(key=key)
        assert sample_of(row)["days"] == 10
    assert designer.post(scope.url("designer:template_use", template="nothing")).status_code == 404
