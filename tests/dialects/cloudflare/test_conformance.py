"""Every operation through both SDKs, with their default retries: success with a parsed answer, and a typed error.

The table in the room's README is what these tests found. `CONFORMANCE=write pytest …` writes it anew.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import cloudflare
import pytest
from cloudflare import Cloudflare

from tests.acceptance.quadrille import ROOT, Quadrille
from tests.dialects.cloudflare.conftest import Account
from tests.dialects.cloudflare.test_drawn_flows import ORDER
from tests.dialects.cloudflare.test_scripts import SHOP
from tests.dialects.conftest import Tenant

README = ROOT / "dialects" / "cloudflare" / "README.md"
BEGIN, END = "<!-- conformance: made by the tests -->", "<!-- end of conformance -->"
OPERATIONS = (
    "workflows.list", "workflows.get", "workflows.update", "workflows.delete",
    "instances.list", "instances.get", "instances.create", "instances.bulk", "instances.step",
    "instances.status.edit", "instances.events.create",
    "versions.list", "versions.get", "versions.graph",
)  # fmt: skip
Case = tuple[Callable[[], Any], type[cloudflare.APIStatusError], int]


@pytest.fixture(scope="module")
def prepared(server: Quadrille, new_tenant: Callable[[str], Tenant]) -> Iterator[Account]:
    """An account of their own, whatever else ran before: a drawn flow and a script."""
    with contextlib.closing(Account(server, new_tenant("cloudflare-conformance"))) as account:
        account.draw("order", *ORDER, name="Order")
        account.deploy("shop_worker", SHOP)
        account.bind("shop", "shop-worker", "Order")
        yield account


class Python:
    """Each operation through the Python SDK: its success, and how it is refused."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.workflows = account.client.workflows
        self.here = {"account_id": account.id, "workflow_name": "order"}

    def successes(self) -> Mapping[str, Callable[[], Any]]:
        """In an order in which they work."""
        return {
            "workflows.update": self.update,
            "workflows.list": self.list,
            "workflows.get": lambda: self.same(
                self.workflows.get("order", account_id=self.account.id).class_name, "Order"
            ),
            "instances.create": self.create,
            "instances.get": self.get,
            "instances.list": self.list_instances,
            "instances.bulk": self.bulk,
            "instances.events.create": self.event,
            "instances.step": self.step,
            "instances.status.edit": self.edit,
            "versions.list": self.versions,
            "versions.get": lambda: self.same(
                self.workflows.versions.get(self.version, **self.shop).language, "python"
            ),
            "versions.graph": self.graph,
            "workflows.delete": lambda: self.same(
                self.workflows.delete("py-made", account_id=self.account.id).status, "ok"
            ),
        }

    def refusals(self) -> Mapping[str, Case]:
        """The call, the exception, the code."""
        id, flows, instances, versions = (
            self.account.id, self.workflows, self.workflows.instances, self.workflows.versions,
        )  # fmt: skip
        nobody = Cloudflare(api_token="wrong", base_url=self.account.base_url)
        reader = self.account.reader.workflows
        return {
            "workflows.update": (
                lambda: flows.update("no name", account_id=id, class_name="A", script_name="a"),
                cloudflare.BadRequestError,
                10301,
            ),
            "workflows.list": (lambda: nobody.workflows.list(account_id=id), cloudflare.AuthenticationError, 10000),
            "workflows.get": (lambda: flows.get("nowhere", account_id=id), cloudflare.NotFoundError, 10200),
            "workflows.delete": (
                lambda: reader.delete("order", account_id=id), cloudflare.PermissionDeniedError, 10000,
            ),
            "instances.create": (
                lambda: instances.create("order", account_id=id, instance_id="py-1"), cloudflare.ConflictError, 10304,
            ),
            "instances.get": (lambda: instances.get("nowhere", **self.here), cloudflare.NotFoundError, 10400),
            "instances.list": (
                lambda: instances.list("order", account_id=id, cursor="no"), cloudflare.BadRequestError, 10313,
            ),
            "instances.bulk": (
                lambda: instances.bulk("order", account_id=id, body=[]), cloudflare.BadRequestError, 10305,
            ),
            "instances.events.create": (
                lambda: instances.events.create("a.b", **self.here, instance_id="py-1", body={}),
                cloudflare.BadRequestError,
                10303,
            ),
            "instances.step": (
                lambda: instances.step("py-1", **self.here, name="nothing", type="step"),
                cloudflare.NotFoundError,
                10307,
            ),
            "instances.status.edit": (
                lambda: instances.status.edit("py-2", **self.here, status="resume"), cloudflare.BadRequestError, 10309,
            ),
            "versions.list": (lambda: versions.list("nowhere", account_id=id), cloudflare.NotFoundError, 10200),
            "versions.get": (lambda: versions.get("nonsense", **self.shop), cloudflare.NotFoundError, 10308),
            "versions.graph": (lambda: versions.graph("nonsense", **self.shop), cloudflare.NotFoundError, 10308),
        }  # fmt: skip

    @property
    def shop(self) -> Mapping[str, str]:
        return {"account_id": self.account.id, "workflow_name": "shop"}

    def same(self, found: Any, wanted: Any) -> None:
        assert found == wanted

    def update(self) -> None:
        made = self.workflows.update("py-made", account_id=self.account.id, class_name="A", script_name="order")
        assert (made.name, made.is_deleted, made.terminator_running) == ("py-made", 0, 0)

    def list(self) -> None:
        names = [row.name for row in self.workflows.list(account_id=self.account.id, per_page=1)]
        assert {"order", "shop", "py-made"} <= set(names)
        assert len(names) == len(set(names))

    def create(self) -> None:
        made = self.workflows.instances.create(
            "order", account_id=self.account.id, instance_id="py-1", params='{"total": 1}'
        )
        assert (made.id, made.status, made.trigger_source) == ("py-1", "queued", "api")

    def get(self) -> None:
        found = self.account.wait("order", "py-1", "waiting")
        assert [step.name for step in found.steps] == ["price it-1", "paid-1"]

    def list_instances(self) -> None:
        self.account.create("order", instance_id="py-2", params='{"total": 2}')
        ids = [one.id for one in self.workflows.instances.list("order", account_id=self.account.id, per_page=1)]
        assert {"py-1", "py-2"} <= set(ids)

    def bulk(self) -> None:
        made = list(self.workflows.instances.bulk("order", account_id=self.account.id, body=[{"instance_id": "py-b"}]))
        assert [one.id for one in made] == ["py-b"]

    def event(self) -> None:
        sent = self.workflows.instances.events.create("paid", **self.here, instance_id="py-1", body=None)
        assert sent.instance_id == "py-1"

    def step(self) -> None:
        step = self.workflows.instances.step("py-1", **self.here, name="paid-1", type="waitForEvent")
        assert (step.status, step.output) == ("complete", None)

    def edit(self) -> None:
        edit = self.workflows.instances.status.edit
        self.account.wait("order", "py-2", "waiting")
        assert edit("py-2", **self.here, status="pause").status == "paused"
        assert edit("py-2", **self.here, status="terminate").status == "terminated"

    def versions(self) -> None:
        found = list(self.workflows.versions.list("shop", account_id=self.account.id, per_page=1))
        assert found[0].has_dag
        self.version = found[0].id

    def graph(self) -> None:
        graph = self.workflows.versions.graph(self.version, **self.shop).graph
        assert graph is not None
        assert [node.type for node in graph.workflow.nodes][:4] == [
            "step_do", "step_do", "step_wait_for_event", "step_do",
        ]  # fmt: skip
        assert graph.workflow.class_name == "Order"


def test_every_operation_works_through_both_sdks_and_the_readme_says_so(prepared: Account) -> None:
    found = {"Python": through_python(prepared), "JavaScript": through_node(prepared)}
    for sdk, results in found.items():
        assert {operation: case for operation, case in results.items() if case != "yes"} == {}, sdk
        assert set(results) == set(OPERATIONS), sdk
    text = README.read_text()
    before, _, rest = text.partition(BEGIN)
    told = f"{before}{BEGIN}\n{table(found)}{END}{rest.partition(END)[2]}"
    if os.environ.get("CONFORMANCE") == "write":
        README.write_text(told)
    assert README.read_text() == told


def through_python(account: Account) -> dict[str, str]:
    """What became of each operation."""
    python = Python(account)
    for call in python.successes().values():
        call()
    results = {}
    for operation, (call, type, code) in python.refusals().items():
        with pytest.raises(type) as refused:
            call()
        assert [error.code for error in refused.value.errors] == [code], operation
        results[operation] = "yes"
    return results


def through_node(account: Account) -> dict[str, str]:
    """The same in one process of node."""
    told = {
        "BASE_URL": account.base_url,
        "TOKEN": account.tenant.key,
        "READER": account.tenant.reader,
        "ACCOUNT": account.id,
    }
    script = ROOT / "tests" / "dialects" / "cloudflare" / "sdk.mjs"
    done = subprocess.run(
        ["node", str(script)], env={**os.environ, **told}, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    results: dict[str, str] = {}
    for line in done.stdout.splitlines():
        case = json.loads(line)
        assert case["ok"], case
        results[case["operation"]] = "yes"
    return results


def table(found: Mapping[str, Mapping[str, str]]) -> str:
    """The conformance table in Markdown."""
    rows = [f"| operation | {' | '.join(found)} |", f"|---|{'---|' * len(found)}"]
    for operation in OPERATIONS:
        rows.append(f"| `{operation}` | {' | '.join(found[sdk].get(operation, 'no') for sdk in found)} |")
    return "\n".join(rows) + "\n"
