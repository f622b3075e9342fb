"""Roles are ordered; a key acts with the lowest role that its scopes need."""

import pytest

from accounts.roles import ROLE_MEANINGS, ApiScope, Role, role_for


def test_each_role_allows_all_below_it_and_none_above() -> None:
    order = [Role.VIEWER, Role.ASSIGNEE, Role.OPERATOR, Role.DESIGNER, Role.ADMINISTRATOR]
    for place, role in enumerate(order):
        assert [role.allows(other) for other in order] == [other <= place for other in range(len(order))]


def test_every_role_says_what_it_may_do() -> None:
    assert set(ROLE_MEANINGS) == set(Role)


@pytest.mark.parametrize(
    ("scopes", "role"),
    [
        ([], Role.VIEWER),
        ([ApiScope.FLOWS_READ, ApiScope.TASKS_READ], Role.VIEWER),
        ([ApiScope.TASKS_WRITE], Role.ASSIGNEE),
        ([ApiScope.INSTANCES_WRITE, ApiScope.FLOWS_READ], Role.OPERATOR),
        (list(ApiScope), Role.DESIGNER),
        (["no:such"], Role.VIEWER),
    ],
)
def test_a_key_acts_with_the_role_its_scopes_need(scopes: list[str], role: Role) -> None:
    assert role_for(scopes) is role
