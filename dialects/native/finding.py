"""From the keys in an address to rows of the caller's environment. What belongs to another one is not found."""

from __future__ import annotations

from django.http import Http404, QueryDict

from accounts.models import User
from accounts.scope import Scope
from designer.models import Flow, Version
from dialects.shared.cursors import whole_number
from dialects.shared.problems import Problem, invalid
from engine.models import Instance, Step

AMBIGUOUS = "/api/v1/reference#problem-ambiguous-id"
MOST = 2_147_483_647


def find_flow(scope: Scope, key: str) -> Flow:
    """The flow with this key. Raises Http404."""
    flow = Flow.objects.within(scope).select_related("live_version", "environment").filter(key=key).first()
    if flow is None:
        raise Http404
    return flow


def find_version(scope: Scope, key: str, number: int) -> Version:
    """One published version of a flow. Raises Http404."""
    versions = Version.objects.within(scope).select_related("flow")
    version = versions.filter(flow__key=key, number=number).first() if number <= MOST else None
    if version is None:
        raise Http404
    return version


def find_instance(scope: Scope, key: str, query: QueryDict) -> Instance:
    """The instance with this id. Ids are unique per flow: `?flow=` says which, where several flows have it.

    Raises Http404, or Problem 409 naming the flows when the id alone does not tell.
    """
    rows = Instance.objects.within(scope).select_related("flow", "version", "environment").filter(key=key)
    flow = query.get("flow")
    found = list(rows.filter(flow__key=flow)[:1] if flow else rows[:3])
    if not found:
        raise Http404
    if len(found) > 1:
        flows = ", ".join(sorted(row.flow.key for row in found))
        detail = f"Several flows have an instance with this id ({flows}): say which with ?flow=KEY."
        raise Problem(409, detail, type=AMBIGUOUS, errors=[("flow", "is needed")])
    return found[0]


def find_step(instance: Instance, task: str, query: QueryDict) -> Step:
    """The newest step of a task, or the one of `?iteration=`. Raises Http404."""
    steps = instance.steps.select_related("instance__flow", "instance__version", "claimed_by").filter(task=task)
    if query.get("iteration"):
        steps = steps.filter(iteration=whole_number(query, "iteration", default=1, least=1, most=MOST))
    step = steps.order_by("-iteration").first()
    if step is None:
        raise Http404
    return step


def find_member(scope: Scope, address: str) -> User:
    """The member of the scope's organization with this address. Raises Problem 422."""
    members = User.objects.filter(memberships__organization=scope.organization, is_active=True)
    found = members.filter(email=address.strip().lower()).first()
    if found is None:
        raise invalid([("for", "is not the address of a member")])
    return found
