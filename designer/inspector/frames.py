"""Where a phase lies and how large it is, also where nobody has placed it yet."""

from __future__ import annotations

from designer.graph.model import Flow, Frame
from designer.rendering.drawn import drawn_boxes


def frame_of(flow: Flow, key: str) -> Frame:
    """The frame of a phase, or the one that it is drawn with as long as it has none."""
    frame = flow.phases[key].frame
    if frame is not None:
        return frame
    box = drawn_boxes(flow).phases[key]
    return Frame(round(box.x), round(box.y), round(box.width), round(box.height))
