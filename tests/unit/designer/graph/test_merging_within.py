"""Two people change something within one object of a draft: both stay, or they are asked about."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from designer.graph.edits import (
    Change,
    ConfigureTask,
    Edit,
    EditRefused,
    take_away,
)
from designer.graph.merging import EditsClash, rebased
from designer.graph.model import (
    Flow,
    Task,
)
from designer.graph.places import NOTHING, Held, Place, changed_places, covers, leaves

SLOW = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

OBJECTS: list[Any] = [
    {},
    {"a": 1},
    {"a": {}},
    {"a": 1, "b": 2},
    {"a": {"a": 1}},
    {"b": {"a": {}}},
    {"a": 1, "b": {"a": 2, "b": 1}},
]
VALUES_WITHIN = st.sampled_from([1, 2, *OBJECTS])
PATHS_WITHIN = st.sampled_from(["a", "b", "aa", "ab", "ba", "bb", "aaa", "baa"])


@SLOW
@given(st.data())
def test_two_changes_within_one_object_both_stay_or_are_asked_about(data: st.DataObject) -> None:
    """Never is a value lost, and never does one hear of anything but the two values."""
    base = sets(data.draw(st.sampled_from(OBJECTS)))
    mine, theirs = (data.draw(inside(base.tasks["t"])) for _ in range(2))
    try:
        alone, now = mine.apply(base).flow, theirs.apply(base).flow
    except EditRefused:
        return
    wanted, seen = changed_places(base, alone), changed_places(base, now)
    if not wanted:
        return
    met = [(a, b) for a in wanted.items() for b in seen.items() if covers(a[0], b[0])]
    try:
        after = rebased(mine, base, now).apply(now).flow
    except EditsClash as clash:
        asked = {found.place for found in clash.clashes}
    else:
        asked = set()
    if asked:
        assert asked <= {*wanted, *seen}
        assert any(map(may_be_asked_about, met)), (mine, theirs)
        return
    assert not any(map(must_be_asked_about, met)), (mine, theirs)
    held = dict(leaves((), after.tasks["t"].settings["inputs"]["values"]))
    for place, each in {**wanted, **seen}.items():
        if each.after is not NOTHING and each.after != {}:
            assert held[place[1][3:]] == each.after


def sets(tree: Any) -> Flow:
    """A flow of one task that sets these values."""
    settings = {"action": "set_values", "inputs": {"values": tree}}
    return Flow("f", "F", tasks={"t": Task(key="t", name="T", kind="automation", settings=settings)})


@st.composite
def inside(draw: Any, task: Task) -> Edit:
    """A change of something within the values of a task; the whole of them is an object still."""
    path = ("settings", "inputs", "values", *draw(PATHS_WITHIN))
    return ConfigureTask(task.key, (take_away(*path) if draw(st.booleans()) else Change(path, draw(VALUES_WITHIN)),))


Met = tuple[tuple[Place, Held], tuple[Place, Held]]


def must_be_asked_about(met: Met) -> bool:
    """Whether a draft cannot have what two people made of a place, or of one and what lies in it."""
    (place, mine), (other, theirs) = met
    if place == other:
        return bool(mine.after != theirs.after)
    whole, part = (mine, theirs) if len(place[1]) < len(other[1]) else (theirs, mine)
    return whole.after is not NOTHING and whole.after != {} and part.after is not NOTHING


def may_be_asked_about(met: Met) -> bool:
    """Whether one of them knows nothing of what the other did there. What fills an empty object is not asked about."""
    (place, mine), (other, theirs) = met
    if place == other:
        return bool(mine.after != theirs.after)
    whole = mine if len(place[1]) < len(other[1]) else theirs
    return whole.before != {}
