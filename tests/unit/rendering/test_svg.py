"""The one SVG look: well formed, escaped, without a style attribute, told to screen readers."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from PIL import Image

from designer.graph.kinds import KINDS
from designer.graph.model import Flow
from designer.rendering.cards import WIDEST, card_size
from designer.rendering.downloads import dot_file, pdf_file, pdf_of, png_file, svg_file, svg_policy
from designer.rendering.icons import has_icon, icon_path
from designer.rendering.labels import text_width
from designer.rendering.layout import layout_flow
from designer.rendering.marks import LOOKS, Mark
from designer.rendering.svg import Picture, edge_element_id, element_id, flow_svg, node_svg
from designer.rendering.theme import standalone_style, tokens
from tests.drawing import draw
from tests.unit.rendering.conftest import EVIL

SVG = "{http://www.w3.org/2000/svg}"


def parsed(flow: Flow, **marks: object) -> Element:
    return fromstring(str(flow_svg(flow, layout_flow(flow), **marks)).encode())  # type: ignore[arg-type]  # (any of its marks)


def by_id(root: Element, name: str) -> Element:
    return next(element for element in root.iter() if element.get("id") == name)


def test_each_piece_has_its_element(order: Flow) -> None:
    root = parsed(order)
    for key in order.tasks:
        assert by_id(root, element_id(key)).get("data-task") == key
    for key in order.phases:
        assert by_id(root, element_id(f"phase:{key}")).get("data-phase") == key
    for edge in order.edges:
        assert by_id(root, edge_element_id(edge)).get("data-edge") == edge.id
    assert by_id(root, element_id("trigger")) is not None


def test_no_name_is_more_than_text(nasty: Flow) -> None:
    svg = str(flow_svg(nasty, layout_flow(nasty), marks={"a": Mark("failed", EVIL)}))
    root = fromstring(svg.encode())
    assert not [element for element in root.iter() if element.tag == f"{SVG}script"]
    assert not [name for element in root.iter() for name in element.attrib if str(name).startswith("on")]
    assert "<script" not in svg


def test_there_is_no_style_attribute_and_no_script(order: Flow) -> None:
    svg = str(flow_svg(order, layout_flow(order)))
    assert " style=" not in svg
    assert "javascript:" not in svg


def test_a_status_is_shown_by_icon_word_and_class(order: Flow) -> None:
    node = by_id(parsed(order, marks={"fetch": "completed"}), "node-fetch")
    assert "status-completed" in (node.get("class") or "").split()
    assert "completed" in (node.get("aria-label") or "")
    assert "".join(node.itertext()).endswith("completed")
    assert [use.get("href") for use in node.iter(f"{SVG}use")][-1] == "#icon-check"


def test_what_has_not_begun_shows_no_badge(order: Flow) -> None:
    node = by_id(parsed(order, marks={"fetch": "open"}), "node-fetch")
    assert not [part for part in node.iter() if part.get("class") == "badge"]


def test_a_note_takes_the_place_of_the_summary(order: Flow) -> None:
    node = by_id(parsed(order, marks={"fetch": Mark("waiting", "waits for Ada")}), "node-fetch")
    assert "waits for Ada" in "".join(node.itertext())


def test_edges_show_where_an_instance_went(order: Flow) -> None:
    root = parsed(order, edge_marks={"trigger~fetch~~success": "taken", "decide~ship~yes~success": "dead"})
    taken = by_id(root, "edge-trigger~fetch~~success")
    assert "edge-taken" in (taken.get("class") or "")
    assert taken.findall(f"{SVG}path")[-1].get("marker-end") == "url(#arrow-taken)"
    assert "edge-dead" in (by_id(root, "edge-decide~ship~yes~success").get("class") or "")


def test_differences_on_edges_are_more_than_colour(order: Flow) -> None:
    root = parsed(order, edge_marks={"trigger~fetch~~success": "added", "decide~ship~yes~success": "removed"})
    assert "".join(by_id(root, "edge-trigger~fetch~~success").itertext()) == "+"
    assert "".join(by_id(root, "edge-decide~ship~yes~success").itertext()) == "− yes"


def test_tasks_are_a_list_that_is_read_out(order: Flow) -> None:
    root = parsed(order)
    listed = [element for element in root.iter() if element.get("role") == "listitem"]
    assert len(listed) == len(order.tasks)
    assert all(element.get("aria-label") for element in listed)


def test_cards_may_lead_somewhere(order: Flow) -> None:
    svg = node_svg(order, layout_flow(order), "fetch", Picture(link=lambda key: f"?step={key}&x=<"))
    link = next(fromstring(svg.encode()).iter("a"))
    assert link.get("href") == "?step=fetch&x=<"
    assert "fetch" in (link.get("aria-label") or "")


@pytest.mark.parametrize(
    "name", ["Charge", "A name that goes on and on and never seems to end at all", "W" * 60, "注文を確認する" * 6]
)
def test_text_never_overflows_its_card(name: str) -> None:
    flow = draw("a -> b")
    flow = flow.with_task(replace(flow.tasks["a"], name=name))
    node = fromstring(str(node_svg(flow, layout_flow(flow), "a")).encode())
    width = card_size(flow, flow.tasks["a"]).width
    assert width <= WIDEST
    for text in node.iter("text"):
        bold = text.get("class") == "name"
        assert float(text.get("x") or 0) + text_width(text.text or "", 13 if bold else 11.5, bold=bold) <= width - 8


def test_every_kind_and_status_has_an_icon_of_the_sprite() -> None:
    assert [kind.icon for kind in KINDS.values() if not has_icon(kind.icon)] == []
    assert [look.icon for look in LOOKS.values() if not has_icon(look.icon)] == []


def test_the_sign_of_a_new_edge_stands_in_its_middle() -> None:
    flow = draw("trigger -> a -> b; a -> c")
    layout = layout_flow(flow)
    edge = next(edge for edge in flow.edges if edge.target == "c")
    box = by_id(parsed(flow, edge_marks={edge.id: "added"}), edge_element_id(edge)).find(f".//{SVG}rect")
    assert box is not None
    middle = float(box.get("x", 0)) + float(box.get("width", 0)) / 2
    ends = layout.tasks["a"].x + layout.tasks["a"].width, layout.tasks["c"].x
    assert abs(middle - sum(ends) / 2) < (ends[1] - ends[0]) / 6


def test_an_icon_is_a_path_at_its_place() -> None:
    assert icon_path("play", 10, 20) == "M16 24l8 5-8 5Z"
    assert icon_path("clock", 1, 2) == "M10 5a6 6 0 1 0 0 12A6 6 0 0 0 10 5ZM10 7.8V11l2.2 1.5", "distances stay"
    assert icon_path("form", 0, 100).startswith("M4 102.8h10v12.4H4ZM6.5 106h5")
    assert icon_path("unknown", 0, 0) == ""


def test_every_card_shows_its_icon_in_one_element(order: Flow) -> None:
    for key in order.tasks:
        card = fromstring(str(node_svg(order, layout_flow(order), key)).encode())
        (glyph,) = [piece for piece in card.iter() if piece.get("class") == "glyph"]
        assert re.match(r"M[\d.]+ [\d.]+", glyph.get("d") or "")


# -- files ------------------------------------------------------------------------------------------------------------


def test_the_svg_file_stands_alone(nasty: Flow) -> None:
    root = fromstring(svg_file(nasty))
    ids = {element.get("id") for element in root.iter()}
    used = {
        found
        for element in root.iter()
        for value in element.attrib.values()
        for found in re.findall(r"#([\w-]+)", value)
    }
    assert used
    assert used <= ids
    assert not list(root.iter(f"{SVG}use"))
    assert "var(" not in standalone_style()
    assert "sha256-" in svg_policy()


def test_every_variable_of_the_look_is_a_token() -> None:
    assert tokens()["accent"] == "#2f5bd0"
    assert not re.search(r"var\(", standalone_style())


def test_a_picture_is_as_large_as_what_is_drawn() -> None:
    flow = draw("trigger -> a -> b")
    with Image.open(io.BytesIO(png_file(flow))) as picture:
        assert picture.width < 1_000
        assert picture.height < 400
    size = re.search(rb"/MediaBox ?\[ ?0 0 ([\d.]+) ([\d.]+)", pdf_file(flow))
    assert size is not None
    assert float(size[1]) < 800
    assert float(size[2]) < 300


def test_the_pdf_file_is_a_page_with_any_of_the_programs(nasty: Flow) -> None:
    for page in (pdf_file(nasty), pdf_of(png_file(nasty))):
        assert page.startswith(b"%PDF-")
        assert page.rstrip().endswith(b"%%EOF")


def test_the_png_file_is_a_picture_and_the_dot_file_is_dot(nasty: Flow) -> None:
    assert png_file(nasty).startswith(b"\x89PNG")
    assert dot_file(nasty).startswith(b"digraph flow {")
