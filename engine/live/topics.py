"""What may be watched: an instance, an environment's list of instances, an inbox. Registered in `engine.apps`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.http import QueryDict
from django.template.loader import get_template, render_to_string

from accounts.live import Asked, Grant, Part, Update
from accounts.lookups import Lookup
from accounts.models import Environment, Membership, User
from accounts.roles import Role
from accounts.scope import Scope
from engine.models import Instance
from engine.parts.graph import graph_parts
from engine.parts.inbox import Inbox, open_count
from engine.parts.instance import PARTS, InstancePage, instances_within, read_together, with_names
from engine.parts.instances import MOST_NEW, ROWS_A_PAGE, InstanceList, rows_of
from engine.parts.kept import Kept
from engine.parts.sections import SECTIONS


def grant_in(environment: Environment | None, user: User) -> Grant | None:
    """The right of a member to watch what is in an environment.

    Operators of an organization are all shown the same. What an assignee may do depends on who they are.
    """
    if environment is None:
        return None
    member = Membership.objects.filter(organization=environment.organization_id, user=user).first()
    return Grant(environment.organization_id, f"{environment.pk}:{member.role}:{user.pk}") if member else None


_ENVIRONMENT = Lookup(lambda pk: Environment.objects.select_related("organization").filter(pk=pk).order_by(), -1)
_USER = Lookup(lambda pk: User.objects.filter(pk=pk).order_by(), -1)
# Versions never change, and each is read once in a process: its document need not come along each time.
_INSTANCE = Lookup(
    lambda environment, pk: (
        with_names(Instance.objects.filter(environment=environment, pk=pk))
        .select_related("flow", "version", "started_by", "environment__organization")
        .defer("flow__draft_document", "version__document")
        .order_by()
    ),
    -1,
    -2,
)
MOST_HEADS: Final = 1_000
_heads: Final[Kept[str]] = Kept(MOST_HEADS)


def scope_of(audience: str) -> Scope | None:
    """The scope a grant was made for; None when the person or place has gone since."""
    environment_id, role, user_id = audience.split(":")
    environment = _ENVIRONMENT.first(int(environment_id))
    user = _USER.first(int(user_id))
    if environment is None or user is None:
        return None
    return Scope(environment.organization, environment, user, Role(role))


def render_partial(template: str, part: str, context: Mapping[str, Any]) -> str:
    """The HTML of one `{% partialdef %}`, as on the page."""
    html: str = _template(f"{template}#{part}").render(dict(context))
    return html.strip()


def _template(name: str) -> Any:
    """A template. To find one that is known takes Django as long as to render a small one."""
    return get_template(name) if settings.DEVELOPMENT else _known_template(name)


_known_template: Final = cache(get_template)


def _part_of(page: InstancePage, name: str, context: Mapping[str, Any]) -> str:
    """A part of an instance's page. Of most changes its head shows nothing: it is kept by what it shows."""

    def make() -> str:
        return render_partial("engine/instance.html", name, context)

    if name in SECTIONS:
        return page.sections[name]
    if name != "head":
        return make()
    instance, scope = page.instance, page.scope
    place = scope.organization.slug, scope.environment.slug, instance.flow.key, instance.flow.name
    return _heads.get((*place, instance.pk, instance.key, instance.status, *page.actions), make)


class InstanceTopic:
    """`instance:<pk>`. The sequence number is that of the last fact; the view names the selected step."""

    interval_seconds = 0.1

    def authorize(self, user: User, id: int) -> Grant | None:
        """Members of its organization."""
        found = Instance.objects.filter(pk=id).select_related("environment").only("environment__organization").first()
        return grant_in(found.environment if found else None, user)

    def render(self, asked: Asked) -> Update:
        """Every part of its page; the graph by node and edge, tables by row, so that only what changed travels."""
        return self.render_all([asked])[0]

    def render_all(self, asked: Sequence[Asked]) -> list[Update]:
        """`render` for each: what they show is read together, with as many statements as for one."""
        made = self._pages(asked)
        read_together([page for page in made if page is not None])
        return [
            Update(one.after) if page is None else self._update(page) for one, page in zip(asked, made, strict=True)
        ]

    def _pages(self, asked: Sequence[Asked]) -> list[InstancePage | None]:
        """None where the instance or the person has gone since."""
        places = [one.audience.split(":") for one in asked]
        instances = _INSTANCE.all_each([(int(place[0]), one.id) for place, one in zip(places, asked, strict=True)])
        users = _USER.all_each([(int(place[2]),) for place in places])
        return [
            InstancePage(_scope(found[0], user[0], Role(role)), found[0], view=one.view) if found and user else None
            for one, (_, role, _), found, user in zip(asked, places, instances, users, strict=True)
        ]

    def _update(self, page: InstancePage) -> Update:
        from engine.views.instance import page_context

        context = page_context(page)
        parts = [Part(f"instance-{name}", _part_of(page, name, context), tuple(page.rows_of(name))) for name in PARTS]
        return Update(page.instance.fact_count, (*parts, *graph_parts(page)))


def _scope(instance: Instance, user: User, role: Role) -> Scope:
    return Scope(instance.environment.organization, instance.environment, user, role)


class ListTopic:
    """What changes when anything in an environment does. Its numbers only count up: milliseconds since 1970."""

    interval_seconds = 1.0

    def authorize(self, user: User, id: int) -> Grant | None:
        """Members of its organization."""
        return grant_in(Environment.objects.filter(pk=id).first(), user)


class InstancesTopic(ListTopic):
    """`instances:<environment>`. The view is the query string of the list with `ids` of the rows on the page."""

    def render(self, asked: Asked) -> Update:
        """The rows on the page, and how many newer ones there are. Rows never come or go by themselves."""
        seq = now_milliseconds()
        scope = scope_of(asked.audience)
        if scope is None:
            return Update(seq)
        query = QueryDict(asked.view)
        words = [word for word in query.get("ids", "").split(",")[:ROWS_A_PAGE] if word.isascii() and word.isdecimal()]
        ids = [int(word) for word in words if len(word) < 19]
        page = InstanceList(scope, query)
        rows = rows_of(scope, list(instances_within(scope).filter(pk__in=ids)), now=page.now)
        template, context = "engine/instances.html", {"scope": scope}
        parts = [
            Part(f"instance-row-{row.instance.pk}", render_partial(template, "row", context | {"row": row}))
            for row in rows
        ]
        newer = page.matching.filter(pk__gt=max(ids, default=0)).order_by()[:MOST_NEW].count()
        news = render_partial(template, "news", context | {"newer": newer, "page": page})
        return Update(seq, (*parts, Part("instances-news", news)))


class InboxTopic(ListTopic):
    """`inbox:<environment>`. The view is `whose` and the page number."""

    def render(self, asked: Asked) -> Update:
        """The list and its counts."""
        seq = now_milliseconds()
        scope = scope_of(asked.audience)
        if scope is None:
            return Update(seq)
        query = QueryDict(asked.view)
        number = query.get("page", "1")
        page = int(number) if number.isascii() and number.isdecimal() and len(number) < 5 else 1
        inbox = Inbox(scope, query.get("whose", ""), max(page, 1))
        html = render_partial("engine/inbox.html", "list", {"inbox": inbox, "scope": scope})
        return Update(seq, (Part("inbox-list", html),))


class InboxCountTopic(ListTopic):
    """`inbox_count:<environment>`: how many tasks are open to the viewer, for the navigation of every page."""

    interval_seconds = 3.0

    def render(self, asked: Asked) -> Update:
        """The number in the navigation."""
        scope = scope_of(asked.audience)
        if scope is None:
            return Update(now_milliseconds())
        context = {"scope": scope, "inbox_count": open_count(scope)}
        html = render_to_string("engine/parts/inbox_count.html", context).strip()
        return Update(now_milliseconds(), (Part("inbox-count", html),))


def now_milliseconds() -> int:
    """For topics whose things have no number of their own."""
    return time.time_ns() // 1_000_000
