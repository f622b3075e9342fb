"""HTML of messages: dangerous markup taken out, the text of a page, and mails written as blocks turned into HTML."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from html.parser import HTMLParser
from typing import Final

import orjson

from designer.graph.model import Json

DROPPED: Final = frozenset(
    {"script", "iframe", "object", "embed", "applet", "frame", "frameset", "noscript", "template"}
)
"""Elements that go with all they hold."""
UNWRAPPED: Final = frozenset({"base", "meta", "link", "form", "input", "button", "textarea", "select", "option"})
"""Elements that go; what they hold stays."""
VOID: Final = frozenset({"area", "br", "col", "hr", "img", "source", "track", "wbr"})
_ADDRESSES: Final = frozenset({"href", "src", "action", "formaction", "poster", "background", "xlink:href"})
_SAFE: Final = re.compile(r"^(https?:|mailto:|tel:|cid:|data:image/(png|gif|jpe?g|webp);|[/#?.]|[^:]*$)", re.IGNORECASE)
_NAME: Final = re.compile(r"[a-z][a-z0-9_:.-]*")
_SPACE: Final = re.compile(r"[\x00-\x20]+")
MAX_DEPTH: Final = 60


def sanitized(html: str) -> str:
    """`html` without scripts, event handlers, foreign frames and addresses that run something."""
    if "<" not in html:
        return html
    cleaner = _Cleaner()
    cleaner.feed(html)
    cleaner.close()
    return "".join(cleaner.parts)


def plain_text(html: str) -> str:
    """The words of an HTML text, for the plain part of a mail."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Cleaner(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self.dropping: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in DROPPED:
            self.dropping.append(tag)
        if self.dropping or tag in UNWRAPPED or not _NAME.fullmatch(tag):
            return
        kept = "".join(f' {name}="{escape(value or "")}"' for name, value in attrs if _is_harmless(name, value))
        self.parts.append(f"<{tag}{kept}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in DROPPED:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self.dropping:
            if tag == self.dropping[-1]:
                self.dropping.pop()
        elif tag not in UNWRAPPED and tag not in VOID and tag not in DROPPED and _NAME.fullmatch(tag):
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self.dropping:
            self.parts.append(data)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")

    def handle_decl(self, decl: str) -> None:
        if decl.lower().startswith("doctype html"):
            self.parts.append("<!DOCTYPE html>")


def _is_harmless(name: str, value: str | None) -> bool:
    if name.startswith("on") or name == "srcdoc" or not _NAME.fullmatch(name):
        return False
    if name in _ADDRESSES:
        return _SAFE.match(_SPACE.sub("", value or "")) is not None
    return not (name == "style" and "expression(" in (value or "").lower())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "head", "title"):
            self.hidden += 1
        elif tag in ("p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6"):
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "head", "title"):
            self.hidden = max(0, self.hidden - 1)
        elif tag in ("p", "h1", "h2", "h3"):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(data)


# -- mails written as blocks ------------------------------------------------------------------------------------------

_TAGS: Final = {
    "doc": "div",
    "paragraph": "p",
    "bulletList": "ul",
    "orderedList": "ol",
    "listItem": "li",
    "blockquote": "blockquote",
    "section": "div",
    "columns": "div",
    "column": "div",
    "footer": "p",
    "repeat": "div",
    "for": "div",
    "htmlCodeBlock": "div",
}
_MARKS: Final = {"bold": "strong", "italic": "em", "underline": "u", "strike": "s", "code": "code"}


def blocks_to_html(text: str, render: Callable[[str], str]) -> str:
    """The HTML of a mail that is written as a tree of blocks (TipTap JSON); text that is none is taken as HTML.

    `render` renders a template; variables of the tree are written as `{{ id }}`.
    """
    try:
        tree = orjson.loads(text) if text.strip().startswith("{") else None
    except orjson.JSONDecodeError:
        tree = None
    if not isinstance(tree, Mapping) or "type" not in tree:
        return render(text)
    return _node(tree, render, 0)


def _node(node: Json, render: Callable[[str], str], depth: int) -> str:
    if not isinstance(node, Mapping) or depth > MAX_DEPTH:
        return ""
    given = node.get("attrs")
    attributes: Mapping[str, Json] = given if isinstance(given, Mapping) else {}
    kind = str(node.get("type", ""))
    inner = "".join(_node(child, render, depth + 1) for child in node.get("content") or ())

    def text_of(name: str) -> str:
        value = str(attributes.get(name) or "")
        is_variable = attributes.get(f"is{name[:1].upper()}{name[1:]}Variable")
        return render("{{ " + value + " }}" if is_variable and "{{" not in value else value)

    match kind:
        case "text":
            return _marked(escape(render(str(node.get("text", ""))), quote=False), node.get("marks") or ())
        case "variable":
            fallback = attributes.get("fallback")
            name = str(attributes.get("id", ""))
            shown = render(name if "{{" in name else "{{ " + name + " }}") or str(fallback or "")
            return escape(shown, quote=False)
        case "heading":
            level = attributes.get("level")
            level = level if level in (1, 2, 3, 4, 5, 6) else 2
            return f"<h{level}>{inner}</h{level}>"
        case "button":
            return f'<p><a href="{escape(text_of("url"))}">{escape(text_of("text"))}</a></p>'
        case "image" | "logo" | "inlineImage":
            return f'<img src="{escape(text_of("src"))}" alt="{escape(str(attributes.get("alt") or ""))}">'
        case "horizontalRule":
            return "<hr>"
        case "hardBreak":
            return "<br>"
        case "spacer":
            return "<p>&nbsp;</p>"
    tag = _TAGS.get(kind)
    return f"<{tag}>{inner}</{tag}>" if tag else inner


def _marked(text: str, marks: Json) -> str:
    for mark in marks if isinstance(marks, (list, tuple)) else ():
        kind = mark.get("type") if isinstance(mark, Mapping) else None
        if kind == "link":
            href = str((mark.get("attrs") or {}).get("href") or "")
            text = f'<a href="{escape(href)}">{text}</a>'
        elif kind in _MARKS:
            text = f"<{_MARKS[kind]}>{text}</{_MARKS[kind]}>"
    return text
