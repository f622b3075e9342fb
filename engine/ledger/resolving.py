"""From the settings of a task, templates rendered, to what is to be done: defaults filled in, alternatives chosen.

The defaults and the words are those of the Formance contract. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from designer.graph.model import Json

LEDGER: Final = "default"
UPDATE_LEDGER: Final = "main"
THROUGH: Final = "world"
BALANCE: Final = "main"
PAYMENT_LEDGER: Final = "orchestration-000-internal"
METADATA_KEY: Final = "formanceAccountID"
WAYS: Final = ("account", "wallet", "payment")
TRANSFER_TYPES: Final = ("TRANSFER", "PAYOUT")
MOST_DIGITS: Final = 400


class Unresolved(ValueError):
    """A setting is missing, or not what it should be. The text says which."""


def resolve_transfer(settings: Mapping[str, Json]) -> dict[str, Any]:
    """`{source, destination, amount?, metadata, timestamp?}`, each with all of its fields. Raises `Unresolved`."""
    found: dict[str, Any] = {
        "source": _side("source", settings.get("source")),
        "destination": _side("destination", settings.get("destination")),
        "metadata": _texts("metadata", settings.get("metadata")),
    }
    amount = _amount(settings.get("amount"))
    if amount is not None:
        found["amount"] = amount
    timestamp = _given(settings, "timestamp")
    if timestamp is not None:
        found["timestamp"] = _timestamp(timestamp)
    return found


def resolve_update(settings: Mapping[str, Json]) -> dict[str, Any]:
    """`{account: {id, ledger}, metadata}`. Raises `Unresolved`."""
    account = settings.get("account")
    if not isinstance(account, Mapping):
        raise Unresolved("account is required")
    metadata = _texts("account.metadata", settings.get("metadata"))
    if not metadata:
        raise Unresolved("account.metadata is required")
    resolved = {"id": _required(account, "id", "account.id"), "ledger": _text(account, "ledger", UPDATE_LEDGER)}
    return {"account": resolved, "metadata": metadata}


def _side(name: str, raw: Json) -> dict[str, Any]:
    given = [way for way in WAYS if isinstance(raw, Mapping) and isinstance(raw.get(way), Mapping)]
    if len(given) != 1:
        raise Unresolved(f"{name}: exactly one of {' or '.join(WAYS)} is required")
    way = given[0]
    part = raw[way]
    place = f"{name}.{way}"
    if way == "account":
        return {way: _account(part, place, LEDGER)}
    if way == "wallet":
        return {way: _wallet(part, place)}
    return {way: _payment_source(part, place) if name == "source" else _payment_destination(part, place)}


def _account(part: Mapping[str, Json], place: str, ledger: str) -> dict[str, Any]:
    return {
        "id": _required(part, "id", f"{place}.id"),
        "ledger": _text(part, "ledger", ledger),
        "through_account": _text(part, "through_account", THROUGH),
        "allow_overdraft": part.get("allow_overdraft") is True,
    }


def _wallet(part: Mapping[str, Json], place: str) -> dict[str, Any]:
    id, name = _text(part, "id", ""), _text(part, "name", "")
    if bool(id) == bool(name):
        raise Unresolved(f"{place}: exactly one of id or name is required")
    return {**({"id": id} if id else {"name": name}), "balance": _text(part, "balance", BALANCE)}


def _payment_source(part: Mapping[str, Json], place: str) -> dict[str, Any]:
    found = _account(part, place, PAYMENT_LEDGER)
    holding = _text(part, "holding_account", f"payment:{found['id'].replace('-', '_')}")
    return {**found, "holding_account": holding}


def _payment_destination(part: Mapping[str, Json], place: str) -> dict[str, Any]:
    type = _text(part, "type", TRANSFER_TYPES[0])
    if type not in TRANSFER_TYPES:
        raise Unresolved(f"{place}.type: {' or '.join(TRANSFER_TYPES)} is required")
    found = {
        "psp": _required(part, "psp", f"{place}.psp"),
        "type": type,
        "metadata_key": _text(part, "metadata_key", METADATA_KEY),
        "waiting_validation": part.get("waiting_validation") is True,
    }
    more = {key: _text(part, key, "") for key in ("source_account", "connector")}
    return {**found, **{key: value for key, value in more.items() if value}}


def _amount(raw: Json) -> dict[str, str] | None:
    if not isinstance(raw, Mapping):
        return None
    amount, asset = _given(raw, "amount"), _given(raw, "asset")
    if amount is None and asset is None:
        return None
    if amount is None:
        raise Unresolved("amount.amount is required")
    if asset is None:
        raise Unresolved("amount.asset is required")
    return {"amount": _whole(amount), "asset": str(asset)}


def _whole(value: Json) -> str:
    if isinstance(value, float):
        value = int(value)
    text = str(value)
    if isinstance(value, bool) or len(text) > MOST_DIGITS or not re.fullmatch(r"[+-]?[0-9]+", text):
        raise Unresolved(f"resolving field 'Amount': unable to parse '{text[:60]}' as big int")
    return str(int(text))


def _timestamp(value: Json) -> str:
    try:
        found = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Unresolved("resolving field 'Timestamp': expected date as rfc3339 format")
    return str(value)


def _given(part: Mapping[str, Json], key: str) -> Json:
    value = part.get(key)
    return None if value == "" else value


def _text(part: Mapping[str, Json], key: str, default: str) -> str:
    value = _given(part, key)
    return default if value is None else str(value)


def _required(part: Mapping[str, Json], key: str, place: str) -> str:
    value = _given(part, key)
    if value is None:
        raise Unresolved(f"{place} is required")
    return str(value)


def _texts(place: str, raw: Json) -> dict[str, str]:
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        raise Unresolved(f"resolving field '{place}': expecting map")
    return {
        key: str(value) for key, value in raw.items() if not isinstance(value, (Mapping, Sequence)) or _is_text(value)
    }


def _is_text(value: Json) -> bool:
    return isinstance(value, str)
