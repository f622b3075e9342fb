"""Stages as the vendor reads them: which fields a kind has, of which types, and what is wrong with a value.

A stage is read twice. When a workflow is created no variable is set: only what can never become right is refused, with
the vendor's words. When it runs, `resolve` puts the variables in, and fills in what is not given. Unknown keys are
ignored. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from designer.graph.model import Json
from dialects.formance.durations import BadGoDuration, go_duration, parse_go_duration

PLACEHOLDER: Final = re.compile(r"\$\{[^}]+\}")
MOST_DIGITS: Final = 400

Type = Literal["string", "bigint", "bool", "duration", "date", "strings", "struct"]


class StageInvalid(ValueError):
    """A stage that can never run. The text is the vendor's."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One field of a stage: its name in Go and on the wire, its type, and its default (`{id}` is the sibling id)."""

    name: str
    key: str
    type: Type
    default: Json = None
    fields: tuple[Spec, ...] = ()
    aliases: tuple[str, ...] = ()


def _account(name: str, key: str, default: str) -> Spec:
    return Spec(
        name,
        key,
        "struct",
        fields=(
            Spec("ID", "id", "string"),
            Spec("Ledger", "ledger", "string", default),
            Spec("ThroughAccount", "throughAccount", "string", "world"),
            Spec("AllowOverdraft", "allowOverdraft", "bool", False),
        ),
    )


_WALLET: Final = Spec(
    "Wallet",
    "wallet",
    "struct",
    fields=(
        Spec("ID", "id", "string"),
        Spec("Name", "name", "string"),
        Spec("Balance", "balance", "string", "main"),
    ),
)
_PAYMENT_SOURCE: Final = Spec(
    "Payment",
    "payment",
    "struct",
    fields=(
        Spec("ID", "id", "string"),
        Spec("Ledger", "ledger", "string", "orchestration-000-internal"),
        Spec("HoldingAccount", "holdingAccount", "string"),
        Spec("ThroughAccount", "throughAccount", "string", "world"),
        Spec("AllowOverdraft", "allowOverdraft", "bool", False),
    ),
)
_PAYMENT_DESTINATION: Final = Spec(
    "Payment",
    "payment",
    "struct",
    fields=(
        Spec("PSP", "psp", "string"),
        Spec("Type", "type", "string", "TRANSFER"),
        Spec("SourceAccount", "sourceAccount", "string"),
        Spec("Metadata", "metadata", "string", "formanceAccountID"),
        Spec("WaitingValidation", "waitingValidation", "bool", False),
        Spec("ConnectorID", "connectorId", "string", aliases=("connectorID",)),
    ),
)

STAGES: Final[Mapping[str, tuple[Spec, ...]]] = {
    "send": (
        Spec(
            "Source", "source", "struct", fields=(_account("Account", "account", "default"), _WALLET, _PAYMENT_SOURCE)
        ),
        Spec(
            "Destination",
            "destination",
            "struct",
            fields=(_account("Account", "account", "default"), _WALLET, _PAYMENT_DESTINATION),
        ),
        Spec(
            "Amount",
            "amount",
            "struct",
            fields=(Spec("Amount", "amount", "bigint"), Spec("Asset", "asset", "string")),
        ),
        Spec("Metadata", "metadata", "strings"),
        Spec("Timestamp", "timestamp", "date"),
        Spec("ConnectorID", "connectorId", "string", aliases=("connectorID",)),
    ),
    "delay": (Spec("Until", "until", "date"), Spec("Duration", "duration", "duration")),
    "wait_event": (Spec("Event", "event", "string"),),
    "update": (
        Spec(
            "Account",
            "account",
            "struct",
            fields=(
                Spec("ID", "id", "string"),
                Spec("Ledger", "ledger", "string", "main"),
                Spec("Metadata", "metadata", "strings"),
            ),
        ),
    ),
    "noop": (),
}
"""The fields of each stage kind, in the order in which the vendor reads them."""


def check_stage(stage: Json) -> tuple[str, Mapping[str, Json]]:
    """The kind of a stage and its body. Raises `StageInvalid` for what can never run."""
    if not isinstance(stage, Mapping):
        raise StageInvalid(f"expecting map, got type: {go_type(stage)}")
    if not stage:
        raise StageInvalid("empty specification")
    if len(stage) > 1:
        raise StageInvalid("a specification should have only one name")
    kind, body = next(iter(stage.items()))
    if kind not in STAGES:
        raise StageInvalid(f"unable to resolve schema {kind}")
    if kind == "noop":
        return kind, body if isinstance(body, Mapping) else {}
    read_stage(kind, body)
    return kind, body or {}


def read_stage(kind: str, body: Mapping[str, Json]) -> dict[str, Json]:
    """The body of a stage as it is written, placeholders kept, with its defaults. Raises `StageInvalid`."""
    return _read_struct(STAGES[kind], body) if kind != "noop" else {}


def resolve(kind: str, body: Mapping[str, Json], variables: Mapping[str, Json]) -> dict[str, Json]:
    """The body of a stage with its variables put in and its defaults filled in. Raises `StageInvalid`."""
    resolved = _read_struct(STAGES[kind], body, variables) if kind != "noop" else {}
    return {key: value for key, value in resolved.items() if value is not None}


def replaced(text: str, variables: Mapping[str, Json]) -> str:
    """A text with its placeholders filled in; an unknown variable is empty."""
    return PLACEHOLDER.sub(lambda found: str(variables.get(found[0][2:-1], "")), text)


# -- reading ----------------------------------------------------------------------------------------------------------


def _read_struct(fields: tuple[Spec, ...], raw: Json, variables: Mapping[str, Json] | None = None) -> dict[str, Json]:
    """Every field that is given. `variables` None: the workflow is being created, so placeholders stay."""
    if raw is None:
        raw = {}
    if not isinstance(raw, Mapping):
        raise StageInvalid(f"expecting map, got type: {go_type(raw)}")
    found: dict[str, Json] = {}
    for field in fields:
        value = next((raw[key] for key in (field.key, *field.aliases) if raw.get(key) is not None), None)
        try:
            read = None if value is None else _read(field, value, variables)
        except StageInvalid as bad:
            raise StageInvalid(f"resolving field '{field.name}': {bad}") from None
        found[field.key] = field.default if read in (None, "") else read
    return found


def _read(field: Spec, value: Json, variables: Mapping[str, Json] | None) -> Json:
    match field.type:
        case "struct":
            read = _read_struct(field.fields, value, variables)
            return {key: entry for key, entry in read.items() if entry is not None}
        case "strings":
            return _read_strings(value, variables)
        case "string":
            if not isinstance(value, str):
                raise StageInvalid(f"expected string but was {go_type(value)}")
            return value if variables is None else replaced(value, variables)
        case "bool":
            return _read_bool(field, value, variables)
    if isinstance(value, str) and PLACEHOLDER.search(value):
        if variables is None:
            return value
        value = replaced(value, variables)
        if value == "":
            return None
    if field.type == "bigint":
        return read_bigint(value)
    if field.type == "duration":
        try:
            return go_duration(parse_go_duration(value))
        except BadGoDuration:
            raise StageInvalid(f"unable to resolve field '{field.key}' to duration value") from None
    if not is_rfc3339(value):
        raise StageInvalid("expected date as rfc3339 format")
    return value


def _read_strings(value: Json, variables: Mapping[str, Json] | None) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise StageInvalid(f"expecting map, got type: {go_type(value)}")
    found = {}
    for key, entry in value.items():
        if not isinstance(entry, str):
            raise StageInvalid(f"expected string but was {go_type(entry)}")
        found[key] = entry if variables is None else replaced(entry, variables)
    return found


def _read_bool(field: Spec, value: Json, variables: Mapping[str, Json] | None) -> bool | None:
    if isinstance(value, bool):
        return value
    text = replaced(value, variables) if isinstance(value, str) and variables is not None else value
    if isinstance(text, str) and text.lower() in ("true", "false"):
        return text.lower() == "true"
    raise StageInvalid(f"unable to resolve field '{field.key}' to bool value")


def read_bigint(value: Json) -> int:
    """A whole number of any size, from a decimal text or a JSON number. Raises `StageInvalid`."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and len(value) <= MOST_DIGITS and re.fullmatch(r"[+-]?[0-9]+", value):
        return int(value)
    raise StageInvalid(f"unable to parse '{_short(value)}' as big int")


def is_rfc3339(value: Json) -> bool:
    """Whether a value is a date and time with an offset, as RFC 3339 has it."""
    if not isinstance(value, str) or not re.fullmatch(
        r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", value
    ):
        return False
    try:
        datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value).upper())
    except ValueError:
        return False
    return True


def go_type(value: Json) -> str:
    """What Go calls the type of a JSON value."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "float64"
    if isinstance(value, str):
        return "string"
    return "map[string]interface {}" if isinstance(value, Mapping) else "[]interface {}"


def _short(value: Json) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
