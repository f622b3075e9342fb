"""Names on drawings stay text, fit their width, and hold nothing that XML cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from designer.graph.model import On
from designer.rendering.cards import edge_label
from designer.rendering.labels import clean, dot_label, markup, shorten, text_width
from tests.drawing import draw


@given(st.text(max_size=60))
def test_any_text_is_content_and_attribute_of_xml(text: str) -> None:
    parsed = fromstring(f'<a b="{markup(text)}">{markup(text)}</a>'.encode())
    assert parsed.get("b") == clean(text)
    assert (parsed.text or "") == clean(text)


@given(st.text(max_size=80), st.integers(40, 300))
def test_a_shortened_text_fits(text: str, width: int) -> None:
    short = shorten(text, width, 13, bold=True)
    assert text_width(short, 13, bold=True) <= width


def test_what_fits_is_left_as_it_is() -> None:
    assert shorten("Charge the card", 200, 13) == "Charge the card"


def test_what_does_not_fit_ends_in_an_ellipsis() -> None:
    assert shorten("Tell the customer that the card was declined", 100, 13) == "Tell the cust…"


def test_wide_letters_need_more_room() -> None:
    assert text_width("注文", 10) == 25
    assert text_width("ill", 10) < text_width("MMM", 10)
    assert text_width("e\u0301", 10) == text_width("e", 10)


@pytest.mark.parametrize("evil", ["\x00", "\x1b", "\ud800", "\u202e", "\ufffe"])
def test_characters_that_no_drawing_can_hold_are_replaced(evil: str) -> None:
    assert clean(f"a{evil}b") == "a\ufffdb"


def test_lines_become_one() -> None:
    assert clean("  two\n lines\t") == "two lines"


def test_labels_for_graphviz_keep_entities_and_backslashes_as_they_are_typed() -> None:
    assert dot_label("a &lt; b") == "a &amp;lt; b"
    assert dot_label("C:\\new") == "C:\\\\new"


def test_an_error_edge_says_what_it_is_taken_for() -> None:
    flow = draw("trigger -> ask -> done; ask -!-> late")
    edge = next(edge for edge in flow.edges if edge.on is On.ERROR)
    assert edge_label(flow, edge) == "on error"
    for kind, settings, words in (
        ("wait_event", {"event": "paid"}, "timed out"),
        ("manual", {}, "on error"),
        ("manual", {"expires": "2 days"}, "after 2 d"),
        ("manual", {"expires": "{{ input.order.patience }}"}, "after patience"),
    ):
        task = replace(flow.tasks["ask"], kind=kind, settings=settings)
        assert edge_label(replace(flow, tasks={**flow.tasks, "ask": task}), edge) == words
