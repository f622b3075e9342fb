"""Edits of phases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from designer.graph.codec import decode_phase, encode_phase
from designer.graph.edits.base import (
    Applied,
    EditRefused,
    inserted,
    refuse_crowd,
    refuse_file,
    require,
)
from designer.graph.edits.changes import Change, changed
from designer.graph.edits.membership import AssignPhase
from designer.graph.edits.removing import RemovePhase
from designer.graph.edits.tasks import MoveTasks
from designer.graph.edits.together import Batch
from designer.graph.model import Flow, Frame, Phase, Position, phase_ref
from designer.graph.problems import FlowFileInvalid
from designer.graph.rules import Rule, may_use_phase_key, phases_exist, requirements_exist
from designer.graph.suggestions import listed


@dataclass(frozen=True, slots=True)
class AddPhase:
    """Put a new phase into the flow, around these tasks."""

    phase: Phase
    tasks: tuple[str, ...] = ()
    index: int | None = None

    def apply(self, flow: Flow) -> Applied:
        """Refused when the key is taken, or a task or a requirement is not there."""
        require(may_use_phase_key(flow, self.phase.key))
        document = encode_phase(self.phase).get("requirements", ())
        require(requirements_exist(flow, document))
        phases = inserted(flow.phases, [(self.index, self.phase.key, self.phase)])
        added = refuse_crowd(replace(flow, phases=phases))
        joined = AssignPhase(dict.fromkeys(self.tasks, self.phase.key)).apply(added)
        undo = Batch((joined.undo, RemovePhase(self.phase.key)))
        return Applied(joined.flow, undo=undo, touched=joined.touched | {phase_ref(self.phase.key)})


_CONFIGURABLE = ("name", "description", "requirements")


@dataclass(frozen=True, slots=True)
class ConfigurePhase:
    """Change single values of a phase: its name, description and requirements, as the flow file has them."""

    phase: str
    changes: tuple[Change, ...]

    def apply(self, flow: Flow) -> Applied:
        """Refused when a value does not fit or a requirement names nothing."""
        require(phases_exist(flow, [self.phase]))
        if any(change.path[:1] not in {(word,) for word in _CONFIGURABLE} for change in self.changes):
            raise EditRefused(f"A phase's {listed(_CONFIGURABLE, last='and')} can be configured.", Rule.BAD_VALUE)
        document, undo = changed(encode_phase(flow.phases[self.phase]), self.changes)
        try:
            after = decode_phase(document)
        except FlowFileInvalid as invalid:
            refuse_file(invalid)
        require(requirements_exist(flow, document.get("requirements")))
        touched = frozenset({phase_ref(self.phase)})
        return Applied(flow.with_phase(after), undo=ConfigurePhase(self.phase, undo), touched=touched)


@dataclass(frozen=True, slots=True)
class FramePhase:
    """Move or resize the area of a phase, and move tasks along with it."""

    phase: str
    frame: Frame | None
    tasks: Mapping[str, Position | None] = field(default_factory=dict)

    def apply(self, flow: Flow) -> Applied:
        """Refused when the phase or a task is not there."""
        require(phases_exist(flow, [self.phase]))
        moved = MoveTasks(self.tasks).apply(flow)
        before = flow.phases[self.phase]
        framed = moved.flow.with_phase(replace(before, frame=self.frame))
        undo = FramePhase(self.phase, before.frame, {key: flow.tasks[key].at for key in self.tasks})
        return Applied(framed, undo=undo, touched=moved.touched | {phase_ref(self.phase)})
