"""The language of trigger filters and variables: what is needed of expr-lang (`expr` for Go), read and evaluated here;
what that language cannot read may be written in CEL, the language of our other filters.

`compile_expression` answers a tree or raises `ExpressionError`; `evaluate` asks it about an event. Nothing here does
anything by itself: `link` fetches through a function that is passed in. Length, depth, work and sizes are limited.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from dialects.formance.expressions.cel import evaluate_cel, is_cel
from dialects.formance.expressions.errors import ExpressionError
from dialects.formance.expressions.evaluating import Evaluation
from dialects.formance.expressions.functions import Fetch, as_text
from dialects.formance.expressions.parsing import Node, parse

LONGEST: Final = 4 * 1024


@lru_cache(maxsize=1024)
def compile_expression(text: str) -> Node | None:
    """The tree of an expression; None for one in CEL. Raises `ExpressionError`."""
    if len(text.encode("utf-8", "replace")) > LONGEST:
        raise ExpressionError(f"an expression has at most {LONGEST} bytes")
    try:
        return parse(text)
    except ExpressionError:
        if is_cel(text):
            return None
        raise


def evaluate(text: str, event: object, fetch: Fetch) -> object:
    """The value of an expression. Raises `ExpressionError`, also when it does not compile."""
    tree = compile_expression(text)
    return evaluate_cel(text, event, fetch) if tree is None else Evaluation(event, fetch).value(tree)


__all__ = ["ExpressionError", "as_text", "compile_expression", "evaluate"]
