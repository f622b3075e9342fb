"""Threads follow their task to its new key."""

from __future__ import annotations

from designer import models as designer
from designer.comments.models import Thread
from designer.comments.threads import count_change
from designer.graph.edits import Batch, Edit, RekeyTask


def follow_new_keys(flow: designer.Flow, edit: Edit) -> None:
    """What was said about a task is said about the same one after it got another key. Within the edit's transaction."""
    if isinstance(edit, Batch):
        for step in edit.edits:
            follow_new_keys(flow, step)
    elif isinstance(edit, RekeyTask) and Thread.objects.filter(flow=flow, task=edit.task).update(task=edit.to):
        count_change(flow.pk, flow.environment.organization_id)
