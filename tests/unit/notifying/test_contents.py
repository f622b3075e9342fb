"""What messages say: templates that never fail, HTML without danger, mails written as blocks."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from engine.notifying.contents import as_json, render, render_text, value_at, view_of
from engine.notifying.html import blocks_to_html, plain_text, sanitized

EVENTS = [{"payload": {"who": name}} for name in ("Ann", "Bob", "Cid")]
DATA: dict[str, Any] = view_of(
    {
        "payload": {"name": "Ada", "order": {"id": 7}, "list": [1]},
        "subscriber": {"firstName": "Ada"},
        "steps": {"gather": {"status": "completed", "output": {"events": EVENTS, "eventCount": 3}}},
    }
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Hello {{payload.name}}", "Hello Ada"),
        ("{{ payload.missing.thing }}!", "!"),
        ("{{ payload.name | nonsense }}", ""),
        ("{{ payload.", ""),
        ("{% if payload.x %}a{% else %}b{% endif %}", "b"),
        ("{{ payload.order }}", "{'id':7}"),
        ("{{ steps.gather.eventCount }}/{{ steps.gather.output.eventCount }}", "3/3"),
        ("{{ steps.gather.events | toSentence: 'payload.who' }}", "Ann, Bob, and 1 other"),
        ("{{ steps.gather.events | digest: 1, 'payload.who' }}", "Ann and 2 others"),
        ("{{ steps.gather.events | pluralize: 'note' }}", "3 notes"),
        ("{{ 1 | pluralize: 'child', 'children' }}", "1 child"),
        ("{{ payload.list | json }}", "[1]"),
        ("{% for e in steps.gather.events %}{{ e.payload.who }};{% endfor %}", "Ann;Bob;Cid;"),
    ],
)
def test_a_template_renders_and_never_fails(text: str, wanted: str) -> None:
    assert render_text(text, DATA) == wanted


def test_templates_inside_of_values_are_rendered() -> None:
    assert render({"a": ["{{payload.name}}", 1]}, DATA) == {"a": ["Ada", 1]}


def test_a_path_names_a_value_also_without_its_root() -> None:
    assert (value_at("payload.order.id", DATA), value_at("order.id", DATA), value_at("x.y", DATA)) == (7, 7, None)
    assert as_json("{'amount': 5, 'unit': 'minutes'}") == {"amount": 5, "unit": "minutes"}
    assert as_json("2030-01-01") == "2030-01-01"


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ("<p>Hi</p>", "<p>Hi</p>"),
        ("a<script>alert(1)</script>b", "ab"),
        ('<img src=x onerror="alert(1)">', '<img src="x">'),
        ('<a href="javascript:alert(1)">x</a>', "<a>x</a>"),
        ('<a href="jav\tascript:alert(1)">x</a>', "<a>x</a>"),
        ('<a href="&#106;avascript:x">x</a>', "<a>x</a>"),
        ('<a href="https://example.test/?a=1&amp;b=2">x</a>', '<a href="https://example.test/?a=1&amp;b=2">x</a>'),
        ("<iframe src='//x'><p>in</p></iframe>out", "out"),
        ("<form><b>x</b></form>", "<b>x</b>"),
        ("<svg onload=alert(1)></svg>", "<svg></svg>"),
        ("1 < 2 &amp; 3", "1 < 2 &amp; 3"),
        ("<scr<script>x</script>ipt>", "xipt>"),
    ],
)
def test_dangerous_markup_is_taken_out(html: str, wanted: str) -> None:
    assert sanitized(html) == wanted


def test_the_words_of_a_page_are_its_plain_text() -> None:
    assert plain_text("<style>x</style><h1>A</h1><p>b<br>c &amp; d</p>") == "A\n\nb\nc & d"


def test_a_mail_written_as_blocks_becomes_html() -> None:
    tree = {
        "type": "doc",
        "content": [
            {
                "type": "heading",
                "attrs": {"level": 1},
                "content": [{"type": "text", "text": "Hello {{ payload.name }}"}],
            },
            {
                "type": "paragraph",
                "content": [
                    {"type": "text", "text": "bold", "marks": [{"type": "bold"}]},
                    {"type": "variable", "attrs": {"id": "payload.name"}},
                    {"type": "variable", "attrs": {"id": "payload.gone", "fallback": "nobody"}},
                ],
            },
            {"type": "button", "attrs": {"text": "Go", "url": "payload.name", "isUrlVariable": True}},
            {"type": "horizontalRule"},
        ],
    }
    html = blocks_to_html(orjson.dumps(tree).decode(), lambda text: render_text(text, DATA))
    assert html == ('<div><h1>Hello Ada</h1><p><strong>bold</strong>Adanobody</p><p><a href="Ada">Go</a></p><hr></div>')
    assert blocks_to_html("<p>{{payload.name}}</p>", lambda text: render_text(text, DATA)) == "<p>Ada</p>"
