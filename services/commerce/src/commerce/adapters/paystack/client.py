"""Calls to Paystack's API: JSON both ways, every answer in one envelope.

There are no idempotency keys. Whatever must happen once is kept so by a reference of ours that is unique there, or is
looked for before it is asked for. What Paystack answers is never logged: it quotes names and addresses.
"""

import json
from typing import Any, Final
from urllib.parse import urlencode

from commerce.errors import ProviderAway, ProviderRefused, ProviderUnreadable
from common.outgoing import AnswerMalformed, Outgoing
from common.telemetry import logger

log = logger("paystack")

_PAGE: Final = 100
_MOST_PAGES: Final = 1000
_FOR_GOOD: Final = (400, 402, 404, 422)


class PaystackClient:
    """Paystack with one secret key. Safe for many callers at once."""

    def __init__(self, outgoing: Outgoing, *, secret_key: str, api_url: str) -> None:
        self._outgoing = outgoing
        self._secret_key = secret_key
        self._url = api_url.rstrip("/")

    async def get(self, path: str, **values: object) -> Any:
        """The `data` of an answer. Raises ProviderRefused, ProviderAway, ProviderUnreadable, the refusals of `Outgoing`."""
        return (await self._call("GET", path + (f"?{urlencode(values)}" if values else ""), None))["data"]

    async def post(self, path: str, values: dict[str, object]) -> Any:
        """The `data` of an answer. Raises as `get`."""
        return (await self._call("POST", path, values))["data"]

    async def list(self, path: str, **values: object) -> list[dict[str, Any]]:
        """All of a list, page by page. Raises as `get`."""
        found: list[dict[str, Any]] = []
        for page in range(1, _MOST_PAGES + 1):
            items: list[dict[str, Any]] = await self.get(path, perPage=_PAGE, page=page, **values)
            found += items
            if len(items) < _PAGE:
                return found
        raise ProviderUnreadable()

    async def _call(self, method: str, path: str, values: dict[str, object] | None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._secret_key}", "Content-Type": "application/json"}
        body = b"" if values is None else json.dumps(values).encode()
        answer = await self._outgoing.request(method, f"{self._url}{path}", headers=headers, body=body)
        try:
            told = answer.json()
        except AnswerMalformed:
            told = None
        if answer.status in (200, 201) and isinstance(told, dict) and told.get("status") is True and "data" in told:
            return told
        code = str(told.get("code", "refused"))[:64] if isinstance(told, dict) else "unreadable"
        log.warning("paystack refused a call", method=method, status=answer.status, error=code)
        if answer.status in _FOR_GOOD:
            raise ProviderRefused(reason=code)
        raise ProviderUnreadable() if answer.status < 400 else ProviderAway()
