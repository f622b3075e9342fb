"""Words of the API reference as HTML."""

from __future__ import annotations

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from dialects.native.components import COMPONENTS

register = template.Library()
CODE = re.compile(r"`([^`]+)`")
COMPONENT = re.compile(rf"\b({'|'.join(sorted(COMPONENTS, key=len, reverse=True))})\b")


@register.filter
def words(text: str) -> SafeString:
    """Text in which `` `this` `` becomes code."""
    return mark_safe(CODE.sub(r"<code>\1</code>", escape(text)))  # noqa: S308 (escaped first)


@register.filter
def shape(text: str) -> SafeString:
    """A type in words, in which names of shapes lead to them."""
    return mark_safe(COMPONENT.sub(r'<a href="#shape-\1">\1</a>', words(text)))  # noqa: S308 (escaped first)
