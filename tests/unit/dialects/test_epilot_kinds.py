"""Every kind of task goes over epilot's wire and comes back as it was."""

from __future__ import annotations

from typing import Any

import pytest

from designer.graph.kinds import KINDS
from designer.graph.model import Flow, Task
from dialects.epilot.translate.incoming import flow_of
from dialects.epilot.translate.outgoing import template_of
from dialects.epilot.voice import say
from dialects.shared.voice import EXACT

TYPES = {"manual": "MANUAL", "decision": "DECISION", "ai_agent": "AI_AGENT"}
SAMPLES: dict[str, Any] = {"requirements": [{"task": "u"}], "start": "manual", "parallel": False}


def flow_with(task: Task) -> Flow:
    return Flow(key="f", name="Flow", tasks={"t": task, "u": Task(key="u", name="U", kind="noop")})


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_task_of_each_kind_comes_back_as_it_was(kind: str) -> None:
    flow = flow_with(Task(key="t", name="T", kind=kind))
    template = template_of(flow)
    assert template["tasks"][0]["task_type"] == TYPES.get(kind, "AUTOMATION")
    assert flow_of(template, key="f", before=flow, said=template).tasks == flow.tasks


@pytest.mark.parametrize("kind", ["manual", "decision", "automation"])
def test_what_is_called_exact_goes_there_and_back(kind: str) -> None:
    exact = [field.key for field in KINDS[kind].fields if say(kind, field.key)[0] == EXACT]
    assert exact
    for setting in exact:
        if setting in SAMPLES:
            flow = flow_with(Task(key="t", name="T", kind=kind, settings={setting: SAMPLES[setting]}))
            fresh = flow_of(template_of(flow), key="f")
            assert fresh.tasks["t"].settings[setting] == SAMPLES[setting], setting
