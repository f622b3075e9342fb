"""A Formance server as the ledger: every activity is one call of its API, writes under an `Idempotency-Key`."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

from django.conf import settings

from accounts.clean_json import BadJson, clean_json
from accounts.outbound import OutboundError, OutboundRequest, OutboundResponse, send
from designer.graph.model import Json
from engine.ledger.errors import KNOWN, Conflict, InsufficientFunds, Invalid, LedgerRefused, NotFound, OutsideTrouble

TIMEOUT_SECONDS: Final = 30.0
LARGEST_ANSWER: Final = 4 * 1024 * 1024
SCOPES: Final = "ledger:read ledger:write wallets:read wallets:write payments:read payments:write"
EARLY_SECONDS: Final = 60
NOT_RETRIED: Final = ("VALIDATION", "CONFLICT", "NO_SCRIPT", "COMPILATION_FAILED")


@dataclass(slots=True)
class _Tokens:
    """Tokens by server and client, until shortly before they expire."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    known: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)


_tokens: Final = _Tokens()


@dataclass(frozen=True, slots=True)
class Outside:
    """A Formance server. As `engine.ledger.backend.Backend`."""

    url: str
    client_id: str
    client_secret: str

    def get_account(self, ledger: str, address: str) -> Json:
        """As `Backend`."""
        path = f"/api/ledger/v2/{quote(ledger, safe='')}/accounts/{quote(address, safe=':')}?expand=volumes"
        return self._call("GET", path)["data"]

    def add_account_metadata(self, ledger: str, address: str, metadata: Mapping[str, str], key: str) -> None:
        """As `Backend`."""
        path = f"/api/ledger/v2/{quote(ledger, safe='')}/accounts/{quote(address, safe=':')}/metadata"
        self._call("POST", path, dict(metadata), key=key)

    def create_transaction(self, ledger: str, data: Mapping[str, Json], key: str) -> Json:
        """As `Backend`."""
        path = f"/api/ledger/v2/{quote(ledger, safe='')}/transactions"
        return self._call("POST", path, dict(data), key=key)["data"]

    def get_wallet(self, id: str) -> Json:
        """As `Backend`."""
        return self._call("GET", f"/api/wallets/wallets/{quote(id, safe='')}")["data"]

    def list_wallets(self, name: str) -> list[Json]:
        """As `Backend`."""
        found: list[Json] = self._call("GET", f"/api/wallets/wallets?{urlencode({'name': name})}")["cursor"]["data"]
        return found

    def credit_wallet(self, id: str, data: Mapping[str, Json], key: str) -> None:
        """As `Backend`."""
        self._call("POST", f"/api/wallets/wallets/{quote(id, safe='')}/credit", dict(data), key=key)

    def debit_wallet(self, id: str, data: Mapping[str, Json], key: str) -> Json:
        """As `Backend`."""
        answer = self._call("POST", f"/api/wallets/wallets/{quote(id, safe='')}/debit", dict(data), key=key)
        return None if answer is None else answer["data"]

    def get_payment(self, id: str) -> Json:
        """As `Backend`."""
        return self._call("GET", f"/api/payments/payments/{quote(id, safe='')}")["data"]

    def create_transfer_initiation(self, data: Mapping[str, Json], key: str) -> None:
        """As `Backend`. This service has no idempotency keys: the key is the transfer's reference, which is unique."""
        body = {
            "reference": key,
            "amount": data["amount"],
            "asset": data["asset"],
            "description": data.get("description", ""),
            "destinationAccountID": data["destination"],
            "sourceAccountID": data.get("source", ""),
            "provider": data["provider"],
            "type": data["type"],
            "metadata": data["metadata"],
            "validated": not data["waitingValidation"],
        }
        if "connectorID" in data:
            body["connectorID"] = data["connectorID"]
        try:
            self._call("POST", "/api/payments/transfer-initiations", body)
        except Conflict:
            return  # an earlier attempt got through

    # -- calls --------------------------------------------------------------------------------------------------------

    def _call(self, method: str, path: str, body: Json = None, *, key: str = "") -> Any:
        """The answer's JSON; None for an answer without a body. Raises `LedgerRefused`."""
        headers = {"Accept": "application/json"}
        if self.client_id:
            headers["Authorization"] = f"Bearer {self.token()}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        content = b"" if body is None else json.dumps(body).encode()
        answer = self._send(OutboundRequest(method, self.url.rstrip("/") + path, headers, content, **_LIMITS))
        if answer.status == 401:
            _tokens.known.pop((self.url, self.client_id), None)
            raise OutsideTrouble("the Formance server refused our credentials")
        if answer.status >= 400:
            raise _refusal(answer)
        return _json(answer) if answer.body else None

    def token(self) -> str:
        """A token of the server, kept until shortly before it expires. Raises `OutsideTrouble`."""
        with _tokens.lock:
            known, until = _tokens.known.get((self.url, self.client_id), ("", 0.0))
            if known and time.monotonic() < until:
                return known
            form = {
                "grant_type": "client_credentials",
                "client_id": self.client_id,
                "client_secret": self.client_secret,
                "scope": SCOPES,
            }
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
            url = f"{self.url.rstrip('/')}/api/auth/oauth/token"
            answer = self._send(OutboundRequest("POST", url, headers, urlencode(form).encode(), **_LIMITS))
            if answer.status >= 300:
                raise OutsideTrouble(f"the Formance server gave no token ({answer.status})")
            found = _json(answer)
            token = str(found["access_token"])
            until = time.monotonic() + max(0, float(found.get("expires_in", 3600)) - EARLY_SECONDS)
            _tokens.known[self.url, self.client_id] = (token, until)
            return token

    def _send(self, request: OutboundRequest) -> OutboundResponse:
        try:
            return send(request)
        except OutboundError as trouble:
            raise OutsideTrouble(f"the Formance server cannot be reached: {trouble}") from trouble


def bearer() -> dict[str, str]:
    """The header that proves who we are to the Formance server of this deployment; none where it asks for none.

    Raises `OutsideTrouble`.
    """
    if not settings.LEDGER_CLIENT_ID:
        return {}
    outside = Outside(settings.LEDGER_URL, settings.LEDGER_CLIENT_ID, settings.LEDGER_CLIENT_SECRET)
    return {"Authorization": f"Bearer {outside.token()}"}


_LIMITS: Final[dict[str, Any]] = {"timeout_seconds": TIMEOUT_SECONDS, "max_bytes": LARGEST_ANSWER}


def _json(answer: OutboundResponse) -> Any:
    try:
        return clean_json(answer.body, max_bytes=LARGEST_ANSWER)
    except BadJson as bad:
        raise OutsideTrouble(f"the Formance server answered no JSON: {bad}") from bad


def _refusal(answer: OutboundResponse) -> LedgerRefused:
    """What an error of the Formance API means: codes that are not retried fail the step, anything else may pass."""
    found = _json(answer) if answer.body else {}
    code = str(found.get("errorCode", "")) if isinstance(found, Mapping) else ""
    message = str(found.get("errorMessage", "")) if isinstance(found, Mapping) else ""
    message = message or f"the Formance server answered {answer.status}"
    if code.startswith("INSUFFICIENT_FUND"):
        return InsufficientFunds(message if "insufficient funds" in message else f"insufficient funds: {message}")
    if code in NOT_RETRIED:
        return KNOWN.get(code, Invalid)(message)
    return NotFound(message) if answer.status == 404 else OutsideTrouble(message)
