"""Flow files on the wire: JSON or YAML in, JSON or YAML out, the draft's revision as ETag."""

from __future__ import annotations

import re

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request

from designer.graph.codec import decode_flow, dump_yaml, encode_flow
from designer.graph.loading import load_text
from designer.graph.model import Flow as Graph
from designer.graph.problems import FlowFileInvalid
from designer.models import Flow
from designer.services.drafting import draft_of
from designer.trying.services import trials_of, with_trials
from dialects.native.base import REFERENCE
from dialects.shared.bodies import YAML_TYPES, content_type_of, is_json_type, refuse_larger
from dialects.shared.problems import Problem, invalid
from dialects.shared.rendering import to_json_bytes

ETAG = re.compile(r'(?:W/)?"(\d{1,9})"')


def read_flow_file(request: Request) -> Graph:
    """The flow in the body. Raises Problem 413, 415, 400 for what cannot be read and 422 for what is no flow."""
    media_type = content_type_of(request)
    if not (is_json_type(media_type) or media_type in YAML_TYPES):
        wanted = "`application/json` or `application/yaml`"
        raise Problem(415, f"Send a flow file as {wanted}, not {media_type[:100] or 'nothing'}.")
    refuse_larger(request.body, settings.MAX_FLOW_FILE_BYTES)
    try:
        document = load_text(request.body, media_type=media_type)
    except FlowFileInvalid as error:
        raise invalid([(problem.path, problem.message) for problem in error.problems], status=400) from error
    return decode_flow(document)


def answer_flow_file(request: Request, row: Flow) -> HttpResponse:
    """The draft as the caller likes it (`Accept: application/yaml`, else JSON); 304 when they have this revision."""
    etag = etag_of(row)
    # The cases are no part of the draft that its revision counts.
    if etag in request.headers.get("If-None-Match", "") and not trials_of(row):
        unchanged = HttpResponse(status=304, headers={"ETag": etag, "Vary": "Accept"})
        del unchanged["Content-Type"]  # of a body that it does not have
        return unchanged
    wants_yaml = any(media in request.headers.get("Accept", "") for media in YAML_TYPES)
    graph = with_trials(row, draft_of(row))
    body = dump_yaml(graph).encode() if wants_yaml else to_json_bytes(encode_flow(graph))
    media_type = "application/yaml" if wants_yaml else "application/json"
    return HttpResponse(body, content_type=media_type, headers={"ETag": etag, "Vary": "Accept"})


def etag_of(row: Flow) -> str:
    """The revision of a draft as ETag."""
    return f'"{row.draft_revision}"'


def revision_from(request: Request, row: Flow) -> int:
    """The revision of a draft that `If-Match` names; `*` is the one there is. Raises Problem 428 without one, 412 for
    what cannot be a revision of ours.
    """
    given = request.headers.get("If-Match", "").strip()
    if not given:
        detail = "Send `If-Match` with the ETag of the draft you changed, so that nobody's edits are lost."
        raise Problem(428, detail, type=f"{REFERENCE}revision-missing")
    if given == "*":
        return row.draft_revision
    found = ETAG.fullmatch(given)
    if found is None:
        raise Problem(412, 'If-Match must be an ETag of this draft, such as `"7"`.', type=f"{REFERENCE}stale-revision")
    return int(found[1])
