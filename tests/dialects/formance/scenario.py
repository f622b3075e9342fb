"""What both SDKs are asked for, operation by operation: the same steps, in each SDK's own way.

A step calls one operation of one version (`op`, `version`, `request` with the names of the TypeScript SDK), or walks a
list to its end (`pages`), or posts to Quadrille's own API (`post`). `$name.path` stands for a part of the answer saved
under that name. `expect` says what has to be at which path of the answer; `error` which typed error it has to be;
`until` a path that the call is repeated for.
"""

from __future__ import annotations

from typing import Any

Step = dict[str, Any]
UNKNOWN = "00000000-0000-4000-8000-000000000000"
COMMON = (
    *("list_workflows", "create_workflow", "get_workflow", "delete_workflow", "run_workflow"),
    *("list_instances", "get_instance", "send_event", "cancel_event"),
    *("get_instance_history", "get_instance_stage_history"),
    *("list_triggers", "create_trigger", "read_trigger", "delete_trigger", "list_triggers_occurrences"),
)
OPERATIONS = {
    1: ("get_server_info_orchestration", *COMMON),
    2: ("get_server_info", *COMMON, "test_trigger"),
}
WITHOUT_TYPED_ERROR = {
    (1, "get_server_info_orchestration"),
    (2, "get_server_info"),
    (1, "list_workflows"),
    (1, "list_instances"),
    (1, "list_triggers"),
}
"""Operations that nothing a client can send makes fail with a body: no id, no body, no cursor."""


def account(id: str, **more: Any) -> dict[str, Any]:
    """One side of a send."""
    return {"account": {"id": id, **more}}


def send(source: Any, destination: Any, amount: Any = None, **more: Any) -> dict[str, Any]:
    """A send stage."""
    money = {} if amount is None else {"amount": {"amount": amount, "asset": "EUR/2"}}
    return {"send": {"source": source, "destination": destination, **money, **more}}


def steps(version: int) -> list[Step]:
    """All steps of one version, in their order."""
    made: list[Step] = []

    def call(name: str, op: str, request: Any = None, **more: Any) -> None:
        made.append({"name": f"v{version} {name}", "op": op, "version": version, "request": request, **more})

    v = f"v{version}_"
    info = "get_server_info_orchestration" if version == 1 else "get_server_info"
    call("server info", info, expect={"version": "quadrille-0.1.0"})

    # -- workflows
    stages = [
        send(account("world"), account("customers:${customer}"), "${cents}", metadata={"for": "${customer}"}),
        {"update": {"account": {"id": "customers:${customer}", "ledger": "default", "metadata": {"tier": "gold"}}}},
        {"noop": {}},
        {"wait_event": {"event": "goods.delivered"}},
        {"delay": {"duration": "${pause}"}},
    ]
    call(
        "a workflow is made",
        "create_workflow",
        {"name": f"settle v{version}", "stages": stages},
        save=f"{v}workflow",
        expect={"data.config.name": f"settle v{version}", "data.config.stages": stages},
    )
    bad = {"stages": [{"teleport": {}}]}
    call("a bad stage is refused", "create_workflow", bad, error="VALIDATION")
    by_id = {"flowId": f"${v}workflow.data.id"}
    call("a workflow is shown", "get_workflow", by_id, expect={"data.config.stages": stages})
    call("an unknown workflow is not found", "get_workflow", {"flowId": UNKNOWN}, error="NOT_FOUND")
    for number in range(3):
        call(
            f"workflow {number} for the pages", "create_workflow", {"name": f"page {number}", "stages": [{"noop": {}}]}
        )
    if version == 1:
        call("workflows are listed", "list_workflows", expect={"data.#": 4})
    else:
        made.append({"name": f"v{version} workflows are walked", "version": 2, "pages": "list_workflows", "least": 8})
        call("a bad cursor is refused", "list_workflows", {"cursor": "bogus"}, error="VALIDATION")

    # -- instances
    variables = {"customer": f"ada{version}", "cents": "12900", "pause": "0s"}
    run = {"workflowID": f"${v}workflow.data.id", "requestBody": variables, "wait": False}
    call("a workflow is run", "run_workflow", run, save=f"{v}run", expect={"data.terminated": False})
    call("an unknown workflow is not run", "run_workflow", {"workflowID": UNKNOWN}, error="NOT_FOUND")
    instance = {"instanceID": f"${v}run.data.id"}
    shown = {"data.status.#": 4, "data.status.3.stage": 3, "data.workflow.config.name": f"settle v{version}"}
    call("an instance is shown", "get_instance", instance, expect=shown)
    call("an unknown instance is not found", "get_instance", {"instanceID": UNKNOWN}, error="NOT_FOUND")
    running = {"workflowID": f"${v}workflow.data.id", "running": True}
    if version == 1:
        call("instances are listed", "list_instances", running, expect={"data.#": 1})
    else:
        call("instances are listed", "list_instances", running, expect={"cursor.data.#": 1})
        call("a bad page size is refused", "list_instances", {"pageSize": -1}, error="VALIDATION")
        made.append({"name": f"v{version} instances are walked", "version": 2, "pages": "list_instances", "least": 2})
    event = {**instance, "requestBody": {"name": "something.else"}}
    call("another event is ignored", "send_event", event)
    call("an event is sent", "send_event", {**instance, "requestBody": {"name": "goods.delivered"}})
    nothing = {"instanceID": UNKNOWN, "requestBody": {"name": "x"}}
    call("no event reaches an unknown instance", "send_event", nothing, error="NOT_FOUND")
    call("the instance ends", "get_instance", instance, expect={"data.terminated": True, "data.status.#": 5})
    late = {**instance, "requestBody": {"name": "goods.delivered"}}
    call("an event to a finished instance is refused", "send_event", late, error="VALIDATION")
    names = ["RunSend", "RunUpdate", "RunNoop", "RunWaitEvent", "RunDelay"]
    history = {f"data.{number}.name": name for number, name in enumerate(names)}
    history |= {
        "data.0.input.amount.amount": 12900,
        "data.0.input.source.account.id": "world",
        "data.0.input.destination.account.throughAccount": "world",
        "data.0.input.metadata.for": f"ada{version}",
        "data.3.input.event": "goods.delivered",
    }
    call("its history is shown", "get_instance_history", instance, expect=history)
    call("no history of an unknown instance", "get_instance_history", {"instanceID": UNKNOWN}, error="NOT_FOUND")
    first = {**instance, "number": 0}
    output = "data.0.output.CreateTransaction.data" + (".0" if version == 2 else "")
    tx = {
        "data.0.name": "CreateTransaction",
        "data.0.attempt": 1,
        "data.0.input.CreateTransaction.ledger": "default",
        "data.0.input.CreateTransaction.data.postings.0.amount": 12900,
        f"{output}.postings.0.destination": f"customers:ada{version}",
        f"{output}.metadata.for": f"ada{version}",
    }
    call("the activities of a send are shown", "get_instance_stage_history", first, expect=tx)
    update = {"data.0.input.AddAccountMetadata.metadata.tier": "gold", "data.0.terminated": True}
    call("the activity of an update is shown", "get_instance_stage_history", {**instance, "number": 1}, expect=update)
    call("a wait has no activities", "get_instance_stage_history", {**instance, "number": 3}, expect={"data.#": 0})
    call("no such stage", "get_instance_stage_history", {**instance, "number": 9}, error="NOT_FOUND")

    # -- failing, aborting
    poor = {"name": "poor", "stages": [send(account("nobody"), account("b"), 5)]}
    call("a workflow without funds is made", "create_workflow", poor, save=f"{v}poor")
    call("it is run", "run_workflow", {"workflowID": f"${v}poor.data.id"}, save=f"{v}stuck")
    stuck = {"instanceID": f"${v}stuck.data.id"}
    pending = {"data.0.terminated": False, "data.0.nextExecution": ..., "data.0.lastFailure": ...}
    call("it is tried again", "get_instance_stage_history", {**stuck, "number": 0}, expect=pending)
    call("it is aborted", "cancel_event", stuck)
    call(
        "it was cancelled", "get_instance", stuck, expect={"data.error": "canceled", "data.status.0.error": "canceled"}
    )
    call("an unknown instance is not aborted", "cancel_event", {"instanceID": UNKNOWN}, error="NOT_FOUND")
    wrong = {"name": "wrong", "stages": [send({"wallet": {"name": "nobody"}}, account("b"), 5)]}
    call("a workflow that fails is made", "create_workflow", wrong, save=f"{v}wrong")
    failing = {"workflowID": f"${v}wrong.data.id", "wait": True}
    call("it fails", "run_workflow", failing, save=f"{v}failed", expect={"data.error": "wallet not found"})
    made_by = {"instanceID": f"${v}failed.data.id", "number": 0}
    looked = {"data.0.name": "ListWallets", "data.0.output.ListWallets.cursor.data.#": 0}
    call("what it looked for is shown", "get_instance_stage_history", made_by, expect=looked)

    # -- triggers
    trigger = {
        "event": f"SAVED_THING_{version}",
        "workflowID": f"${v}workflow.data.id",
        "name": f"settle on {version}",
        "version": "v2",
        "filter": 'event.type == "PAY-IN" && event.amount > 5000',
        "vars": {"cents": "event.amount", "customer": "event.who ?? 'ada'", "pause": "'1h'"},
    }
    same = {f"data.{key}": value for key, value in trigger.items() if not str(value).startswith("$")}
    call("a trigger is made", "create_trigger", trigger, save=f"{v}trigger", expect=same)
    no_event = {"event": "", "workflowID": f"${v}workflow.data.id"}
    call("a trigger without an event is refused", "create_trigger", no_event, error="VALIDATION")
    nowhere = {"event": "X", "workflowID": UNKNOWN}
    call("a trigger of no workflow is refused", "create_trigger", nowhere, error="NOT_FOUND")
    one = {"triggerID": f"${v}trigger.data.id"}
    call("a trigger is shown", "read_trigger", one, expect=same)
    call("an unknown trigger is not found", "read_trigger", {"triggerID": UNKNOWN}, error="NOT_FOUND")
    called = {"name": f"SETTLE ON {version}"}
    if version == 1:
        call("triggers are listed", "list_triggers", called, expect={"data.#": 1})
    else:
        call("triggers are listed", "list_triggers", called, expect={"cursor.data.#": 1})
        call("a bad cursor of triggers", "list_triggers", {"cursor": "bogus"}, error="VALIDATION")
        tried = {
            "data.filter.match": True,
            "data.variables.cents.value": "12900",
            "data.variables.customer.value": "ada",
        }
        body = {**one, "requestBody": {"type": "PAY-IN", "amount": 12900}}
        call("a trigger is tried", "test_trigger", body, expect=tried)
        call(
            "an unknown one is not tried", "test_trigger", {"triggerID": UNKNOWN, "requestBody": {}}, error="NOT_FOUND"
        )
    message = {"type": f"SAVED_THING_{version}", "version": "v2", "payload": {"type": "PAY-IN", "amount": 7000}}
    made.append({"name": f"v{version} a message is sent", "post": "/api/v1/events", "body": message})
    rows = "data" if version == 1 else "cursor.data"
    fired = {f"{rows}.#": 1, f"{rows}.0.event.payload.amount": 7000, f"{rows}.0.workflowInstance.terminated": False}
    call("an occurrence is listed", "list_triggers_occurrences", one, until=f"{rows}.0", expect=fired)
    call("no occurrences of an unknown one", "list_triggers_occurrences", {"triggerID": UNKNOWN}, error="NOT_FOUND")
    call("a trigger is deleted", "delete_trigger", one)
    call("an unknown trigger is not deleted", "delete_trigger", {"triggerID": UNKNOWN}, error="NOT_FOUND")

    # -- the end
    call("a workflow is deleted", "delete_workflow", by_id)
    call("an id that is none is refused", "delete_workflow", {"flowId": "x"}, error="VALIDATION")
    call("a deleted workflow is not run", "run_workflow", run, error="NOT_FOUND")
    return made


ALL = [*steps(1), *steps(2)]
