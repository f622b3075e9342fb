"""From the keys in an address to rows of the caller's environment. What belongs to another one is not found."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.http import Http404, QueryDict

from accounts.lookups import Lookup
from accounts.models import User
from accounts.scope import Scope
from designer.models import Flow, Version
from dialects.shared.cursors import whole_number
from dialects.shared.problems import Problem, invalid
from engine.models import Instance, Step

AMBIGUOUS = "/api/v1/reference#problem-ambiguous-id"
MOST = 2_147_483_647

_FLOW = Lookup(
    lambda environment, key: (
        Flow.objects.filter(environment=environment, key=key).select_related("live_version").order_by()
    ),
    -1,
    "a key",
)
_FLOW_TO_START = Lookup(
    # What a version says is known by its id after the first time; it may be long, and so may the draft.
    lambda environment, key: (
        Flow.objects.filter(environment=environment, key=key)
        .select_related("live_version")
        .defer("draft_document", "description", "created_at", "updated_at")
        .defer("live_version__document", "live_version__published_at")
        .order_by()
    ),
    -1,
    "a key",
    is_kept=True,
)


def _instances(environment: int, key: str) -> QuerySet[Instance]:
    rows = Instance.objects.filter(environment=environment, key=key).order_by("-pk")
    return rows.select_related("flow", "version").defer("flow__draft_document", "version__document")


def _addressed(environment: int, key: str) -> QuerySet[Instance]:
    rows = Instance.objects.filter(environment=environment, key=key).order_by("-pk")
    return rows.select_related("flow").only("key", "flow__key")


_INSTANCES = Lookup(lambda environment, key: _instances(environment, key)[:3], -1, "a key")
_INSTANCE_OF_FLOW = Lookup(
    lambda environment, key, flow: _instances(environment, key).filter(flow__key=flow), -1, "a key", "a flow"
)
_ADDRESSED = Lookup(lambda environment, key: _addressed(environment, key)[:3], -1, "a key")
_ADDRESSED_OF_FLOW = Lookup(
    lambda environment, key, flow: _addressed(environment, key).filter(flow__key=flow), -1, "a key", "a flow"
)


def find_flow(scope: Scope, key: str) -> Flow:
    """The flow with this key. Raises Http404."""
    return _flow(scope, _FLOW.first(scope.environment.pk, key))


def find_flow_to_start(scope: Scope, key: str) -> Flow:
    """As `find_flow`, without the texts of the draft and of the live version: they are read when they are asked for."""
    return _flow(scope, _FLOW_TO_START.first(scope.environment.pk, key))


def _flow(scope: Scope, flow: Flow | None) -> Flow:
    if flow is None:
        raise Http404
    flow.environment = scope.environment
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
    flow = query.get("flow")
    environment = scope.environment.pk
    return _only(scope, _INSTANCE_OF_FLOW.all(environment, key, flow) if flow else _INSTANCES.all(environment, key))


def find_addressee(scope: Scope, key: str, query: QueryDict) -> Instance:
    """As `find_instance`, for who only says which instance is meant: anything else of it is read when asked for."""
    flow = query.get("flow")
    environment = scope.environment.pk
    return _only(scope, _ADDRESSED_OF_FLOW.all(environment, key, flow) if flow else _ADDRESSED.all(environment, key))


def _only(scope: Scope, found: Sequence[Instance]) -> Instance:
    if not found:
        raise Http404
    if len(found) > 1:
        flows = ", ".join(sorted(row.flow.key for row in found))
        detail = f"Several flows have an instance with this id ({flows}): say which with ?flow=KEY."
        raise Problem(409, detail, type=AMBIGUOUS, errors=[("flow", "is needed")])
    found[0].environment = scope.environment
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
