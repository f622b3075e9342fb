"""Workflows as flows: making one, deleting one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.scope import Scope
from accounts.slugs import free_slug
from designer.graph.model import Json
from designer.models import Flow, Origin
from designer.services.drafting import FlowKeyTaken, create_flow
from designer.services.publishing import FlowHasProblems, publish_flow
from designer.services.versions import set_enabled
from dialects.formance.errors import FormanceError, bad_request
from dialects.formance.models import DeletedWorkflow
from dialects.formance.stages import StageInvalid
from dialects.formance.translate import MOST_STAGES, flow_of_config

UNNAMED: Final = "Workflow"
TRIES: Final = 5


def create_workflow(scope: Scope, config: Mapping[str, Json]) -> Flow:
    """A flow made of stages, published. Raises FormanceError 400; then nothing was made."""
    if len(config["stages"]) > MOST_STAGES:
        raise bad_request(f"creating workflow: at most {MOST_STAGES} stages")
    name = re.sub(r"\s+", " ", str(config.get("name") or "")).strip() or UNNAMED
    for _ in range(TRIES):
        try:
            return _create(scope, config, name)
        except FlowKeyTaken:
            continue  # somebody took the same key at the same moment
        except StageInvalid as bad:
            raise bad_request(f"creating workflow: {bad}") from bad
        except FlowHasProblems as bad:
            raise bad_request(f"creating workflow: {bad.problems[0].message}") from bad
    raise FormanceError(409, bad_request("").code, "creating workflow: somebody else made one at the same moment")


def _create(scope: Scope, config: Mapping[str, Json], name: str) -> Flow:
    with transaction.atomic():
        taken = Flow.objects.within(scope).values_list("key", flat=True)
        key = free_slug(name, taken, fallback="workflow")
        graph = flow_of_config(config, key=key, name=name)
        row = create_flow(scope, key=key, name=graph.name, flow=graph)
        row.origin = Origin.FORMANCE
        row.save(update_fields=["origin"])
        publish_flow(scope, row)
    return row


def delete_workflow(scope: Scope, flow: Flow) -> None:
    """Take a flow off this API: not listed, run or triggered any more. Its instances go on. Can be repeated."""
    with transaction.atomic():
        _, is_new = DeletedWorkflow.objects.get_or_create(flow=flow, defaults={"deleted_at": timezone.now()})
        if is_new:
            set_enabled(scope, flow, enabled=False)
            record(scope, "flow.deleted_through_formance", flow)
