"""A flow from a flow file: all of it or nothing."""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction

from accounts.scope import Scope
from designer import models
from designer.graph.codec import decode_flow
from designer.graph.model import Flow, Json
from designer.services.drafting import create_flow, replace_draft


def import_flow(scope: Scope, document: Json, *, replace: bool, key: str = "") -> models.Flow:
    """A new flow whose draft is what `document` (a parsed flow file, see `graph.loading`) describes.

    Where the environment has a flow of that key: with `replace` its draft is replaced as one edit that can be undone;
    otherwise `FlowKeyTaken`. `key` in place of the file's own. Raises `FlowFileInvalid` with a problem per path.
    Nothing is published.
    """
    flow = with_key(decode_flow(document), key)
    with transaction.atomic():
        row = models.Flow.objects.within(scope).filter(key=flow.key).first() if replace else None
        if row is None:
            return create_flow(scope, key=flow.key, name=flow.name, flow=flow)
        return replace_draft(scope, row, flow, revision=row.draft_revision).row


def with_key(flow: Flow, key: str) -> Flow:
    """`flow` under another key, unless that is empty."""
    return replace(flow, key=key) if key else flow
