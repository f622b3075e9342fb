"""Trying drafts in the sandbox, and the cases that are their tests. Nothing here starts an instance."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from designer.graph.problems import PathProblem
from designer.graph.trials import Trials, decode_case, decode_trials, encode_case
from designer.models import Flow
from designer.services.drafting import draft_of
from designer.services.publishing import flow_keys, refuse_problems
from designer.trying.cases import keep_case, replace_cases
from designer.trying.services import CaseNameTaken, TooManyCases, trials_of
from dialects.native import openapi
from dialects.native.base import REFERENCE, NativeView
from dialects.native.finding import find_flow
from dialects.native.trying_schemas import CASE, CASES, TRY
from dialects.shared.bodies import read_object
from dialects.shared.problems import Problem, invalid
from engine.sandbox.cases import run_cases
from engine.sandbox.running import try_flow


class Try(NativeView):
    """`/flows/{key}/try`"""

    needs = {"POST": ApiScope.FLOWS_READ}

    @openapi.operation("Flows", "Try the draft", takes="Try", answers={200: "Tried"}, refuses=(400, 404, 413, 415, 422))
    def post(self, request: Request, key: str) -> Response:
        """Runs it in the sandbox: nothing leaves, nothing is stored. 422 with the problems that are in the way."""
        row = find_flow(self.scope, key)
        body = read_object(request, TRY)
        draft = draft_of(row)
        refuse_problems(draft, flows=flow_keys(row.environment_id))
        return Response(try_flow(draft, body.get("input"), body.get("answers")).to_json())


class Cases(NativeView):
    """`/flows/{key}/cases`"""

    needs = {"GET": ApiScope.FLOWS_READ, "PUT": ApiScope.FLOWS_WRITE, "POST": ApiScope.FLOWS_WRITE}

    @openapi.operation("Flows", "Read the cases of a flow", answers={200: "Cases"}, refuses=(404,))
    def get(self, request: Request, key: str) -> Response:
        """The sample input and the cases, as in the flow file."""
        return Response(cases_json(find_flow(self.scope, key)))

    @openapi.operation(
        "Flows",
        "Replace the cases of a flow",
        takes="Cases",
        answers={200: "Cases"},
        refuses=(400, 404, 413, 415, 422),
    )
    def put(self, request: Request, key: str) -> Response:
        """What is left out is forgotten. The draft and its revision stay as they are."""
        row = find_flow(self.scope, key)
        body = read_object(request, CASES)
        problems: list[PathProblem] = []
        trials = decode_trials(body, problems)
        refuse(problems)
        replace_cases(self.scope, row, trials or Trials())
        return Response(cases_json(row))

    @openapi.operation(
        "Flows", "Add a case", takes="Case", answers={201: "Case"}, refuses=(400, 404, 409, 413, 415, 422)
    )
    def post(self, request: Request, key: str) -> Response:
        """At the end. A name is given once in a flow."""
        row = find_flow(self.scope, key)
        problems: list[PathProblem] = []
        case = decode_case(read_object(request, CASE), problems)
        refuse(problems)
        if case is None:
            raise Problem(422, "Send a case.")
        try:
            keep_case(self.scope, row, case)
        except CaseNameTaken as taken:
            raise Problem(409, str(taken), type=f"{REFERENCE}key-taken") from taken
        except TooManyCases as full:
            raise Problem(422, str(full)) from full
        return Response(encode_case(case), status=201)


class RunCases(NativeView):
    """`/flows/{key}/cases/run`"""

    needs = {"POST": ApiScope.FLOWS_READ}

    @openapi.operation("Flows", "Run the cases of a flow", answers={200: "CaseResults"}, refuses=(404,))
    def post(self, request: Request, key: str) -> Response:
        """Against the draft: what differs from what each expects, and which edges none of them takes."""
        row = find_flow(self.scope, key)
        return Response(run_cases(draft_of(row), trials_of(row).cases).to_json())


def cases_json(row: Flow) -> dict[str, Any]:
    """What a flow is tried with."""
    trials = trials_of(row)
    return {
        "sample_input": trials.sample_input,
        "cases": [encode_case(case) for case in trials.cases],
        "cases_must_pass": trials.cases_must_pass,
    }


def refuse(problems: list[PathProblem]) -> None:
    """Raise Problem 422 for what is no case."""
    if problems:
        raise invalid([(problem.path, problem.message) for problem in problems])
