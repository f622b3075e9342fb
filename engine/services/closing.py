"""Closing reasons: which a person may close an instance with (semantics: Steering, close)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from designer.models import Version
from designer.services.versions import flow_of
from engine.core.facts import FactType
from engine.models import Instance
from engine.services.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Offered:
    """What an instance may be closed with. `is_single`: with one of `reasons` at most."""

    reasons: tuple[str, ...]
    is_single: bool


def offered(instance: Instance) -> Offered:
    """The reasons of the version on which the instance started, whatever it was migrated to since."""
    flow = flow_of(_first_version(instance))
    return Offered(tuple(flow.closing_reasons), flow.single_closing_reason)


def _first_version(instance: Instance) -> Version:
    moved = instance.facts.filter(type=FactType.INSTANCE_MIGRATED.value).order_by("number").first()
    if moved is None:
        return instance.version
    return Version.objects.get(flow_id=instance.flow_id, number=moved.data["from"])


def check_reasons(instance: Instance, reasons: Sequence[str]) -> list[str]:
    """The chosen reasons, each once. Raises `InvalidInput` unless they are what the instance may be closed with."""
    known = offered(instance)
    chosen = list(dict.fromkeys(reasons))
    problems: list[tuple[str, str]] = []
    for place, reason in enumerate(reasons):
        if reason not in known.reasons:
            problems.append((f"reasons.{place}", f"is none of {_listed(known)}"))
    if not problems and known.reasons and not chosen:
        problems.append(("reasons", f"must name {'one' if known.is_single else 'at least one'} of {_listed(known)}"))
    if not problems and known.is_single and len(chosen) > 1:
        problems.append(("reasons", "may name one reason only"))
    if problems:
        raise InvalidInput(problems)
    return chosen


def _listed(known: Offered) -> str:
    return ", ".join(known.reasons) or "the flow's closing reasons: it had none when the instance started"
