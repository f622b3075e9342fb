"""Everything that may be done to a draft, as small frozen values with an inverse and JSON both ways.

    applied = Connect(Edge("a", "b")).apply(flow) applied.undo.apply(applied.flow).flow == flow

In this room: the edits, one file per subject. Not in this room: whether an edge may be drawn (`rules`), who may edit,
storing.
"""

from __future__ import annotations

from designer.graph.edits.base import FLOW, Applied, Edit, EditRefused
from designer.graph.edits.changes import Change, take_away
from designer.graph.edits.conditions import AddCondition, MoveCondition, RemoveCondition, SetCondition
from designer.graph.edits.edges import Connect, InsertOnEdge, MoveEdgeBack, Reconnect
from designer.graph.edits.flow import ConfigureFlow, ReplaceFlow, TidyUp
from designer.graph.edits.membership import AssignPhase
from designer.graph.edits.notes import AddNote, ConfigureNote, MoveNotes, RemoveNotes, require_notes
from designer.graph.edits.pasting import Paste, copy_fragment, free_key, pasted_keys, pasted_notes
from designer.graph.edits.phases import AddPhase, ConfigurePhase, FramePhase
from designer.graph.edits.rekeying import RekeyTask
from designer.graph.edits.removing import Disconnect, PutBack, RemovePhase, RemoveTasks
from designer.graph.edits.tasks import AddTask, ConfigureTask, MoveTasks, RenameTask, ReplaceKind
from designer.graph.edits.together import Batch
from designer.graph.edits.wire import EDIT_NAMES, edit_from_json, edit_to_json

__all__ = [
    "EDIT_NAMES",
    "FLOW",
    "AddCondition",
    "AddNote",
    "AddPhase",
    "AddTask",
    "Applied",
    "AssignPhase",
    "Batch",
    "Change",
    "ConfigureFlow",
    "ConfigureNote",
    "ConfigurePhase",
    "ConfigureTask",
    "Connect",
    "Disconnect",
    "Edit",
    "EditRefused",
    "FramePhase",
    "InsertOnEdge",
    "MoveCondition",
    "MoveEdgeBack",
    "MoveNotes",
    "MoveTasks",
    "Paste",
    "PutBack",
    "Reconnect",
    "RekeyTask",
    "RemoveCondition",
    "RemoveNotes",
    "RemovePhase",
    "RemoveTasks",
    "RenameTask",
    "ReplaceFlow",
    "ReplaceKind",
    "SetCondition",
    "TidyUp",
    "copy_fragment",
    "edit_from_json",
    "edit_to_json",
    "free_key",
    "pasted_keys",
    "pasted_notes",
    "require_notes",
    "take_away",
]
