"""The doors of the editor's “Try it” panel: JSON in, `{html, …}` out. Nothing here starts an instance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET, require_POST

from accounts.clean_json import BadJson, clean_json
from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped
from designer import models
from designer.graph.checks import check_flow
from designer.graph.model import Json
from designer.graph.problems import PathProblem
from designer.graph.trials import LONGEST_CASE_NAME, answer_problems, decode_case
from designer.services.drafting import draft_of
from designer.services.publishing import flow_keys
from designer.trying.cases import Removed, keep_case, put_back, remove_case, require_cases
from designer.trying.services import CaseNameTaken, TooManyCases, cases_of, keep_sample
from engine.models import Instance
from engine.sandbox.cases import case_from
from engine.sandbox.recorded import recording_of
from engine.sandbox.running import try_flow
from engine.sandbox.trial import Trial
from engine.trying_page import CasesPanel, TryingPanel

LARGEST_INPUT: Final = 1024 * 1024
MOST_POSITIONS: Final = 2**31 - 1


class Refused(ValueError):
    """What was sent cannot be tried. The text says why and how to mend it."""


@require_GET
@scoped(Role.VIEWER)
def panel(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """The panel before a try."""
    return render(request, "engine/trying/panel.html", {"panel": TryingPanel(scope, _flow(scope, flow))})


@require_POST
@scoped(Role.VIEWER)
def run(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """Try the draft: `{input, answers}`, the input as text. What a designer tries with is kept."""
    row = _flow(scope, flow)
    try:
        input, answers = _given(_body(request))
    except Refused as refused:
        return _refusal(str(refused))
    problems = _problems(row)
    if problems:
        shown = TryingPanel(scope, row, problems=problems)
        return JsonResponse({"html": _html("result", request, panel=shown), "frames": [], "looks": {}})
    if scope.allows(Role.DESIGNER):
        keep_sample(row, input, answers)
    shown = TryingPanel(scope, row, trial=try_flow(draft_of(row), input, answers), answers=answers)
    return JsonResponse(
        {"html": _html("result", request, panel=shown), "frames": shown.frames(), "looks": shown.looks()}
    )


@require_GET
@scoped(Role.VIEWER)
def recorded(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """What a past instance, `?instance=` its number, was started with and what its steps were answered."""
    row = _flow(scope, flow)
    number = request.GET.get("instance", "")
    if not number.isdecimal() or len(number) > 18:
        raise Http404("There is no such instance.")
    instance = get_object_or_404(Instance.objects.within(scope).filter(flow=row), pk=int(number))
    actions = {key: str(task.settings.get("action", "")) for key, task in draft_of(row).tasks.items()}
    recording = recording_of(instance, actions)
    known = {key: value for key, value in recording.answers.items() if key in draft_of(row).tasks}
    return JsonResponse({"input": recording.input, "answers": known})


@require_GET
@scoped(Role.VIEWER)
def cases(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """All cases, run."""
    return _cases(request, scope, _flow(scope, flow))


@require_POST
@scoped(Role.DESIGNER)
def keep(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """Keep a try as a case: `{name, input, answers, replaces?}`. It expects what a try comes to now."""
    row = _flow(scope, flow)
    try:
        body = _body(request)
        name = body.get("name")
        if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_CASE_NAME:
            raise Refused(f"Give the case a name of at most {LONGEST_CASE_NAME} characters.")
        input, answers = _given(body)
        trial = _trial_of(row, input, answers)
        case = case_from(name.strip(), input, answers, trial)
        keep_case(scope, row, case, replaces=body.get("replaces") is True)
    except (Refused, CaseNameTaken, TooManyCases) as refused:
        return _refusal(str(refused))
    return _cases(request, scope, row)


@require_POST
@scoped(Role.DESIGNER)
def update(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """Let a case, `{name}`, expect what it comes to now."""
    row = _flow(scope, flow)
    try:
        name = _body(request).get("name")
        found = next((case for case in cases_of(row) if case.name == name), None)
        if found is None:
            raise Refused("There is no such case any more.")
        trial = _trial_of(row, found.input, found.answers)
        keep_case(scope, row, case_from(found.name, found.input, found.answers, trial), replaces=True)
    except Refused as refused:
        return _refusal(str(refused))
    return _cases(request, scope, row)


@require_POST
@scoped(Role.DESIGNER)
def remove(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """Take a case, `{name}`, away. `removed` of the answer is what `restore` takes."""
    row = _flow(scope, flow)
    try:
        removed = remove_case(scope, row, str(_body(request).get("name", "")))
    except Refused as refused:
        return _refusal(str(refused))
    return _cases(request, scope, row, removed)


@require_POST
@scoped(Role.DESIGNER)
def restore(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """Put a case back that was removed: `{case, position}`."""
    row = _flow(scope, flow)
    try:
        put_back(scope, row, _removed(_body(request)))
    except (Refused, CaseNameTaken, TooManyCases) as refused:
        return _refusal(str(refused))
    return _cases(request, scope, row)


def _removed(body: Mapping[str, Any]) -> Removed:
    problems: list[PathProblem] = []
    case, position = decode_case(body.get("case"), problems), body.get("position")
    if problems or case is None:
        raise Refused(f"{problems[0].path}: {problems[0].message}")
    if type(position) is not int or not 0 <= position <= MOST_POSITIONS:
        raise Refused("position: give the place where it stood.")
    return Removed(case, position)


@require_POST
@scoped(Role.DESIGNER)
def guard(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """Whether publishing needs the cases to pass: `{required}`."""
    row = _flow(scope, flow)
    try:
        require_cases(scope, row, required=_body(request).get("required") is True)
    except Refused as refused:
        return _refusal(str(refused))
    return _cases(request, scope, row)


def _flow(scope: Scope, key: str) -> models.Flow:
    return get_object_or_404(models.Flow.objects.within(scope), key=key)


def _body(request: HtmxHttpRequest) -> Mapping[str, Any]:
    try:
        body = clean_json(request.body, max_bytes=settings.MAX_PAYLOAD_BYTES)
    except BadJson as bad:
        raise Refused(f"What was sent is no JSON we take: {bad}.") from bad
    if not isinstance(body, dict):
        raise Refused("Send a JSON object.")
    return body


def _given(body: Mapping[str, Any]) -> tuple[Json, dict[str, Json]]:
    """The input, parsed, and the answers. Raises `Refused`."""
    text, answers = body.get("input", ""), body.get("answers") or {}
    if not isinstance(text, str):
        raise Refused("input: send the sample input as text.")
    try:
        input = clean_json(text, max_bytes=LARGEST_INPUT) if text.strip() else None
    except BadJson as bad:
        raise Refused(bad.about("The sample input")) from bad
    problem = next(answer_problems(answers), None)
    if problem is not None:
        raise Refused(f"{problem.path}: {problem.message}")
    return input, dict(answers)


def _problems(row: models.Flow) -> tuple[str, ...]:
    """What of the draft stands in the way of trying it."""
    found = check_flow(draft_of(row), flows=flow_keys(row.environment_id))
    return tuple(problem.message for problem in found if problem.is_error)


def _trial_of(row: models.Flow, input: Json, answers: Mapping[str, Json]) -> Trial:
    """A try to be kept. Raises `Refused` for one that comes to no end."""
    problems = _problems(row)
    if problems:
        raise Refused(f"The flow cannot be run: {problems[0]}")
    trial = try_flow(draft_of(row), input, answers)
    if trial.stopped:
        raise Refused(f"{trial.stopped} Only what comes to an end can be kept as a case.")
    return trial


def _cases(request: HtmxHttpRequest, scope: Scope, row: models.Flow, removed: Removed | None = None) -> HttpResponse:
    shown = CasesPanel(scope, row, removed=removed.case.name if removed is not None else "")
    kept = {case.name: {"input": case.input, "answers": dict(case.answers)} for case in cases_of(row)}
    answer: dict[str, Any] = {"html": _html("cases", request, cases=shown), "coverage": shown.coverage(), "kept": kept}
    if removed is not None:
        answer["removed"] = asdict(removed)
    return JsonResponse(answer)


def _html(name: str, request: HtmxHttpRequest, **context: Any) -> str:
    return render_to_string(f"engine/trying/{name}.html", context, request=request)


def _refusal(detail: str) -> HttpResponse:
    return JsonResponse({"detail": detail}, status=422)
