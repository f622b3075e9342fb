"""What a program is given: the event that started it, and `step`.

    class Order(WorkflowEntrypoint):
        async def run(self, event, step):
            @step.do("charge card", config={"retries": {"limit": 3, "delay": "2 seconds"}})
            async def charge():
                return await pay(event["payload"]["order"])

            receipt = await charge()
            await step.sleep("cool down", "1 hour")
            approval = await step.wait_for_event("approval", "approved", timeout="3 days")

`step.do` also takes the function at once: `await step.do("charge card", charge)`. A step begins when it is called; to
run steps side by side, gather them.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

from designer.graph.model import Json
from engine.core.added import DO, SLEEP, WAIT
from engine.scripts.config import BadConfig, StepConfig, check_event_type, check_name, resolve
from engine.scripts.durations import duration_text, milliseconds
from engine.scripts.workers import WorkflowFatalError

DEFAULT_WAIT = "24 hours"
POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
CONTEXT_NAMES = ("ctx", "context")
Callback = Callable[..., Any]


class Event(Mapping[str, Any]):
    """What an instance was started with: `payload`, `timestamp`, `instance_id`, `workflow_name`; as keys and as
    attributes.
    """

    def __init__(self, payload: Json, timestamp: datetime, instance_id: str, workflow_name: str) -> None:
        self.payload = payload
        self.timestamp = timestamp
        self.instance_id = instance_id
        self.workflow_name = workflow_name
        self._keys = {
            "payload": payload,
            "timestamp": timestamp,
            "instanceId": instance_id,
            "instance_id": instance_id,
            "workflowName": workflow_name,
            "workflow_name": workflow_name,
        }

    def __getitem__(self, key: str) -> Any:
        return self._keys[key]

    def __iter__(self) -> Any:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


@dataclass(slots=True)
class Request:
    """A step that the program has asked for. `after`: how many outcomes it had seen then."""

    kind: str
    name: str
    count: int
    after: int
    future: asyncio.Future[Any]
    settings: Mapping[str, Json] = field(default_factory=dict)
    callback: Callback | None = None
    inputs: tuple[Any, ...] = ()
    config: StepConfig | None = None
    rollback: Callback | None = None
    rollback_config: StepConfig | None = None


class Steps:
    """`step`, as a program sees it. Calls are noted in their order. `fatal`: what ends the run, caught or not."""

    def __init__(self, loop: asyncio.AbstractEventLoop, most_steps: int) -> None:
        self._loop = loop
        self._most_steps = most_steps
        self._counts: Counter[tuple[str, str]] = Counter()
        self._done = 0
        self.requests: list[Request] = []
        self.seen = 0
        self.is_open = True
        self.fatal: WorkflowFatalError | None = None

    def do(
        self,
        name: str | Callback | None = None,
        callback: Callback | Mapping[str, Any] | None = None,
        config: Mapping[str, Any] | Callback | None = None,
        *,
        depends: Sequence[Any] = (),
        concurrent: bool = False,
        rollback: Callback | None = None,
        rollback_config: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run a function as a step: at once when it is given, else as a decorator. Answers what the function answers.

        The function may take the step's context, after the results of the steps it `depends` on.
        """
        if callable(config):  # do(name, config, callback), as in JavaScript
            callback, config = config, callback
        if isinstance(callback, Mapping):
            callback, config = None, callback
        if callable(name):
            return self.do()(name)

        def decorate(function: Callback) -> Step:
            called = str(name) if name is not None else getattr(function, "__name__", "step")
            return Step(
                self,
                check_name(called),
                function,
                resolve(config, called),
                tuple(depends or ()),
                bool(concurrent),
                rollback,
                resolve(rollback_config, called) if rollback is not None else None,
            )

        return decorate if callback is None else decorate(callback)()

    def sleep(self, name: str, duration: Any) -> Awaitable[None]:
        """Sleep for a duration: milliseconds, a text such as `"10 seconds"`, or a timedelta."""
        try:
            ms = milliseconds(duration, least=0)
        except ValueError as bad:
            raise BadConfig(f"The duration of {name!r} {bad}.") from bad
        return self._ask(SLEEP, check_name(name), {"ms": ms}).future

    def sleep_until(self, name: str, timestamp: Any) -> Awaitable[None]:
        """Sleep until a moment: a datetime (UTC without a zone), milliseconds since 1970, or ISO 8601."""
        return self._ask(SLEEP, check_name(name), {"until": _moment(timestamp).isoformat()}).future

    def wait_for_event(
        self, name: str, event_type: Any = None, timeout: Any = None, *, type: str | None = None
    ) -> Awaitable[Mapping[str, Any]]:
        """Wait for an event; answers `{payload, timestamp, type}`. After the timeout: `WorkflowTimeoutError`."""
        if isinstance(event_type, Mapping):  # wait_for_event(name, {"type": …, "timeout": …}), as in JavaScript
            timeout = event_type.get("timeout", timeout)
            event_type = event_type.get("type", event_type.get("event_type"))
        given = DEFAULT_WAIT if timeout is None else timeout
        try:
            ms = milliseconds(given)
        except ValueError as bad:
            raise BadConfig(f"The timeout of {name!r} {bad}.") from bad
        settings = {
            "event_type": check_event_type(event_type if event_type is not None else type),
            "ms": ms,
            "timeout": duration_text(ms),
        }
        return self._ask(WAIT, check_name(name), settings).future

    sleepUntil = sleep_until
    waitForEvent = wait_for_event

    def _ask(self, kind: str, name: str, settings: Mapping[str, Json], **more: Any) -> Request:
        if not self.is_open:
            raise RuntimeError("The program has been put away.")
        if asyncio._get_running_loop() is not self._loop:
            raise BadConfig("A step cannot be asked for inside of another step.")
        if kind == DO:
            self._done += 1
            if self._done > self._most_steps:
                message = (
                    f"The limit of {self._most_steps} steps has been reached. "
                    "This limit can be changed in your worker configuration."
                )
                self.fatal = WorkflowFatalError(message)
                raise self.fatal
        self._counts[kind, name] += 1
        request = Request(kind, name, self._counts[kind, name], self.seen, self._loop.create_future(), settings, **more)
        self.requests.append(request)
        return request


@dataclass(slots=True)
class Step:
    """A function made a step by `step.do`. Calling it begins the step."""

    steps: Steps
    name: str
    function: Callback
    config: StepConfig
    depends: tuple[Any, ...]
    concurrent: bool
    rollback: Callback | None
    rollback_config: StepConfig | None
    latest: asyncio.Future[Any] | None = None

    def __call__(self) -> asyncio.Future[Any]:
        """Begin the step; await it for its result. With `depends`, once those have ended."""
        if self.depends:
            self.latest = asyncio.get_running_loop().create_task(self._after_others())
        else:
            self.latest = self._begin(())
        return self.latest

    async def _after_others(self) -> Any:
        begun = [other.latest or other() for other in self.depends] if self.concurrent else []
        results = [await future for future in begun]
        if not self.concurrent:
            results = [await (other.latest or other()) for other in self.depends]
        return await self._begin(tuple(results))

    def _begin(self, inputs: tuple[Any, ...]) -> asyncio.Future[Any]:
        settings = dict(self.config.settings)
        if self.rollback is not None and self.rollback_config is not None:
            settings["compensation"] = {**self.rollback_config.settings}
        request = self.steps._ask(
            DO,
            self.name,
            settings,
            callback=self.function,
            inputs=inputs,
            config=self.config,
            rollback=self.rollback,
            rollback_config=self.rollback_config,
        )
        return request.future


@dataclass(frozen=True, slots=True)
class Named:
    """What a step is called."""

    name: str
    count: int


class Context(Mapping[str, Any]):
    """What a step's function may know: `attempt` (from 1), `step.name`, `step.count`, `config`."""

    def __init__(self, attempt: int, name: str, count: int, config: Mapping[str, Json]) -> None:
        self.attempt = attempt
        self.step = Named(name, count)
        self.config = {**config, "retries": {**config["retries"]}}
        self._keys = {"attempt": attempt, "step": {"name": name, "count": count}, "config": self.config}

    def __getitem__(self, key: str) -> Any:
        return self._keys[key]

    def __iter__(self) -> Any:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def fitting(function: Callback, arguments: Sequence[Any], *, results: Sequence[Any] = ()) -> tuple[Any, ...]:
    """As many of the results as the function takes, and of the arguments behind them those that it asks for: by a
    parameter without a default, or by one called `ctx` or `context`. So `lambda n=n: …`, made in a loop, keeps its n.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return (*results, *arguments)
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return (*results, *arguments)
    positional = [parameter for parameter in parameters if parameter.kind in POSITIONAL]
    taken = tuple(results)[: len(positional)]
    asked = takewhile(_asks, positional[len(taken) :])
    return (*taken, *(argument for _, argument in zip(asked, arguments, strict=False)))


def _asks(parameter: inspect.Parameter) -> bool:
    return parameter.default is parameter.empty or parameter.name in CONTEXT_NAMES


def _moment(value: Any) -> datetime:
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = datetime.fromtimestamp(value / 1000, UTC)
    except (ValueError, OverflowError, OSError) as bad:
        raise BadConfig(f"{str(value)[:60]!r} is no moment.") from bad
    if not isinstance(value, datetime):
        raise BadConfig(f"{str(value)[:60]!r} is no moment.")
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
