"""A caller of this dialect, and programs that are deployed, bound and run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from accounts.models import ApiKey, Environment
from accounts.scope import Scope
from designer.models import Flow
from dialects.cloudflare.binding import bind_workflow
from dialects.cloudflare.bodies import CreateInstance, UpdateWorkflow
from dialects.cloudflare.creating import create_instances
from dialects.cloudflare.translate import account_id_of
from tests.integration.engine.conftest import Engine

Answer = dict[str, Any]
Call = Callable[..., Answer]
Bind = Callable[..., Flow]
Run = Callable[..., Answer]
HEAD = (
    "from workers import WorkflowEntrypoint\n\nclass Shop(WorkflowEntrypoint):\n    async def run(self, event, step):\n"
)


@pytest.fixture
def call(environment: Environment) -> Call:
    """`call("GET", "/instances/one")`: what the workflow `shop` answers, or the one named by `of`."""
    key = ApiKey.objects.issue(environment=environment, name="tests")[1]
    account = account_id_of(environment.organization.slug, environment.slug)
    base = f"/cloudflare/client/v4/accounts/{account}/workflows"

    def send(method: str, path: str = "", body: Any = None, *, of: str = "/shop") -> Answer:
        raw = "" if body is None else json.dumps(body)
        headers = {"authorization": f"Bearer {key}"}
        answer = Client().generic(method, base + of + path, raw, content_type="application/json", headers=headers)
        found: Answer = json.loads(answer.content)
        return {**found, "status_code": answer.status_code}

    return send


@pytest.fixture
def bind(scope: Scope, settings: LazySettings, tmp_path: Path) -> Bind:
    """`bind(body)`: the workflow `shop`, or of the name given, bound to a program with this body."""
    settings.SCRIPTS_FOLDER = tmp_path

    def make(body: str, *, name: str = "shop", **more: Any) -> Flow:
        (tmp_path / "shop.py").write_text(HEAD + indent(dedent(body).strip(), " " * 8) + "\n")
        return bind_workflow(scope, name, UpdateWorkflow(class_name="Shop", script_name="shop", **more))[0]

    return make


@pytest.fixture
def run(scope: Scope, bind: Bind, call: Call) -> Run:
    """`run(body)`: an instance, `one`, of a program with this body, as it is once there is nothing left to do now."""

    def make(body: str, **more: Any) -> Answer:
        create_instances(scope, bind(body, **more), [CreateInstance("one")])
        engine = Engine(scope)
        engine.work()
        engine.later(seconds=1)  # a pause of no time is a timer, too
        found: Answer = call("GET", "/instances/one")["result"]
        return found

    return make
