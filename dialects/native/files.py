"""Flow files on disk: what `manage.py flow` does, one file at a time. Every answer is a text to print."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from accounts.scope import Scope
from designer.graph.codec import decode_flow, graph_hash
from designer.graph.loading import LARGEST_FILE_BYTES, load_text
from designer.graph.model import Flow as Graph
from designer.graph.problems import FlowFileInvalid
from designer.models import Flow
from designer.services.drafting import create_flow, draft_of, replace_draft
from designer.services.exporting import FORMATS
from designer.services.publishing import FlowHasProblems, is_unchanged, publish_flow, refuse_problems
from designer.trying.services import keep_trials, with_trials
from engine.sandbox.cases import CaseReport, run_cases, why_not


class FileRefused(Exception):
    """A file or key that was not taken; `lines` say why."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("; ".join(self.lines))


def check_file(path: Path) -> str:
    """Say that a file could be published. Raises FileRefused with its problems."""
    graph = read_file(path)
    try:
        refuse_problems(graph)
    except FlowHasProblems as error:
        raise problems_of(error) from error
    return f"{path}: {graph.key} has no problems"


def test_file(path: Path) -> tuple[Graph, CaseReport]:
    """Run the cases in a file. Raises FileRefused for one that is no flow, or cannot be run."""
    graph = read_file(path)
    problem = why_not(graph)
    if problem:
        raise FileRefused([problem])
    return graph, run_cases(graph, graph.trials.cases if graph.trials is not None else ())


def import_file(scope: Scope, path: Path, *, replace: bool) -> tuple[Flow, str]:
    """Make a flow from a file, or with `replace` make the file the draft of the flow with its key.

    A draft that says the same already is left alone. Raises FileRefused.
    """
    graph = read_file(path)
    row = Flow.objects.within(scope).filter(key=graph.key).first()
    if row is None:
        made = create_flow(scope, key=graph.key, name=graph.name, flow=graph)
        return made, f"{path}: made the flow {graph.key}"
    if graph_hash(draft_of(row)) == graph_hash(graph):
        keep_trials(row, graph.trials)
        return row, f"{path}: the draft of {graph.key} is the same already"
    if not replace:
        raise FileRefused([f"there is a flow {graph.key} with another draft; --replace would replace it"])
    changed = replace_draft(scope, row, graph, revision=row.draft_revision).row
    return changed, f"{path}: replaced the draft of {graph.key}"


def publish_draft(scope: Scope, row: Flow, *, note: str) -> str:
    """Publish a draft, unless the live version says the same already. Raises FileRefused with its problems."""
    if is_unchanged(row) and row.live_version is not None:
        return f"version {row.live_version.number} of {row.key} is live and the same"
    try:
        version = publish_flow(scope, row, note=note)
    except FlowHasProblems as error:
        raise problems_of(error) from error
    return f"published version {version.number} of {row.key}"


def export_flow(scope: Scope, key: str, *, format: str, folder: Path | None) -> str:
    """The draft of a flow as a file in `folder`, or as text. Raises FileRefused."""
    row = Flow.objects.within(scope).filter(key=key).first()
    if row is None:
        raise FileRefused(["there is no such flow"])
    content = FORMATS[format](with_trials(row, draft_of(row)))
    if folder is None:
        return content.decode().rstrip("\n")
    path = folder / f"{row.key}.{format}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise FileRefused([f"{path} cannot be written: {error.strerror}"]) from error
    return f"{key}: wrote {path}"


def read_file(path: Path) -> Graph:
    """The flow in a file. Raises FileRefused."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise FileRefused([f"cannot be read: {error.strerror}"]) from error
    try:
        return decode_flow(load_text(raw, name=path.name))
    except FlowFileInvalid as error:
        raise problems_of(error) from error


def problems_of(error: FlowFileInvalid | FlowHasProblems) -> FileRefused:
    """One line for each problem, with its path."""
    return FileRefused(f"{one.path}: {one.message}" if one.path else one.message for one in error.problems)
