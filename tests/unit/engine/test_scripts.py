"""Scripts: what they make, what they may name, and that none takes long or grows without end."""

from __future__ import annotations

import time
from typing import Any

import pytest

from engine.actions import ACTIONS
from engine.actions.action import ActionFailed, ActionRequest
from engine.core.scripts import ScriptFailed, run_script

ORDER: dict[str, Any] = {
    "id": "A-7",
    "lines": [{"sku": "b", "price": 2, "count": 3}, {"sku": "a", "price": 1.5, "count": 2}],
    "note": None,
    "paid": True,
}


@pytest.mark.parametrize(
    ("script", "value"),
    [
        ("order.id", "A-7"),
        ("order", ORDER),
        ("order.lines.map(l, l.price * l.count).sum()", 9.0),
        ('{"n": size(order.lines), "skus": order.lines.map(l, l.sku).sorted().join("+")}', {"n": 2, "skus": "a+b"}),
        ("order.lines.filter(l, l.price > 1.75)", [ORDER["lines"][0]]),
        ('order.paid ? "yes" : "no"', "yes"),
        ("has(order.missing) ? order.missing : null", None),
        ("max(order.lines.map(l, l.count)) - [4, 2].min()", 1),
        ("round(2.345, 2)", 2.35),
        ("(7.5).round()", 8),
        ('"a, b".split(",").map(p, p.trim().upper())', ["A", "B"]),
        ('{"b": 1, "a": 2}.keys().sorted()', ["a", "b"]),
        ("values({'a': 1})", [1]),
        ('order.id + "-" + string(size(order.lines))', "A-7-2"),
        ('duration("90s")', "90s"),
        ('timestamp("2030-01-01T00:00:00Z")', "2030-01-01T00:00:00Z"),
        ('"Zoë".matches("^Z.ë$")', True),
        ("1 == 1.0", True),
        ("[1, true, null, 'x', [2]]", [1, True, None, "x", [2]]),
    ],
)
def test_a_script_makes_a_value(script: str, value: Any) -> None:
    made = run_script(script, {"order": ORDER})
    assert made == value
    assert type(made) is type(value)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("", "Write an expression"),
        ("order.", "This is no expression"),
        ("ordr.id", 'Did you mean "order"?'),
        ("input.x", "A script sees its arguments"),
        ("__import__('os')", "undeclared reference to '__import__'"),
        ("order.missing", "no such member"),
        ("order.id + 1", "do not go together"),
        ("1 / 0", "divide by zero"),
        ("[].sum()", "a list that is not empty"),
        ("order.keys().join(1, 2, 3)", "cannot be applied"),
        ("1.0 / 0.0", "not finite"),
        ("b'abc'", "neither a number"),
        ("type(1)", "neither a number"),
        ("x" * 5000, "At most 4,000 characters"),
    ],
)
def test_a_script_that_has_no_value_says_why(script: str, reason: str) -> None:
    with pytest.raises(ScriptFailed) as failed:
        run_script(script, {"order": ORDER})
    assert reason in str(failed.value)


@pytest.mark.parametrize(
    ("script", "argument"),
    [
        ("x.map(a, x.map(b, x.map(c, c)))", list(range(30))),
        ("x.map(a, a)", list(range(5000))),
        ("x.map(a, x.map(b, a * b))", list(range(100))),
        ("(x + x + x).map(a, a)", list(range(150))),
        (" + ".join(["x"] * 500), "y" * 200_000),
        ("x", "y" * 300_000),
        ("[x, x, x, x, x, x]", "y" * 200_000),
        ("x.map(a, x)", ["y" * 900] * 200),
        ('x.split("y")', "y" * 5000),
        ('"a".matches(x)', "(a+)+$" * 20_000),
    ],
)
def test_a_script_neither_takes_long_nor_grows_without_end(script: str, argument: Any) -> None:
    started = time.monotonic()
    with pytest.raises(ScriptFailed):
        run_script(script, {"x": argument})
    assert time.monotonic() - started < 10


def test_the_action_answers_the_value_or_a_final_error() -> None:
    action = ACTIONS["run_script"]

    def run(**inputs: Any) -> Any:
        return action.run(ActionRequest(inputs=inputs, idempotency_key="k", timeout_seconds=5)).output

    assert run(script="a + b", arguments={"a": 1, "b": 2}) == 3
    assert run(script="1 + 2") == 3
    for inputs, name in (({"script": "c"}, "ScriptFailed"), ({"script": "1", "arguments": [1]}, "WrongInputs")):
        with pytest.raises(ActionFailed) as failed:
            run(**inputs)
        assert (failed.value.name, failed.value.is_retryable) == (name, False)
