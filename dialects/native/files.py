"""Flow files on disk: what `manage.py flow` does, one file at a time. Every answer is a line to print."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from accounts.scope import Scope
from designer.graph.checks import find_problems
from designer.graph.codec import decode_flow, dump_yaml, encode_flow
from designer.graph.loading import load_text
from designer.graph.model import Flow as Graph
from designer.graph.problems import FlowFileInvalid
from designer.models import Flow
from designer.services.drafting import draft_of, replace_draft
from designer.services.importing import import_flow
from designer.services.publishing import FlowHasProblems, publish_flow
from designer.services.versions import flow_of


class Refused(Exception):
    """A file or key that was not taken; `lines` say why."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("; ".join(self.lines))
