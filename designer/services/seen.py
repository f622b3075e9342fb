"""What is known of a flow's data beside what it declares: from the latest instances, and from the sample input."""

from __future__ import annotations

from dataclasses import replace

from designer import models
from designer.graph.data_tree import Shapes
from designer.graph.shapes import shape_of
from designer.services.guards import instances
from designer.trying.services import sample_of


def shapes_seen(row: models.Flow) -> Shapes:
    """Names and types, never values. The sample input counts until an instance was started with a real one."""
    seen = instances().shapes_of(row.pk)
    if seen.input is not None:
        return seen
    sample = sample_of(row)
    return replace(seen, input=shape_of(sample)) if sample is not None else seen
