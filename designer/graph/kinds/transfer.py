"""Moves money between ledger accounts, wallets and payments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from designer.graph.fields import Field, FieldType, choices
from designer.graph.kinds.kind import Group, Kind
from designer.graph.kinds.shared import REQUIREMENTS, RETRIES, TIMEOUT
from designer.graph.model import Json, Task
from designer.graph.values import MARK, Fault, ValueProblem
from designer.graph.wording import mapping, reference_name, with_dots

WAYS: Final = ("account", "wallet", "payment")
LONGEST_ADDRESS: Final = 500
_NUMBER: Final = re.compile(r"-?\d{1,400}")


def _text(key: str, label: str, *, default: str | None = None, help: str = "", example: str = "") -> Field:
    return Field(
        key=key,
        type=FieldType.TEMPLATE,
        label=label,
        default=default,
        help=help,
        example=example,
        longest=LONGEST_ADDRESS,
    )


OVERDRAFT: Final = Field(
    key="allow_overdraft",
    type=FieldType.BOOLEAN,
    label="May go below zero",
    help="Whether money may be taken that is not there.",
    default=False,
)
THROUGH: Final = _text(
    "through_account", "Through the account", default="world", help="Where money leaves this ledger and comes into it."
)
ACCOUNT: Final = Field(
    key="account",
    type=FieldType.GROUP,
    label="Account",
    help="An account of a ledger.",
    fields=(
        _text("id", "Address", help="The address of the account.", example="customers:{{ input.customer }}"),
        _text("ledger", "Ledger", default="default", help="In which ledger it is."),
        THROUGH,
        OVERDRAFT,
    ),
)
WALLET: Final = Field(
    key="wallet",
    type=FieldType.GROUP,
    label="Wallet",
    help="A wallet, by its id or its name.",
    fields=(
        _text("id", "Id", help="The id of the wallet.", example="{{ input.wallet }}"),
        _text("name", "Name", help="Instead of the id.", example="ada"),
        _text("balance", "Balance", default="main", help="Which balance of the wallet."),
    ),
)
PAYMENT_SOURCE: Final = Field(
    key="payment",
    type=FieldType.GROUP,
    label="Payment",
    help="A payment that came in: its money is moved.",
    fields=(
        _text("id", "Id", help="The id of the payment.", example="{{ input.payment }}"),
        _text("ledger", "Ledger", default="orchestration-000-internal", help="In which ledger its money lies."),
        _text(
            "holding_account",
            "Holding account",
            help="Where its money lies until it is sent on.",
            example="payments:holding",
        ),
        THROUGH,
        OVERDRAFT,
    ),
)
PAYMENT_DESTINATION: Final = Field(
    key="payment",
    type=FieldType.GROUP,
    label="Payment",
    help="A payment out, by a provider.",
    fields=(
        _text("psp", "Provider", help="Who carries the payment out.", example="stripe"),
        Field(
            key="type",
            type=FieldType.CHOICE,
            label="Type",
            help="Within the provider, or out of it.",
            choices=choices(TRANSFER="Transfer", PAYOUT="Payout"),
            default="TRANSFER",
            is_templated=True,
        ),
        _text(
            "source_account",
            "From the provider's account",
            help="Out of which account at the provider.",
            example="acct_1",
        ),
        _text(
            "metadata_key",
            "Metadata key",
            default="formanceAccountID",
            help="Which metadata of the source hold the account at the provider.",
        ),
        Field(
            key="waiting_validation",
            type=FieldType.BOOLEAN,
            label="A person validates it first",
            help="It waits at the provider until somebody does.",
            default=False,
        ),
        _text(
            "connector",
            "Connector",
            help="Which connector carries it out; without one, the provider's.",
            example="stripe-eu",
        ),
    ),
)


def summarize(task: Task) -> str:
    """`1250 EUR/2 · bank → customers:ada`."""
    amount = mapping(task.settings.get("amount"))
    money = " ".join(reference_name(str(amount[key])) for key in ("amount", "asset") if key in amount)
    ends = [_end(mapping(task.settings.get(side))) for side in ("source", "destination")]
    return with_dots(money[:24], " → ".join(end[:22] for end in ends) if any(ends) else "")


def _end(side: Mapping[str, Json]) -> str:
    way = next((way for way in WAYS if isinstance(side.get(way), Mapping)), None)
    if way is None:
        return "?"
    part = side[way]
    return reference_name(str(part.get("id") or part.get("name") or part.get("psp") or way))


def side_problems(task: Task) -> Iterator[ValueProblem]:
    """Money comes from one place and goes to one place; an amount is a whole number."""
    for side in ("source", "destination"):
        given = mapping(task.settings.get(side))
        ways = [way for way in WAYS if isinstance(given.get(way), Mapping)]
        if len(ways) != 1:
            fault = Fault.STRAY if ways else Fault.MISSING
            yield ValueProblem((side, ways[1] if ways else WAYS[0]), fault, "Set one of account, wallet or payment.")
        for way in ways:
            yield from _part_problems(side, way, given[way])
    amount = mapping(task.settings.get("amount"))
    if "payment" not in mapping(task.settings.get("source")) and not amount:
        yield ValueProblem(("amount", "amount"), Fault.MISSING, "Amount is required.")
    for key in ("amount", "asset"):
        if amount and not amount.get(key):
            yield ValueProblem(("amount", key), Fault.MISSING, "Set both an amount and its asset.")
    text = amount.get("amount")
    if isinstance(text, str) and text and MARK not in text and not _NUMBER.fullmatch(text):
        message = "Amount: give a whole number of the asset's smallest unit, 1250 for 12.50 EUR."
        yield ValueProblem(("amount", "amount"), Fault.WRONG, message)


def _part_problems(side: str, way: str, part: Mapping[str, Json]) -> Iterator[ValueProblem]:
    if way == "wallet":
        given = [key for key in ("id", "name") if part.get(key)]
        fixed = [key for key in given if MARK not in str(part[key])]
        if not given or len(fixed) > 1:
            yield ValueProblem((side, way, "id"), Fault.MISSING, "Set the id or the name of the wallet.")
        return
    key = "psp" if (side, way) == ("destination", "payment") else "id"
    if not part.get(key):
        label = {"id": "Address" if way == "account" else "Id", "psp": "Provider"}[key]
        yield ValueProblem((side, way, key), Fault.MISSING, f"{label} is required.")


KIND: Final = Kind(
    key="transfer",
    label="Transfer",
    description="Moves money between accounts, wallets and payments.",
    group=Group.MONEY,
    icon="send",
    colour="money",
    summary=summarize,
    output_keys=lambda task: ("source", "destination", "amount", "timestamp"),
    more_problems=side_problems,
    fields=(
        Field(
            key="source",
            type=FieldType.GROUP,
            label="From",
            help="Where the money is taken: an account, a wallet or a payment.",
            group="From",
            required=True,
            fields=(ACCOUNT, WALLET, PAYMENT_SOURCE),
        ),
        Field(
            key="destination",
            type=FieldType.GROUP,
            label="To",
            help="Where it goes: an account, a wallet or a payment out.",
            group="To",
            required=True,
            fields=(ACCOUNT, WALLET, PAYMENT_DESTINATION),
        ),
        Field(
            key="amount",
            type=FieldType.GROUP,
            label="Amount",
            help="Without one, all of the payment that it comes from.",
            group="Amount",
            fields=(
                _text(
                    "amount",
                    "Amount",
                    help="In the asset's smallest unit: 1250 of EUR/2 is 12.50 EUR.",
                    example="1250",
                ),
                _text(
                    "asset",
                    "Asset",
                    help="The currency, and how many digits it has behind the point.",
                    example="EUR/2",
                ),
            ),
        ),
        Field(
            key="metadata",
            type=FieldType.MAP,
            label="Metadata",
            help="Kept with the transactions.",
            example="{{ input.order.id }}",
            group="Details",
            longest=100,
            of=Field(key="", type=FieldType.TEMPLATE, label="Value", longest=2000),
        ),
        Field(
            key="timestamp",
            type=FieldType.DATETIME,
            label="Booked at",
            help="Instead of the present.",
            example="2026-01-31T12:00:00Z",
            is_templated=True,
            group="Details",
        ),
        RETRIES,
        TIMEOUT,
        REQUIREMENTS,
    ),
)
