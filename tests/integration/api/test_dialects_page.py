"""The page of dialects is made from the translators, and what it calls exact comes back as it went."""

from __future__ import annotations

from dataclasses import replace

import pytest

from designer.graph.kinds import KINDS
from designer.graph.model import Task
from designer.graph.plan import compile_plan
from designer.graph.structure import step_of
from dialects.cloudflare import voice as cloudflare
from dialects.cloudflare.graphs import node_json
from dialects.formance import voice as formance
from dialects.formance.translate import flow_of_config, stages_of
from dialects.novu.translate import controls
from dialects.novu.voice import say
from dialects.shared.voice import APPROXIMATED, ASIDE, EXACT
from docs.voices import PAGE, VOICES, page, subjects

SAMPLES: dict[str, object] = {
    "subject": "S",
    "body": "B",
    "avatar": "/a.png",
    "primary_action": {"label": "L", "redirect": {"url": "/x"}},
    "secondary_action": {"label": "L"},
    "redirect": {"url": "/x", "target": "_blank"},
    "data": {"a": 1},
    "keep_html": True,
    "editor": "html",
    "layout": "default",
    "from": {"email": "a@example.test"},
    "reply_to": "a@example.test",
    "preheader": "P",
    "provider_defaults": True,
    "window": "2 hours",
    "look_back": "5 minutes",
    "key": "payload.x",
    "for": "3 days",
    "cron": "0 6 * * *",
    "threshold": 3,
    "dynamic": "payload.x",
    "values": {"a": "b"},
    "extend_to_schedule": True,
}


def test_the_page_is_what_the_translators_say() -> None:
    assert PAGE.read_text() == page()


@pytest.mark.parametrize("name", list(VOICES))
def test_a_voice_has_a_word_for_everything(name: str) -> None:
    said = {VOICES[name](subject, setting)[0] for subject, _, settings in subjects() for setting in settings}
    assert said <= {EXACT, APPROXIMATED, ASIDE}
    assert EXACT in said


def test_what_is_called_exact_goes_there_and_back() -> None:
    checked = 0
    for kind in KINDS.values():
        for field in kind.fields:
            if say(kind.key, field.key)[0] == EXACT:
                settings = {field.key: SAMPLES[field.key]}
                back, aside = controls.settings_of(kind.key, controls.values_of(kind.key, settings))
                assert back.get(field.key) == SAMPLES[field.key], (kind.key, field.key)
                assert aside == {}, (kind.key, field.key)
                checked += 1
    assert checked > 25


STAGES: dict[str, dict[str, object]] = {
    "delay": {"duration": "1h30m"},
    "wait_event": {"event": "goods.${what}"},
    "send": {
        "source": {"account": {"id": "customers:${customer}", "ledger": "retail"}},
        "destination": {"wallet": {"name": "shop"}},
        "amount": {"amount": 100, "asset": "EUR/2"},
        "metadata": {"invoice": "${invoice}"},
        "timestamp": "2030-01-01T00:00:00Z",
    },
    "update": {"account": {"id": "a", "ledger": "retail", "metadata": {"tier": "gold"}}},
    "noop": {},
}


def test_the_stages_of_formance_go_there_and_back_where_they_are_called_exact() -> None:
    told = [{kind: body} for kind, body in STAGES.items()]
    flow = flow_of_config({"name": "all", "stages": told}, key="all", name="all")
    drawn = replace(flow, extensions={})  # as if it was drawn: nothing is remembered of how it was written
    back = [(stage.kind, dict(stage.body)) for stage in stages_of(drawn, compile_plan(drawn))]
    assert dict(back) == {**STAGES, "delay": {"duration": "1h30m0s"}}
    drawn_kinds = {task.kind for task in drawn.tasks.values()}
    assert {kind for kind in KINDS if formance.say(kind, "")[0] == EXACT} == drawn_kinds


def test_what_the_graph_of_cloudflare_says_of_a_kind_is_what_its_page_says() -> None:
    for kind in KINDS.values():
        told = cloudflare.say(kind.key, "")[1]
        if kind.key in ("decision", "program"):
            continue
        settings = {"for": "1 hour"} if kind.key == "delay" else {}
        node = node_json(step_of(Task("t", "T", kind.key, settings=settings)))
        assert f"`{node['type']}`" in told
        for field in kind.fields:
            if cloudflare.say(kind.key, field.key)[0] == EXACT and field.key in ("retries", "timeout"):
                place = node["config"] if node["type"] == "step_do" else node["options"]
                assert field.key in place, (kind.key, field.key)
