"""Sets metadata of a ledger account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from designer.graph.fields import Field, FieldType
from designer.graph.kinds.kind import Group, Kind
from designer.graph.kinds.shared import REQUIREMENTS, RETRIES, TIMEOUT
from designer.graph.kinds.transfer import LONGEST_ADDRESS
from designer.graph.model import Task
from designer.graph.values import Fault, ValueProblem
from designer.graph.wording import mapping, reference_name, with_dots


def summarize(task: Task) -> str:
    """`customers:ada · tier, since`."""
    account = mapping(task.settings.get("account"))
    keys = ", ".join(mapping(task.settings.get("metadata")))
    return with_dots(reference_name(str(account.get("id", "")))[:24], keys[:20])


def metadata_problems(task: Task) -> Iterator[ValueProblem]:
    """There is something to set."""
    if not mapping(task.settings.get("metadata")):
        yield ValueProblem(("metadata",), Fault.MISSING, "Set at least one key.")


KIND: Final = Kind(
    key="account_update",
    label="Update account",
    description="Sets metadata of a ledger account.",
    group=Group.MONEY,
    icon="pencil",
    colour="money",
    summary=summarize,
    output_keys=lambda task: ("account",),
    more_problems=metadata_problems,
    fields=(
        Field(
            key="account",
            type=FieldType.GROUP,
            label="Account",
            help="Whose metadata is set.",
            group="Account",
            required=True,
            fields=(
                Field(
                    key="id",
                    type=FieldType.TEMPLATE,
                    label="Address",
                    help="The address of the account.",
                    example="customers:{{ input.customer }}",
                    required=True,
                    longest=LONGEST_ADDRESS,
                ),
                Field(
                    key="ledger",
                    type=FieldType.TEMPLATE,
                    label="Ledger",
                    help="In which ledger it is.",
                    default="main",
                    longest=LONGEST_ADDRESS,
                ),
            ),
        ),
        Field(
            key="metadata",
            type=FieldType.MAP,
            label="Metadata",
            example="gold",
            help="The other keys of the account stay as they are.",
            group="Account",
            longest=100,
            of=Field(key="", type=FieldType.TEMPLATE, label="Value", longest=2000),
        ),
        RETRIES,
        TIMEOUT,
        REQUIREMENTS,
    ),
)
