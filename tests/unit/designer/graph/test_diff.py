"""What differs between two flows, in words."""

from __future__ import annotations

from dataclasses import replace

from designer.graph.diff import Mark, diff_flows
from designer.graph.model import Condition, Edge, Flow, Frame, Json, Phase, Position, Statement
from tests.drawing import draw

OLD = draw("trigger -> a -> d; d -yes-> b", phases={"p": "a"}, settings={"a": {"retries": {"limit": 4}}})


def test_nodes_and_edges_that_came_and_went_are_marked() -> None:
    new = draw("trigger -> a -> d; d -yes-> c", phases={"q": "c", "p": "a"}, settings={"a": {"retries": {"limit": 4}}})
    diff = diff_flows(OLD, new)
    assert diff.of(Mark.ADDED) == ("phase:q", "c")
    assert diff.of(Mark.REMOVED) == ("b",)
    assert diff.of(Mark.CHANGED) == ()
    assert diff.edges_of(Mark.ADDED) == (Edge("d", "c", "yes"),)
    assert diff.edges_of(Mark.REMOVED) == (Edge("d", "b", "yes"),)


def test_a_changed_setting_is_told_by_its_label() -> None:
    a = OLD.tasks["a"]
    changed = replace(a, name="Pay", settings={**a.settings, "retries": {"limit": 6}, "timeout": "1 minute"})
    diff = diff_flows(OLD, OLD.with_task(changed))
    assert diff.nodes == {"a": Mark.CHANGED}
    assert [change.sentence for change in diff.fields["a"]] == [
        'Name: "a" → "Pay"',
        "Retries · Repeats: 4 → 6",
        'Time limit of an attempt set to "1 minute"',
    ]
    assert [change.path for change in diff.fields["a"]][1] == "settings.retries.limit"


def test_choices_are_told_by_their_names() -> None:
    a = OLD.tasks["a"]
    other = replace(a, kind="manual", settings={})
    told = [change.sentence for change in diff_flows(OLD, OLD.with_task(other)).fields["a"]]
    assert told[0] == "Kind: Automation → Manual task"
    sent = replace(a, settings={**a.settings, "action": "http_request"})
    [action, *_] = diff_flows(OLD, OLD.with_task(sent)).fields["a"]
    assert action.sentence == "Action: Set values → HTTP request"
    assert (action.before, action.after) == ("set_values", "http_request")


def test_people_and_groups_are_told_by_their_names() -> None:
    def given(*to: str) -> Flow:
        return draw("ask", kinds={"ask": "manual"}, settings={"ask": {"assigned_to": [*to]}})

    people = {("assigned_to", "on-call"): "On call", ("assigned_to", "ada@example.com"): "Ada"}

    def told(old: Flow, new: Flow) -> list[str]:
        diff = diff_flows(replace(old, called=people), replace(new, called=people))
        return [change.sentence for change in diff.fields["ask"]]

    assert told(given("on-call"), given("Ada@example.com", "night")) == ["Assigned to: On call → Ada, night"]
    assert told(draw("ask", kinds={"ask": "manual"}), given("on-call")) == ["Assigned to set to On call"]
    assert told(given("on-call"), draw("ask", kinds={"ask": "manual"})) == ["Assigned to taken away (was On call)"]


def test_phases_and_tasks_that_a_field_names_are_told_by_their_names() -> None:
    def with_due(flow: Flow, phase: str, after: str) -> Flow:
        a = replace(flow.tasks["a"], kind="manual", phase=phase, settings={"due": {"for": "1 day", "from": after}})

        return flow.with_task(a, replace(flow.tasks["b"], name="Pack it"))

    phases = {"p": Phase("p", "Papers"), "q": Phase("q", "Checks")}
    old = with_due(replace(OLD, phases=phases), "p", "start")
    told = [change.sentence for change in diff_flows(old, with_due(old, "q", "task:b")).fields["a"]]
    assert told[0] == "Phase: Papers → Checks"
    assert told[1].endswith("→ Pack it")
    called_so = old.with_task(replace(old.tasks["a"], description="phase:nowhere"))
    [change] = diff_flows(old, called_so).fields["a"]
    assert change.sentence == 'Description set to "phase:nowhere"'


def test_what_is_taken_away_is_told_with_what_it_was() -> None:
    a = OLD.tasks["a"]
    bare = replace(a, settings={key: value for key, value in a.settings.items() if key != "retries"}, phase=None)
    sentences = [change.sentence for change in diff_flows(OLD, OLD.with_task(bare)).fields["a"]]
    assert sentences == ["Phase taken away (was p)", "Retries taken away (was limit: 4)"]


def test_each_branch_is_compared_with_itself() -> None:
    d = OLD.tasks["d"]
    over = Condition("yes", "Over 1000", statements=(Statement("input.total", "greater_than", ("1000",)),))
    [name, statements] = diff_flows(OLD, OLD.with_task(replace(d, conditions=(over,)))).fields["d"]
    assert name.sentence == 'Branches · yes · name: "yes" → "Over 1000"'
    assert statements.after == ["input.total over 1000"]
    larger = replace(over, statements=(Statement("input.total", "greater_than", ("2000",)),))
    flows = [OLD.with_task(replace(d, conditions=(each,))) for each in (over, larger)]
    [change] = diff_flows(*flows).fields["d"]
    assert change.sentence == 'Branches · Over 1000 · when: "input.total over 1000" → "input.total over 2000"'


def test_what_only_moved_is_marked_so_and_has_no_field_changes() -> None:
    placed = _placed(OLD, Position(8, 8), Frame(0, 0, 80, 80))
    diff = diff_flows(placed, _placed(OLD, Position(1, 1), Frame(0, 0, 1, 1)))
    assert diff.nodes == {"phase:p": Mark.MOVED, "a": Mark.MOVED}
    assert diff.fields == {}
    assert not diff.is_empty


def test_what_was_laid_out_for_the_first_time_has_not_moved() -> None:
    laid_out = _placed(OLD, Position(1, 1), Frame(0, 0, 1, 1))
    assert diff_flows(OLD, laid_out).is_empty
    renamed = laid_out.with_task(replace(laid_out.tasks["a"], name="Pay"))
    assert diff_flows(OLD, renamed).nodes == {"a": Mark.CHANGED}


def _placed(flow: Flow, at: Position, frame: Frame) -> Flow:
    """The flow with its task `a` and its phase `p` put there."""
    return flow.with_task(replace(flow.tasks["a"], at=at)).with_phase(Phase("p", "p", frame=frame))


def test_changes_of_the_flow_itself_are_told() -> None:
    new = replace(OLD, name="Orders", limits={"concurrency": 5}, triggers=({"type": "manual"},), tags=("shop",))
    assert [change.sentence for change in diff_flows(OLD, new).flow] == [
        'Name: "drawn" → "Orders"',
        'Tags set to "shop"',
        'Triggers set to type: "manual"',
        "Limits · Instances at once set to 5",
    ]


def test_of_long_texts_the_part_that_differs_is_told() -> None:
    said = "Dear customer, your order has been packed and leaves our warehouse "
    new = replace(OLD, description=f"{said}tomorrow.")
    [change] = diff_flows(replace(OLD, description=f"{said}today."), new).flow
    assert change.sentence == 'Description: "…our warehouse today." → "…our warehouse tomorrow."'
    [longer] = diff_flows(replace(OLD, description=said), new).flow
    assert longer.sentence == 'Description: "…our warehouse " → "…our warehouse tomorrow."'


def test_each_of_several_entries_is_told_by_itself() -> None:
    nine, event = {"type": "cron", "cron": "0 9 * * *"}, {"type": "event", "event": "order.placed"}
    ten, form = {"type": "cron", "cron": "0 10 * * *"}, {"type": "form"}

    def told(before: tuple[Json, ...], after: tuple[Json, ...]) -> list[str]:
        return [
            change.sentence for change in diff_flows(replace(OLD, triggers=before), replace(OLD, triggers=after)).flow
        ]

    assert told((nine, event), (ten, event)) == ['Triggers · no. 1 · cron: "0 9 * * *" → "0 10 * * *"']
    assert told((nine, event), (event,)) == ['Triggers · no. 1 taken away (was type: "cron", cron: "0 9 * * *")']
    assert told((event,), (event, form)) == ['Triggers · no. 2 set to type: "form"']
    assert told((nine, event), (event, nine)) == ['Triggers · order: "cron", "event" → "event", "cron"']


def test_what_is_set_for_the_first_time_is_told_with_its_values() -> None:
    a = OLD.tasks["a"]
    schema = {"type": "object", "properties": {"why": {"type": "string", "title": "Why"}}}
    diff = diff_flows(OLD, replace(OLD, input_schema=schema))
    assert [change.sentence for change in diff.flow] == ['Input set to type: "object", properties: why: 2 values']
    bare = OLD.with_task(replace(a, settings={"action": a.settings["action"]}))
    retried = OLD.with_task(
        replace(a, settings={"action": a.settings["action"], "retries": {"limit": 4, "delay": "1 minute"}})
    )
    told = [change.sentence for change in diff_flows(bare, retried).fields["a"]]
    assert told == ["Retries · Repeats set to 4", 'Retries · Pause set to "1 minute"']


def test_a_flow_is_empty_of_differences_to_itself() -> None:
    assert diff_flows(OLD, OLD).is_empty
