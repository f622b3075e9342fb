"""Filling the database with the demo. Can be run again: what is there is left alone."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from accounts.roles import Role
from accounts.scope import Scope
from config.demo.data import make_data
from config.demo.instances import INSTANCES
from config.demo.people import SLUG, address_of, designer_scope, make_groups, make_members, make_organization
from designer.graph.codec import decode_flow
from designer.graph.loading import load_text
from designer.models import Flow
from designer.services.drafting import replace_draft
from designer.services.importing import import_flow
from designer.services.publishing import publish_flow
from engine.models import Instance
from engine.services.instances import start_instance

FOLDER: Final = Path(__file__).parent / "flows"
OUTSIDE_WORLD: Final = re.compile(r"https?://[^/\"\s]+/demo/")
"""Where the demo flows find the outside world: this server, whatever its address."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was done. `password` is None when nobody was added."""

    password: str | None
    flows: int
    instances: int


def load_demo(url: str, *, new_password: bool = False) -> Loaded:
    """Make sure that the demo is there and that its flows call the server at `url`."""
    with transaction.atomic():
        organization = make_organization()
        password = make_members(organization, new_password=new_password)
        make_groups(organization)
        scope = designer_scope(organization)
        flows = sum(load_flow(scope, path, url) for path in sorted(FOLDER.glob("*.yaml")))
        make_data(scope)
        instances = sum(start_missing(scope, key, wanted) for key, wanted in INSTANCES.items())
    keep_note(url, password)
    return Loaded(password, flows, instances)


def load_flow(scope: Scope, path: Path, url: str) -> bool:
    """Import and publish one flow, or lead one that is there to the present address. Answers whether it changed."""
    text = with_address(path.read_text(), url)
    row = Flow.objects.within(scope).filter(key=path.stem).first()
    if row is not None:
        return readdress(scope, row, url)
    row = import_flow(scope, load_text(text, name=path.name), replace=False)
    publish_flow(scope, row, note="As it comes with the demo.")
    return True


def readdress(scope: Scope, row: Flow, url: str) -> bool:
    """Publish again with another address of the outside world, where it has moved; keeps all other edits."""
    text = with_address(row.draft_document, url)
    if text == row.draft_document:
        return False
    replace_draft(scope, row, decode_flow(json.loads(text)), revision=row.draft_revision)
    row.refresh_from_db()
    publish_flow(scope, row, note="The demo's server has another address.")
    return True


def with_address(text: str, url: str) -> str:
    """A flow file whose calls go to the outside world at `url`."""
    return OUTSIDE_WORLD.sub(f"{url.rstrip('/')}/demo/", text)


def start_missing(scope: Scope, flow_key: str, wanted: dict[str, dict[str, Any]]) -> int:
    """Start the instances of a flow that have never been started; answers how many."""
    row = Flow.objects.within(scope).get(key=flow_key)
    there = set(Instance.objects.within(scope).filter(flow=row, key__in=wanted).values_list("key", flat=True))
    missing = {key: data for key, data in wanted.items() if key not in there}
    for key, data in missing.items():
        start_instance(scope, row, input=data, key=key)
    return len(missing)


def keep_note(url: str, password: str | None) -> None:
    """Write down how to sign in, for the owner of the data folder alone. Without a password the noted one stays."""
    note: Path = settings.DEMO_NOTE
    if password is None:
        password = json.loads(note.read_text()).get("password", "") if note.exists() else ""
    users = {role.value: address_of(role) for role in Role}
    text = json.dumps({"url": url, "organization": SLUG, "users": users, "password": password}, indent=2)
    draft = note.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text + "\n")
    draft.replace(note)
