"""A member sees their own organization, and only it."""

from collections.abc import Callable

from accounts.models import ApiKey, Environment, User
from accounts.roles import ApiScope, Role
from accounts.scope import Scope, authenticate_key, scope_of_member


def test_a_member_gets_a_scope_with_their_role(environment: Environment, member: Callable[[Role], User]) -> None:
    scope = scope_of_member(member(Role.OPERATOR), org="acme", env="development")
    assert scope is not None
    assert (scope.environment, scope.role, scope.actor_name) == (environment, Role.OPERATOR, "Operator")


def test_another_organization_does_not_exist_for_a_member(scope: Scope, foreign_scope: Scope) -> None:
    assert scope.user is not None
    assert scope_of_member(scope.user, org="globex", env="development") is None
    assert scope_of_member(scope.user, org="acme", env="nowhere") is None


def test_a_key_opens_its_own_environment_with_the_role_its_scopes_need(environment: Environment) -> None:
    _, plain = ApiKey.objects.issue(environment=environment, name="shop", scopes=[ApiScope.INSTANCES_WRITE])
    scope = authenticate_key(plain)
    assert scope is not None
    assert scope.environment == environment
    assert scope.role is Role.OPERATOR
    assert scope.may(ApiScope.INSTANCES_WRITE)
    assert not scope.may(ApiScope.FLOWS_WRITE)


def test_within_shows_only_the_rows_of_the_environment(scope: Scope, production: Environment) -> None:
    ours, _ = ApiKey.objects.issue(environment=scope.environment, name="ours")
    ApiKey.objects.issue(environment=production, name="theirs")
    assert list(ApiKey.objects.within(scope)) == [ours]
