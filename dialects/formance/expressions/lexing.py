"""Expressions into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from dialects.formance.expressions.errors import ExpressionError

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)"""
    r"""|(?P<number>0x[0-9a-fA-F_]+|(?:\d[\d_]*(?:\.(?!\.)\d[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)"""
    r"""|(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)"""
    r"""|(?P<name>[A-Za-z_$][A-Za-z0-9_$]*)"""
    r"""|(?P<mark>\?\.|\?\?|\.\.|\*\*|==|!=|<=|>=|&&|\|\||[-+*/%^<>!?:,.()\[\]{}|\#;])""",
    re.DOTALL,
)
WORDS: Final = frozenset({"and", "or", "not", "in", "matches", "contains", "startsWith", "endsWith"})
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: number, string, name, operator (words too), mark or end. `place`: line and column, both from 1."""

    kind: str
    text: str
    place: tuple[int, int]


def tokens_of(text: str) -> list[Token]:
    """The tokens, with one of the kind `end` behind them. Raises `ExpressionError`."""
    found: list[Token] = []
    at, line, begin = 0, 1, 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        place = (line, at - begin + 1)
        if match is None:
            raise ExpressionError(f"unrecognized character: U+{ord(text[at]):04X} {text[at]!r}", place)
        kind, part = match.lastgroup or "", match[0]
        if kind != "space":
            found.append(Token("operator" if kind == "name" and part in WORDS else kind, part, place))
        line += part.count("\n")
        if "\n" in part:
            begin = at + part.rindex("\n") + 1
        at = match.end()
    return [*found, Token("end", "EOF", (line, at - begin + 1))]


def string_value(token: Token) -> str:
    """What a string literal stands for. Raises `ExpressionError`."""
    body = token.text[1:-1]
    if token.text[0] == "`":
        return body

    def unescape(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] in "uUx" and len(code) > 1:
            number = int(code[1:], 16)
            if number > 0x10FFFF or 0xD800 <= number < 0xE000:
                raise ExpressionError("invalid character escape", token.place)
            return chr(number)
        return _ESCAPES.get(code, code)

    return _ESCAPE.sub(unescape, body)


def number_value(token: Token) -> int | float:
    """What a number literal stands for. Raises `ExpressionError`."""
    text = token.text.replace("_", "")
    if text.startswith("0x"):
        return int(text, 16)
    if len(text) > 400:
        raise ExpressionError("invalid number literal", token.place)
    return int(text) if text.isdigit() else float(text)
