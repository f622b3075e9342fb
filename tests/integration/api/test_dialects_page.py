"""The page of dialects is made from the translators, and what it calls exact comes back as it went."""

from __future__ import annotations

import pytest

from designer.graph.kinds import KINDS
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
