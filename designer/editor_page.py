"""What the editor's page shows, read from the draft: the read model of `templates/designer/editor.html`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, ClassVar, Final, cast

import orjson
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from accounts.connections.models import Connection
from accounts.models import MemberGroup, Membership
from accounts.roles import Role
from accounts.scope import Scope
from designer import models
from designer.graph.decoding import MOST_TASKS
from designer.graph.model import Flow
from designer.inspector.forms import Form, FormContext, form_for, form_for_flow
from designer.naming import named
from designer.palette import palette
from designer.parts import EDGES, NODES, NOTES, PHASES, Drawing, draw
from designer.problem_rows import ProblemRow, problem_rows_of
from designer.rendering.svg import definitions
from designer.services.drafting import Remembered, draft_of, next_redo, next_undo
from designer.services.publishing import around_of, flow_keys
from designer.services.seen import shapes_seen

MOST_PEOPLE = 500
MOST_FORMS: Final = 48
"""So many forms of flows are kept."""
BEFORE_START: Final = (28.0, 240.0)
"""Where the start is seen first, in pixels from the left and from above."""
EARLIER = "what you changed before"


def _palette() -> SafeString:
    return render_to_string("designer/editor/palette.html", {"palette": palette()})


_palette_kept = cache(_palette)
"""The same for everyone and every flow as long as the process lives, and its template stays as it was."""


_forms: Mapping[bool, Remembered[SafeString]] = {may: Remembered(MOST_FORMS) for may in (True, False)}
"""The forms of flows, for who may edit and who may not."""


def _noting(context: FormContext, asked: list[str]) -> FormContext:
    """The same, which notes what is asked of it beside the flow."""

    def noted(name: str, ask: Callable[[], Any]) -> Callable[[], Any]:
        def answer() -> Any:
            asked.append(name)
            return ask()

        return answer

    changed = {name: noted(name, ask) for name, ask in context.items() if callable(ask)}
    return cast(FormContext, {**context, **changed})


@dataclass(frozen=True, slots=True)
class Status:
    """How far the draft is from what is live, and the same in a full sentence."""

    text: str
    hint: str


@dataclass(frozen=True, slots=True)
class Canvas:
    """The layers of the drawing, as SVG that is safe to show.

    `at`: how it is moved until script knows what is to be seen of it; the start is then to the left.
    """

    at: str
    definitions: SafeString
    phases: SafeString
    notes: SafeString
    edges: SafeString
    nodes: SafeString


@dataclass(frozen=True)
class EditorPage:
    """One draft as one member sees it in the editor."""

    scope: Scope
    row: models.Flow

    @cached_property
    def draft(self) -> Flow:
        """The flow that is drawn."""
        return draft_of(self.row)

    @cached_property
    def drawing(self) -> Drawing:
        """How it is drawn."""
        return draw(named(self.scope, self.draft))

    @property
    def revision(self) -> int:
        """The revision that the page shows."""
        return self.row.draft_revision

    @property
    def can_edit(self) -> bool:
        """Whether this member may change it; viewers see the same, read only."""
        return self.scope.allows(Role.DESIGNER)

    most_tasks: ClassVar[int] = MOST_TASKS
    """So many a flow may have."""

    @property
    def user_id(self) -> int:
        """Who looks: their own changes are not told to them as news."""
        return self.scope.user.pk if self.scope.user else 0

    @cached_property
    def canvas(self) -> Canvas:
        """The drawing, layer by layer."""
        layers = [mark_safe(self.drawing.group(into)) for into in (PHASES, NOTES, EDGES, NODES)]  # noqa: S308
        start = self.drawing.layout.trigger
        right, down = BEFORE_START[0] - start.x, BEFORE_START[1] - start.y
        return Canvas(f"translate({right:g} {down:g})", definitions(), *layers)

    @property
    def facts_json(self) -> SafeString:
        """What script knows of the graph when the page opens, as the content of a `<script>`."""
        text = orjson.dumps(self.drawing.facts()).decode()
        for sign in "<>&":
            text = text.replace(sign, f"\\u{ord(sign):04X}")
        return mark_safe(text)  # noqa: S308 (nothing in it ends the element)

    @property
    def palette(self) -> SafeString:
        """What can be added."""
        return _palette() if settings.DEVELOPMENT else _palette_kept()

    @property
    def inspector(self) -> SafeString:
        """The form of the flow itself: nothing is selected when the page opens. Drawn once for each revision, where
        nothing in it is asked of other rows.
        """
        kept = _forms[self.can_edit].get(self.row)
        if kept is not None:
            return kept
        asked: list[str] = []
        form = form_for_flow(self.draft, **_noting(self._form_context(), asked))
        made = render_to_string("designer/editor/inspector.html", {"form": form, "revision": self.revision})
        if not asked and not settings.DEVELOPMENT:
            _forms[self.can_edit].put(self.row, made)
        return made

    def form(self, subject: str, count: int = 0) -> Form | None:
        """The form of a ref, None where there is no such thing."""
        return form_for(self.draft, subject, count=count, **self._form_context())

    def _form_context(self) -> FormContext:
        return {
            "can_edit": self.can_edit,
            "people": self._people,
            "flows": self._flow_keys,
            "connections": lambda: self._connection_keys(Connection.Type.HTTP),
            "agents": lambda: self._connection_keys(Connection.Type.AGENT),
            "seen": lambda: shapes_seen(self.row),
        }

    def _people(self) -> tuple[str, ...]:
        """Groups by name and members by address, to assign tasks to."""
        groups = MemberGroup.objects.within(self.scope).values_list("slug", flat=True)
        members = Membership.objects.within(self.scope).values_list("user__email", flat=True)
        return (*groups[:MOST_PEOPLE], *members[:MOST_PEOPLE])

    def _flow_keys(self) -> tuple[str, ...]:
        others = models.Flow.objects.within(self.scope).exclude(pk=self.row.pk)
        return tuple(others.values_list("key", flat=True)[:MOST_PEOPLE])

    def _connection_keys(self, type: Connection.Type) -> tuple[str, ...]:
        known = Connection.objects.within(self.scope).filter(type=type)
        return tuple(known.values_list("key", flat=True)[:MOST_PEOPLE])

    @cached_property
    def problems(self) -> tuple[ProblemRow, ...]:
        """What is wrong with the draft, the worst first."""
        return problem_rows_of(
            self.row.pk, self.draft, flow_keys(self.row.environment_id), around_of(self.row, self.draft)
        )

    @property
    def error_count(self) -> int:
        """How many problems stand in the way of publishing."""
        return sum(problem.severity == "error" for problem in self.problems)

    @property
    def warning_count(self) -> int:
        """How many are only worth a look."""
        return len(self.problems) - self.error_count

    @cached_property
    def status(self) -> Status:
        """`draft · 12 edits since version 4`."""
        live = self.row.live_version
        if live is None:
            return Status("draft · never published", "Nothing of this flow runs yet.")
        if live.document == self.row.draft_document:
            return Status(f"as version {live.number}", f"The draft is what version {live.number} is.")
        later = self.row.draft_edits.filter(at__gt=live.published_at, is_undone=False)
        count = later.exclude(way=models.DraftEdit.Way.UNDO).count()
        edits = "1 edit" if count == 1 else f"{count} edits" if count else "changed"
        return Status(
            f"draft · {edits} since version {live.number}", f"Version {live.number} is live; the draft is not."
        )

    @cached_property
    def undo(self) -> str | None:
        """What undo would take back, in words."""
        entry = next_undo(self.scope, self.row)
        return (entry.words or EARLIER) if entry is not None else None

    @cached_property
    def redo(self) -> str | None:
        """What redo would do again, in words."""
        entry = next_redo(self.scope, self.row)
        return (entry.words or EARLIER) if entry is not None else None

    # -- addresses

    def url(self, name: str) -> str:
        """The address of another page about this flow."""
        return self.scope.url(f"designer:{name}", flow=self.row.key)

    @property
    def doors(self) -> str:
        """What script's requests begin with."""
        return self.url("edit")

    @property
    def flows_url(self) -> str:
        """The list of flows."""
        return self.scope.url("designer:flows")

    @property
    def comments_url(self) -> str:
        """What is said about the flow."""
        return self.url("comments")

    @property
    def versions_url(self) -> str:
        """The versions of this flow."""
        return self.url("versions")

    @property
    def try_url(self) -> str:
        """Where it is tried: the engine's."""
        return self.scope.url("engine:try", flow=self.row.key)

    @property
    def publish_url(self) -> str:
        """Where it is published."""
        return self.url("publish")
