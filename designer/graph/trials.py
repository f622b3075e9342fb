"""How a flow is tried: its sample input and its cases, as the flow file carries them.

Pure values. They belong to a flow, not to its graph: a version does not hold them, and its hash does not count them.
What runs a case is the engine's sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from designer.graph.model import Json
from designer.graph.problems import PathProblem
from designer.graph.suggestions import quoted

MOST_CASES: Final = 200
MOST_ANSWERS: Final = 1_000
LONGEST_CASE_NAME: Final = 200
CASE_KEYS: Final = ("name", "input", "answers", "expect")
EXPECT_KEYS: Final = ("status", "path", "output")
ANSWER_KEYS: Final = ("output", "response", "branch", "error", "times_out", "skip")
"""What an answer may be. Exactly one of them: what the task answers, the HTTP response it gets, the branch a person
chooses, how it fails, that nobody answers in time, that a person skips it.
"""
END_STATUSES: Final = ("complete", "errored", "terminated")
ROLLBACK_PREFIX: Final = "rollback:"
"""What sets the answers of a task's compensation apart from its own."""


@dataclass(frozen=True, slots=True)
class Case:
    """A run that is expected to go as it did: the flow's test.

    `answers`: by task key (or `rollback:KEY`) one answer, or a list that is used up attempt by attempt, the last again
    and again. `expect` holds `status`, `path` (keys of the tasks that began, in that order) and `output`; what is not
    in it is not looked at.
    """

    name: str
    input: Json = None
    answers: Mapping[str, Json] = field(default_factory=dict)
    expect: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trials:
    """All that a flow is tried with. `sample_input`: what a try starts with; None for nothing."""

    sample_input: Json = None
    cases: tuple[Case, ...] = ()
    cases_must_pass: bool = False
    """Whether publishing is refused while a case fails."""

    def __bool__(self) -> bool:
        return self.sample_input is not None or bool(self.cases) or self.cases_must_pass


def encode_case(case: Case) -> dict[str, Json]:
    """A case as the flow file has it: what says nothing is left out."""
    document: dict[str, Json] = {"name": case.name}
    for name, value in (("input", case.input), ("answers", case.answers), ("expect", case.expect)):
        if value not in (None, {}):
            document[name] = dict(value) if isinstance(value, Mapping) else value
    return document


def encode_trials(trials: Trials | None) -> dict[str, Json]:
    """The keys of the flow file that are about trying it."""
    document: dict[str, Json] = {}
    if trials is None:
        return document
    if trials.sample_input is not None:
        document["sample_input"] = trials.sample_input
    if trials.cases:
        document["cases"] = [encode_case(case) for case in trials.cases]
    if trials.cases_must_pass:
        document["cases_must_pass"] = True
    return document


TRIAL_KEYS: Final = ("sample_input", "cases", "cases_must_pass")


def decode_trials(document: Mapping[str, Json], problems: list[PathProblem]) -> Trials | None:
    """What a flow file says about trying it; None where it says nothing. Adds what is wrong to `problems`."""
    if not any(key in document for key in TRIAL_KEYS):
        return None
    must_pass = document.get("cases_must_pass", False)
    if not isinstance(must_pass, bool):
        problems.append(PathProblem("cases_must_pass", "Write true or false."))
    return Trials(
        sample_input=document.get("sample_input"),
        cases=decode_cases(document.get("cases", ()), problems),
        cases_must_pass=must_pass is True,
    )


def decode_cases(raw: Json, problems: list[PathProblem], path: str = "cases") -> tuple[Case, ...]:
    """A list of cases, each under a name of its own."""
    if not isinstance(raw, (list, tuple)):
        problems.append(PathProblem(path, "Cases are a list."))
        return ()
    if len(raw) > MOST_CASES:
        problems.append(PathProblem(path, f"A flow has at most {MOST_CASES} cases."))
        return ()
    found: dict[str, Case] = {}
    for number, entry in enumerate(raw):
        case = decode_case(entry, problems, f"{path}[{number}]")
        if case is None:
            continue
        if case.name in found:
            problems.append(PathProblem(f"{path}[{number}].name", f"There are two cases {quoted(case.name)}."))
        found[case.name] = case
    return tuple(found.values())


def decode_case(raw: Json, problems: list[PathProblem], path: str = "case") -> Case | None:
    """One case. Adds what is wrong to `problems`; None where there is none at all."""
    if not isinstance(raw, Mapping):
        problems.append(PathProblem(path, "A case is an object with name, input, answers and expect."))
        return None
    problems.extend(_unknown(raw, CASE_KEYS, path))
    name = raw.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_CASE_NAME or "\0" in name:
        problems.append(PathProblem(f"{path}.name", f"Give a name of 1 to {LONGEST_CASE_NAME} characters."))
        name = ""
    answers, expect = raw.get("answers") or {}, raw.get("expect") or {}
    problems.extend(answer_problems(answers, f"{path}.answers"))
    problems.extend(_expect_problems(expect, f"{path}.expect"))
    return Case(
        name=name.strip(),
        input=raw.get("input"),
        answers=dict(answers) if isinstance(answers, Mapping) else {},
        expect=dict(expect) if isinstance(expect, Mapping) else {},
    )


def answer_problems(raw: Json, path: str = "answers") -> Iterator[PathProblem]:
    """What is wrong with the answers of a try or a case."""
    if not isinstance(raw, Mapping):
        yield PathProblem(path, "Answers are an object: by task, an answer or a list of answers.")
        return
    if len(raw) > MOST_ANSWERS:
        yield PathProblem(path, f"At most {MOST_ANSWERS} tasks can be answered.")
        return
    for task, given in raw.items():
        each = given if isinstance(given, (list, tuple)) else (given,)
        if not each or len(each) > MOST_ANSWERS:
            yield PathProblem(f"{path}.{task}", f"Give an answer, or a list of 1 to {MOST_ANSWERS}.")
            continue
        for number, answer in enumerate(each):
            place = f"{path}.{task}[{number}]" if isinstance(given, (list, tuple)) else f"{path}.{task}"
            yield from _answer_problems(answer, place)


def _answer_problems(answer: Json, path: str) -> Iterator[PathProblem]:
    if not isinstance(answer, Mapping) or len(answer) != 1 or next(iter(answer)) not in ANSWER_KEYS:
        yield PathProblem(path, f"An answer is an object with one of {', '.join(ANSWER_KEYS)}.")
        return
    kind, value = next(iter(answer.items()))
    if kind in ("times_out", "skip") and value is not True:
        yield PathProblem(f"{path}.{kind}", "Write true.")
    elif kind == "branch" and not isinstance(value, str):
        yield PathProblem(f"{path}.branch", "Name a branch of the decision.")
    elif kind == "error" and not (isinstance(value, Mapping) and isinstance(value.get("message"), str)):
        yield PathProblem(f"{path}.error", "An error is an object with message, and perhaps name and retryable.")
    elif kind == "response" and not _is_response(value):
        yield PathProblem(f"{path}.response", "A response has a status from 100 to 599, and perhaps headers and body.")


def _is_response(value: Json) -> bool:
    if not isinstance(value, Mapping) or not set(value) <= {"status", "headers", "body"}:
        return False
    status, headers = value.get("status", 200), value.get("headers", {})
    is_status = isinstance(status, int) and not isinstance(status, bool) and 100 <= status <= 599
    return is_status and isinstance(headers, Mapping)


def _expect_problems(raw: Json, path: str) -> Iterator[PathProblem]:
    if not isinstance(raw, Mapping):
        yield PathProblem(path, "What is expected is an object with status, path and output.")
        return
    yield from _unknown(raw, EXPECT_KEYS, path)
    if "status" in raw and raw["status"] not in END_STATUSES:
        yield PathProblem(f"{path}.status", f"Write one of {', '.join(END_STATUSES)}.")
    way = raw.get("path", [])
    if not isinstance(way, (list, tuple)) or not all(isinstance(key, str) for key in way):
        yield PathProblem(f"{path}.path", "The path is a list of task keys.")


def _unknown(raw: Mapping[str, Json], known: tuple[str, ...], path: str) -> Iterator[PathProblem]:
    for key in raw:
        if key not in known:
            yield PathProblem(f"{path}.{str(key)[:64]}", f"Not known here; there are {', '.join(known)}.")


def trials_schema() -> dict[str, Json]:
    """The same as JSON Schema: the properties of the flow file that are about trying it."""
    answer = {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "properties": _ANSWER,
        "additionalProperties": False,
    }
    expect = {
        "type": "object",
        "properties": {
            "status": {"enum": list(END_STATUSES)},
            "path": {"type": "array", "items": {"type": "string"}, "description": "Tasks that began, in that order."},
            "output": {"description": "Of the instance."},
        },
        "additionalProperties": False,
    }
    case = {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": LONGEST_CASE_NAME},
            "input": {},
            "answers": {
                "type": "object",
                "description": "By task key, or rollback:KEY. A list is used up attempt by attempt.",
                "maxProperties": MOST_ANSWERS,
                "additionalProperties": {
                    "oneOf": [answer, {"type": "array", "minItems": 1, "maxItems": MOST_ANSWERS, "items": answer}]
                },
            },
            "expect": expect,
        },
        "additionalProperties": False,
    }
    return {
        "sample_input": {"description": "What a try starts with."},
        "cases": {"type": "array", "maxItems": MOST_CASES, "items": case},
        "cases_must_pass": {"type": "boolean", "default": False},
    }


_ANSWER: Final[dict[str, Json]] = {
    "output": {"description": "What the task answers."},
    "response": {
        "type": "object",
        "description": "What an HTTP request is answered.",
        "properties": {
            "status": {"type": "integer", "minimum": 100, "maximum": 599},
            "headers": {"type": "object"},
            "body": {},
        },
        "additionalProperties": False,
    },
    "branch": {"type": "string", "description": "Which branch a person chooses."},
    "error": {
        "type": "object",
        "description": "How the attempt fails.",
        "required": ["message"],
        "properties": {
            "name": {"type": "string"},
            "message": {"type": "string"},
            "retryable": {"type": "boolean"},
        },
    },
    "times_out": {"const": True, "description": "Nobody answers in time."},
    "skip": {"const": True, "description": "A person skips it."},
}
