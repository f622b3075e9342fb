"""A flow as a file to take away: SVG, PNG, PDF, DOT, Mermaid."""

from __future__ import annotations

import base64
import io
from collections import defaultdict
from hashlib import sha256
from typing import Final

from django.core.cache import cache
from PIL import Image

from designer.graph.model import Flow
from designer.rendering import graphviz
from designer.rendering.blocks import shown
from designer.rendering.dot import flow_to_dot
from designer.rendering.layout import Recent, layout_flow
from designer.rendering.mermaid import flow_to_mermaid
from designer.rendering.svg import standalone_svg
from designer.rendering.theme import colour, standalone_style

MEDIA_TYPES: Final = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "pdf": "application/pdf",
    "dot": "text/vnd.graphviz; charset=utf-8",
    "mmd": "text/vnd.mermaid; charset=utf-8",
}
REMEMBERED_SECONDS: Final = 86_400
PRINT_DPI: Final = 192
MOST_DRAWN: Final = 64
"""Drawings that a process remembers, of each look."""
_drawn: Final = defaultdict[str, Recent[bytes]](lambda: Recent(MOST_DRAWN))


def svg_file(flow: Flow, *, look: str = "light") -> bytes:
    """The drawing of a version, in `light` or `dark` colours. Raises `graphviz.LayoutTooLarge`."""
    drawn = _drawn[look].get(flow)
    if drawn is None:
        as_shown = shown(flow)
        drawn = standalone_svg(as_shown, layout_flow(as_shown), look=look).encode()
        _drawn[look].put(flow, drawn)
    return drawn


def dot_file(flow: Flow) -> bytes:
    """The graph as text for Graphviz and other tools."""
    return flow_to_dot(shown(flow), colour=colour).encode()


def mermaid_file(flow: Flow) -> bytes:
    """The graph as text for wikis."""
    return flow_to_mermaid(shown(flow)).encode()


def png_file(flow: Flow) -> bytes:
    """A picture by Graphviz itself: plainer than the SVG. Raises `graphviz.LayoutTooLarge`."""
    return _rendered(flow, "png")


def pdf_file(flow: Flow) -> bytes:
    """A page of the size of the drawing, for printing. Raises `graphviz.LayoutTooLarge`.

    Drawn by Graphviz where the program can, as lines and letters; else its picture in fine dots on a page.
    """
    return _rendered(flow, "pdf") if graphviz.makes_pdf() else pdf_of(_rendered(flow, "png", dpi=PRINT_DPI))


def pdf_of(picture: bytes) -> bytes:
    """A PNG made at `PRINT_DPI` as a PDF of one page."""
    page = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").save(page, "PDF", resolution=PRINT_DPI)
    return page.getvalue()


def _rendered(flow: Flow, output: str, *, dpi: int | None = None) -> bytes:
    flow = shown(flow)
    dot = flow_to_dot(flow, colour=colour)
    key = f"quadrille-{output}-{dpi or ''}-{sha256(dot.encode()).hexdigest()}"
    made: bytes | None = cache.get(key)
    if made is None:
        made = graphviz.render(dot, flow_to_dot(flow, colour=colour, fast=True), output, dpi=dpi)
        cache.set(key, made, REMEMBERED_SECONDS)
    return made


def svg_policy(look: str = "light") -> str:
    """A content security policy under which the SVG file may use its own style sheet, and nothing else happens."""
    digest = base64.b64encode(sha256(standalone_style(look).encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'"


FILES: Final = {"svg": svg_file, "png": png_file, "pdf": pdf_file, "dot": dot_file, "mmd": mermaid_file}
