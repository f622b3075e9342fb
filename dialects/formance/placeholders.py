"""Variables: `${name}` in stages, `{{ input.name }}` in flows. Pure.

All variables of a run are texts and make up the instance's input. One that is not given is empty, so each becomes a
reference with an empty default.
"""

from __future__ import annotations

import re
from typing import Final

from dialects.formance.stages import PLACEHOLDER

_OURS: Final = re.compile(
    r"""\{\{\s*input(?:\.(?P<word>[A-Za-z_][A-Za-z0-9_-]*)|\[(?P<quote>["'])(?P<key>[^"'{}]*)(?P=quote)\])"""
    r"""(?:\s*\|\s*default:\s*(?:""|''))?\s*\}\}"""
)
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED: Final = frozenset(
    (
        *("and", "or", "not", "in", "contains", "true", "false", "nil", "null", "none", "undefined", "empty", "blank"),
        *("if", "else", "for", "as", "with", "cols", "limit", "offset", "reversed", "continue", "required"),
        *("size", "first", "last"),
    )
)
"""Words that mean something to Liquid after a dot, or anywhere."""
_BRACE: Final = re.compile(r"\{(?=[{%])")
_LITERAL: Final = '{{ "{" }}'


def to_template(text: str) -> str:
    """A text of a stage as a template of ours. Braces that would read as one are kept as they are."""
    parts, at = [], 0
    for found in PLACEHOLDER.finditer(text):
        parts += [_literal(text[at : found.start()]), _reference(found[0][2:-1])]
        at = found.end()
    return "".join([*parts, _literal(text[at:])])


def to_placeholders(text: str) -> str:
    """A template of ours as a text of a stage, as far as it only names inputs; anything else stays as it is."""
    plain = _OURS.sub(lambda found: "${" + (found["word"] or found["key"] or "") + "}", text)
    return plain.replace(_LITERAL, "{")


def _literal(text: str) -> str:
    return _BRACE.sub(lambda _: _LITERAL, text)


def _reference(name: str) -> str:
    quote = "'" if '"' in name else '"'
    if quote in name:  # both kinds of quotes: no variable can be called so, it is empty
        return ""
    path = f"input.{name}" if _WORD.fullmatch(name) and name not in _RESERVED else f"input[{quote}{name}{quote}]"
    return f'{{{{ {path} | default: "" }}}}'
