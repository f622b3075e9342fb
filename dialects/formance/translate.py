"""Stages into a drawn chain, and any flow back into stages. Pure.

| stage | kind of task |
|---|---|
| `send` | `transfer` |
| `delay` | `delay` |
| `wait_event` | `wait_event` that waits for ever |
| `update` | `account_update` |
| `noop` | `noop` |

A stage that may be created but can never run (`{"delay": {}}`) becomes an automation that raises the error the stage
would fail with. The workflow is kept word for word beside the flow (`Flow.extensions`), with a print of what it became:
as long as nobody has redrawn the flow, it is answered as it was sent. A flow drawn here has its tasks as stages, in
topological order; tasks of kinds this API does not know are stages under the name of their kind.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from designer.graph.codec import encode_flow
from designer.graph.durations import BadDuration, parse_duration
from designer.graph.kinds import KINDS
from designer.graph.model import TRIGGER, Edge, Flow, Json, Position, Task
from designer.graph.plan import Plan
from dialects.formance.durations import go_duration, our_duration, parse_go_duration
from dialects.formance.placeholders import to_placeholders, to_template
from dialects.formance.stages import PLACEHOLDER, STAGES, StageInvalid, check_stage, read_bigint, read_stage
from engine.ledger.resolving import Unresolved, resolve_transfer

NAME: Final = "formance"
LONGEST_NAME: Final = 200
MOST_STAGES: Final = 1_000
FOR_EVER: Final = 1_000_000_000
"""Repeats of an activity that is tried for ever."""
RETRIES: Final[Mapping[str, Json]] = {
    "limit": FOR_EVER,
    "delay": "1 second",
    "backoff": "exponential",
    "longest": "100 seconds",
}
ATTEMPT: Final = "60 seconds"
KIND_OF_STAGE: Final = {
    "send": "transfer",
    "delay": "delay",
    "wait_event": "wait_event",
    "update": "account_update",
    "noop": "noop",
}
STAGE_OF_KIND: Final = {kind: stage for stage, kind in KIND_OF_STAGE.items()}
_APART: Final = 140


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a flow: the task that runs it, its kind and its body as on the wire."""

    task: str
    kind: str
    body: Mapping[str, Json]


# -- from the wire ----------------------------------------------------------------------------------------------------


def flow_of_config(config: Mapping[str, Json], *, key: str, name: str) -> Flow:
    """The flow that runs a workflow. Raises `StageInvalid` for a stage that can never run."""
    tasks = [_task(number, stage) for number, stage in enumerate(config["stages"], start=1)]
    if not tasks:
        tasks = [Task("nothing", "Nothing to do", "noop", at=Position(0, _APART))]
    ends = [TRIGGER, *(task.key for task in tasks)]
    flow = Flow(
        key=key,
        name=name[:LONGEST_NAME],
        tasks={task.key: task for task in tasks},
        edges=tuple(Edge(source, target) for source, target in pairwise(ends)),
    )
    kept = {"config": json.dumps(config, ensure_ascii=False), "print": _print(flow)}
    return Flow(key=key, name=flow.name, tasks=flow.tasks, edges=flow.edges, extensions={NAME: kept})


def _task(number: int, stage: Json) -> Task:
    kind, body = check_stage(stage)
    read = read_stage(kind, body)
    if KIND_OF_STAGE[kind] not in KINDS:
        raise StageInvalid(f"unable to resolve schema {kind}")
    key, at = f"{kind.replace('_', '-')}-{number}", Position(0, number * _APART)
    task = Task(key, _name(kind, body), KIND_OF_STAGE[kind], settings=_settings(kind, body, read), at=at)
    problems = list(KINDS[task.kind].setting_problems(task))
    if not problems:
        return task
    message = _never(kind, read, task.settings) or problems[0].message
    return Task(
        key,
        task.name,
        "automation",
        settings={"action": "raise_error", "inputs": {"message": to_template(message)}},
        at=at,
        description="This stage can never succeed as it is written.",
    )


def _name(kind: str, body: Mapping[str, Json]) -> str:
    match kind:
        case "send":
            return "Send"
        case "delay":
            return "Delay"
        case "wait_event":
            event = body.get("event")
            return f"Wait for {event}"[:LONGEST_NAME] if isinstance(event, str) and event else "Wait for an event"
        case "update":
            return "Update account"
    return "Nothing"


def _settings(kind: str, body: Mapping[str, Json], read: Mapping[str, Json]) -> dict[str, Json]:
    given = _without_nulls(body)
    match kind:
        case "delay":
            return _delay(given)
        case "wait_event":
            return {"event_type": to_template(str(given.get("event", ""))), "forever": True}
        case "update":
            account = read.get("account") or {}
            return {
                "account": {key: _templated(entry) for key, entry in account.items() if key != "metadata"},
                "metadata": {key: to_template(entry) for key, entry in (account.get("metadata") or {}).items()},
                "retries": dict(RETRIES),
                "timeout": ATTEMPT,
            }
        case "send":
            return _transfer({**given, "metadata": body.get("metadata")})
    return {}


def _without_nulls(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {key: _without_nulls(entry) for key, entry in value.items() if entry is not None and entry != ""}
    return value


def _delay(body: Mapping[str, Json]) -> dict[str, Json]:
    settings: dict[str, Json] = {}
    if "duration" in body:
        text = str(body["duration"])
        is_fixed = PLACEHOLDER.search(text) is None
        settings["for"] = our_duration(parse_go_duration(text)) if is_fixed else to_template(text)
    if "until" in body:
        settings["until"] = to_template(str(body["until"]))
    return settings


_ACCOUNT_KEYS: Final = {
    "id": "id",
    "ledger": "ledger",
    "throughAccount": "through_account",
    "allowOverdraft": "allow_overdraft",
}
_WALLET_KEYS: Final = {"id": "id", "name": "name", "balance": "balance"}
SEND_KEYS: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    ("source", "account"): _ACCOUNT_KEYS,
    ("source", "wallet"): _WALLET_KEYS,
    ("source", "payment"): {**_ACCOUNT_KEYS, "holdingAccount": "holding_account"},
    ("destination", "account"): _ACCOUNT_KEYS,
    ("destination", "wallet"): _WALLET_KEYS,
    ("destination", "payment"): {
        "psp": "psp",
        "type": "type",
        "sourceAccount": "source_account",
        "metadata": "metadata_key",
        "waitingValidation": "waiting_validation",
        "connectorId": "connector",
        "connectorID": "connector",
    },
}
"""What our settings call the parts of a send."""
FLAGS: Final = ("allowOverdraft", "waitingValidation")


def _transfer(body: Mapping[str, Json]) -> dict[str, Json]:
    settings: dict[str, Json] = {}
    for side in ("source", "destination"):
        given = body.get(side) or {}
        settings[side] = {
            way: {
                ours: _templated(given[way][theirs], is_flag=theirs in FLAGS)
                for theirs, ours in SEND_KEYS[side, way].items()
                if theirs in given[way]
            }
            for way in ("account", "wallet", "payment")
            if isinstance(given.get(way), Mapping)
        }
    connector = body.get("connectorId", body.get("connectorID"))
    if connector is not None and "payment" in settings["destination"]:
        settings["destination"]["payment"].setdefault("connector", _templated(connector))
    amount = body.get("amount")
    if isinstance(amount, Mapping) and amount:
        settings["amount"] = {key: _amount(amount[key]) for key in ("amount", "asset") if key in amount}
    if body.get("metadata"):
        settings["metadata"] = {key: to_template(entry) for key, entry in body["metadata"].items()}
    if "timestamp" in body:
        settings["timestamp"] = to_template(str(body["timestamp"]))
    return settings | {"retries": dict(RETRIES), "timeout": ATTEMPT}


def _templated(value: Json, *, is_flag: bool = False) -> Json:
    if is_flag:
        return value is True or str(value).lower() == "true"
    return to_template(value) if isinstance(value, str) else value


def _amount(value: Json) -> str:
    return to_template(value) if isinstance(value, str) else str(read_bigint(value))


def _never(kind: str, read: Mapping[str, Json], settings: Mapping[str, Json]) -> str:
    """Why a stage fails whatever the variables, where the vendor has words of its own for that."""
    if kind == "delay":
        return "exactly one of duration or until is required"
    if kind == "wait_event":
        return "event is required"
    if kind == "update":
        account = read.get("account")
        return "account is required" if account is None else "account.id and account.metadata are required"
    if kind == "send":
        try:
            resolve_transfer({key: settings.get(key) for key in ("source", "destination")})
        except Unresolved as bad:
            return str(bad)
        return "amount must be specified" if "amount" not in settings else ""
    return ""


# -- to the wire ------------------------------------------------------------------------------------------------------


def config_of(flow: Flow, plan: Plan) -> dict[str, Json]:
    """What a flow is as a workflow: as it was sent, or made of its tasks."""
    kept = _kept(flow)
    if kept is not None:
        return kept
    return {"name": flow.name, "stages": [{stage.kind: dict(stage.body)} for stage in stages_of(flow, plan)]}


def stages_of(flow: Flow, plan: Plan) -> tuple[Stage, ...]:
    """The stages of a flow, in their order."""
    kept = _kept(flow)
    if kept is not None:
        found = (check_stage(stage) for stage in kept["stages"])
        return tuple(Stage(key, kind, body) for key, (kind, body) in zip(flow.tasks, found, strict=False))
    return tuple(_stage(flow.tasks[key]) for key in in_topological_order(plan))


def _kept(flow: Flow) -> dict[str, Json] | None:
    extension = flow.extensions.get(NAME)
    if not isinstance(extension, Mapping) or extension.get("print") != _print(flow):
        return None
    config: dict[str, Json] = json.loads(extension["config"])
    return config


def _print(flow: Flow) -> str:
    """A print of what runs: tasks with their settings, and edges."""
    document = encode_flow(flow)
    tasks = [
        {"key": task["key"], "kind": task["kind"], "settings": task.get("settings", {})} for task in document["tasks"]
    ]
    text = json.dumps([tasks, document.get("edges", [])], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def in_topological_order(plan: Plan) -> Sequence[str]:
    """Keys of tasks: each after all that lead to it, else in the order of the flow. Ways back of loops do not count."""
    back = {loop.back_edge for loop in plan.loops} | set(plan.start_edges)
    waits = [0] * len(plan.nodes)
    for edge in plan.edges:
        waits[edge.target] += edge.index not in back
    ready = sorted(node.index for node in plan.nodes if waits[node.index] == 0)
    order: list[str] = []
    while ready:
        node = plan.nodes[ready.pop(0)]
        if node.task is not None:
            order.append(node.task.key)
        for number in node.outgoing:
            edge = plan.edges[number]
            if number not in back:
                waits[edge.target] -= 1
                if waits[edge.target] == 0:
                    ready = sorted([*ready, edge.target])
    return order


def _stage(task: Task) -> Stage:
    kind = STAGE_OF_KIND.get(task.kind, task.kind)
    return Stage(task.key, kind, body_of(task.kind, task.settings))


def body_of(kind: str, settings: Mapping[str, Json]) -> dict[str, Json]:
    """The settings of a task as the body of a stage."""
    match kind:
        case "delay":
            return _delay_body(settings)
        case "wait_event":
            return {"event": to_placeholders(str(settings.get("event_type", "")))}
        case "account_update":
            account = settings.get("account") or {}
            metadata = settings.get("metadata") or {}
            return {"account": {**_shown(account), "metadata": _shown(metadata)}}
        case "transfer":
            return send_body(settings)
        case "noop":
            return {}
    body = _shown(settings)
    return body if isinstance(body, dict) else {}


def _delay_body(settings: Mapping[str, Json]) -> dict[str, Json]:
    if "for" in settings:
        return {"duration": _go_text(str(settings["for"]))}
    return {key: to_placeholders(str(settings[key])) for key in ("until", "cron") if key in settings}


def _go_text(text: str) -> str:
    """A duration in Go's notation; one that holds a reference stays as it is. A day is 24 hours to the vendor."""
    try:
        length = parse_duration(text).as_timedelta()
    except BadDuration:
        return to_placeholders(text)
    return go_duration(round(length.total_seconds() * 1_000_000) * 1_000)


def send_body(settings: Mapping[str, Json]) -> dict[str, Json]:
    """A transfer, written or resolved, in the vendor's words. Amounts that are plain numbers become numbers."""
    body: dict[str, Json] = {}
    for side in ("source", "destination"):
        given = settings.get(side)
        if isinstance(given, Mapping):
            body[side] = {way: _renamed(side, way, given[way]) for way in given}
    amount = settings.get("amount")
    if isinstance(amount, Mapping):
        body["amount"] = {key: _number(amount[key]) if key == "amount" else _shown(amount[key]) for key in amount}
    if settings.get("metadata"):
        body["metadata"] = _shown(settings["metadata"])
    if settings.get("timestamp"):
        body["timestamp"] = _shown(settings["timestamp"])
    return body


def _renamed(side: str, way: str, given: Mapping[str, Json]) -> dict[str, Json]:
    names: dict[str, str] = {}
    for theirs, ours in SEND_KEYS.get((side, way), {}).items():
        names.setdefault(ours, theirs)
    return {names.get(key, key): _shown(entry) for key, entry in given.items()}


def _number(value: Json) -> Json:
    try:
        return read_bigint(value)
    except StageInvalid:
        return _shown(value)


def _shown(value: Json) -> Any:
    if isinstance(value, str):
        return to_placeholders(value)
    if isinstance(value, Mapping):
        return {key: _shown(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shown(entry) for entry in value]
    return value


__all__ = ["STAGES", "Stage", "config_of", "flow_of_config", "in_topological_order", "stages_of"]
