"""Tokens into a tree. Precedences are those of expr-lang."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from dialects.formance.expressions.errors import ExpressionError
from dialects.formance.expressions.functions import CLOSURES, FUNCTIONS
from dialects.formance.expressions.lexing import Token, number_value, string_value, tokens_of

BINARY: Final[dict[str, tuple[int, bool]]] = {
    "|": (0, False),
    "or": (10, False),
    "||": (10, False),
    "and": (15, False),
    "&&": (15, False),
    **dict.fromkeys(("==", "!=", "<", ">", ">=", "<=", "in", "matches"), (20, False)),
    **dict.fromkeys(("contains", "startsWith", "endsWith"), (20, False)),
    "..": (25, False),
    "+": (30, False),
    "-": (30, False),
    "*": (60, False),
    "/": (60, False),
    "%": (60, False),
    "**": (100, True),
    "^": (100, True),
    "??": (500, False),
}
"""By operator: how strongly it binds, and whether it groups from the right."""
UNARY: Final = {"not": 50, "!": 50, "-": 90, "+": 90}
NEGATABLE: Final = frozenset({"in", "matches", "contains", "startsWith", "endsWith"})
SAME: Final = {"||": "or", "&&": "and", "^": "**", "!": "not"}
CONSTANTS: Final[dict[str, Any]] = {"true": True, "false": False, "nil": None}
DEEPEST: Final = 60


@dataclass(frozen=True, slots=True)
class Node:
    """One node: what it is, its parts, and where it stands.

    `kind`: value, name, pointer, array, map, unary, binary, choice, member, slice, call, closure.
    """

    kind: str
    place: tuple[int, int]
    value: Any = None
    parts: tuple[Node, ...] = ()


def parse(text: str) -> Node:
    """The tree of an expression. Raises `ExpressionError`."""
    parser = _Parser(tokens_of(text))
    tree = parser.expression(0)
    if parser.here.kind != "end":
        raise parser.unexpected()
    return tree


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0
        self.closures = 0

    @property
    def here(self) -> Token:
        return self.tokens[self.at]

    def next(self) -> Token:
        token = self.here
        if token.kind != "end":
            self.at += 1
        return token

    def is_mark(self, text: str) -> bool:
        return self.here.kind in ("mark", "operator") and self.here.text == text

    def take(self, text: str) -> bool:
        found = self.is_mark(text)
        if found:
            self.next()
        return found

    def expect(self, text: str) -> Token:
        if not self.is_mark(text):
            raise self.unexpected()
        return self.next()

    def unexpected(self) -> ExpressionError:
        token = self.here
        shown = "EOF" if token.kind == "end" else f'{token.kind.capitalize()}("{token.text[:40]}")'
        return ExpressionError(f"unexpected token {shown}", token.place)

    # -- operators ----------------------------------------------------------------------------------------------------

    def expression(self, least: int) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ExpressionError("the expression is nested too deeply", self.here.place)
        left = self.unary()
        while True:
            token, is_negated = self.here, False
            if token.kind not in ("mark", "operator"):
                break
            operator = token.text
            if operator == "not" and self.tokens[self.at + 1].text in NEGATABLE:
                is_negated, operator = True, self.tokens[self.at + 1].text
            if operator not in BINARY or BINARY[operator][0] < least:
                break
            strength, is_right = BINARY[operator]
            self.next()
            if is_negated:
                self.next()
            left = self.binary(operator, left, token, strength if is_right else strength + 1)
            if is_negated:
                left = Node("unary", token.place, "not", (left,))
        if least == 0 and self.is_mark("?"):
            left = self.choice(left)
        self.depth -= 1
        return left

    def binary(self, operator: str, left: Node, token: Token, least: int) -> Node:
        if operator == "|":
            name = self.next()
            if name.kind != "name":
                raise ExpressionError("unexpected token after |", name.place)
            return self.postfix(self.call(name, (left,)))
        right = self.expression(least)
        return Node("binary", token.place, SAME.get(operator, operator), (left, right))

    def choice(self, condition: Node) -> Node:
        place = self.next().place
        if self.take(":"):  # a ?: b
            return Node("choice", place, None, (condition, condition, self.expression(0)))
        first = self.expression(0)
        self.expect(":")
        return Node("choice", place, None, (condition, first, self.expression(0)))

    def unary(self) -> Node:
        token = self.here
        if token.kind in ("mark", "operator") and token.text in UNARY:
            self.next()
            part = self.expression(UNARY[token.text])
            return self.postfix(Node("unary", token.place, SAME.get(token.text, token.text), (part,)))
        if self.take("("):
            inner = self.expression(0)
            self.expect(")")
            return self.postfix(inner)
        return self.postfix(self.primary())

    # -- values -------------------------------------------------------------------------------------------------------

    def primary(self) -> Node:
        token = self.here
        if token.kind == "number":
            return Node("value", self.next().place, number_value(token))
        if token.kind == "string":
            return Node("value", self.next().place, string_value(token))
        if token.kind == "name":
            self.next()
            if token.text in CONSTANTS:
                return Node("value", token.place, CONSTANTS[token.text])
            if self.is_mark("("):
                return self.call(token, ())
            return Node("name", token.place, token.text)
        if self.closures and self.is_mark("#"):
            self.next()
            if self.here.kind == "name" and self.here.text in ("index", "acc"):
                return Node("pointer", token.place, self.next().text)
            return Node("pointer", token.place, "")
        if self.closures and self.is_mark("."):
            return Node("pointer", token.place, "")
        if self.take("["):
            return Node("array", token.place, None, tuple(self.listed("]")))
        if self.take("{"):
            return self.map(token)
        raise self.unexpected()

    def listed(self, end: str) -> list[Node]:
        found: list[Node] = []
        while not self.take(end):
            if found:
                self.expect(",")
                if self.take(end):
                    break
            found.append(self.expression(0))
        return found

    def map(self, opening: Token) -> Node:
        parts: list[Node] = []
        while not self.take("}"):
            if parts:
                self.expect(",")
                if self.take("}"):
                    break
            token = self.here
            if token.kind in ("name", "operator"):
                parts.append(Node("value", self.next().place, token.text))
            elif token.kind == "string":
                parts.append(Node("value", self.next().place, string_value(token)))
            elif token.kind == "number":
                parts.append(Node("value", self.next().place, token.text))
            elif self.take("("):
                parts.append(self.expression(0))
                self.expect(")")
            else:
                raise ExpressionError("a map key must be a quoted string, a number, a identifier, or an expression "
                                      "enclosed in parentheses", token.place)  # fmt: skip
            self.expect(":")
            parts.append(self.expression(0))
        return Node("map", opening.place, None, tuple(parts))

    def call(self, name: Token, before: tuple[Node, ...]) -> Node:
        self.expect("(")
        if name.text in CLOSURES:
            return self.closure_call(name, before)
        if name.text not in FUNCTIONS and name.text != "link":
            raise ExpressionError(f"unknown name {name.text}", name.place)
        parts = (*before, *self.listed(")"))
        return Node("call", name.place, name.text, parts)

    def closure_call(self, name: Token, before: tuple[Node, ...]) -> Node:
        parts = list(before) or [self.expression(0)]
        if self.is_mark(")") and name.text == "count":
            self.next()
            return Node("closure", name.place, name.text, tuple(parts))
        if not before or not self.is_mark(")"):
            if not before:
                self.expect(",")
            parts.append(self.predicate())
        self.take(",")
        self.expect(")")
        return Node("closure", name.place, name.text, tuple(parts))

    def predicate(self) -> Node:
        self.closures += 1
        has_braces = self.take("{")
        inner = self.expression(0)
        if has_braces:
            self.expect("}")
        self.closures -= 1
        return inner

    # -- what follows a value -----------------------------------------------------------------------------------------

    def postfix(self, node: Node) -> Node:
        while True:
            if self.is_mark(".") or self.is_mark("?."):
                node = self.member(node)
            elif self.take("["):
                node = self.index(node)
            else:
                return node

    def member(self, node: Node) -> Node:
        is_optional = self.next().text == "?."
        if is_optional and self.take("["):
            return self.index(node, is_optional=True)
        token = self.next()
        if token.kind not in ("name", "operator"):
            raise ExpressionError("expected name", token.place)
        key = Node("value", token.place, token.text)
        return Node("member", token.place, is_optional, (node, key))

    def index(self, node: Node, *, is_optional: bool = False) -> Node:
        place = self.here.place
        begin: Node | None = None
        if not self.is_mark(":"):
            begin = self.expression(0)
            if self.take("]"):
                return Node("member", place, is_optional, (node, begin))
        self.expect(":")
        end = None if self.is_mark("]") else self.expression(0)
        self.expect("]")
        nothing = Node("value", place, None)
        return Node("slice", place, None, (node, begin or nothing, end or nothing))
