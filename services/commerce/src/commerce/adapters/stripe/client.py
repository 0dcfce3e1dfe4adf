"""Calls to Stripe's API: form bodies there, JSON back, one pinned version.

Our own few lines and not Stripe's library, which is 17 MB and brings its own HTTP client past the guard, the deadline
and the traces of `common.outgoing` (ADR 16). What Stripe answers is never logged: its messages quote what was sent.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from commerce.errors import ProviderAway, ProviderRefused, ProviderUnreadable
from common.outgoing import Answer, AnswerMalformed, Outgoing
from common.telemetry import logger

log = logger("stripe")

API_VERSION: Final = "2026-10-28.endive"
"""The shape of objects and events is that of this version until somebody reads Stripe's list of changes and moves it."""

_PAGE: Final = 100
_MOST_PAGES: Final = 1000
_FOR_GOOD: Final = (400, 402, 404)
"""What Stripe refuses so it did not do, and will not do when asked again. Everything else leaves that open."""

Values = Mapping[str, object]


class StripeClient:
    """Stripe with one secret key. Safe for many callers at once."""

    def __init__(self, outgoing: Outgoing, *, secret_key: str, api_url: str) -> None:
        self._outgoing = outgoing
        self._secret_key = secret_key
        self._url = api_url.rstrip("/")

    async def get(self, path: str, **values: object) -> dict[str, Any]:
        """Read an object. Raises ProviderRefused, ProviderAway, ProviderUnreadable and the refusals of `Outgoing`."""
        query = urlencode(list(_flat(values)))
        return await self._call("GET", f"{path}?{query}" if query else path, b"", None)

    async def post(self, path: str, values: Values, *, key: str) -> dict[str, Any]:
        """Do something once: repeated with the same key, Stripe repeats its answer for a day. Raises as `get`."""
        return await self._call("POST", path, urlencode(list(_flat(values))).encode(), key)

    async def list(self, path: str, **values: object) -> list[dict[str, Any]]:
        """All of a list, page by page. Raises as `get`."""
        found: list[dict[str, Any]] = []
        after: dict[str, object] = {}
        for _ in range(_MOST_PAGES):
            page = await self.get(path, limit=_PAGE, **values, **after)
            items: list[dict[str, Any]] = page["data"]
            found += items
            if not page.get("has_more") or not items:
                return found
            after = {"starting_after": items[-1]["id"]}
        raise ProviderUnreadable()

    async def _call(self, method: str, path: str, body: bytes, key: str | None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._secret_key}", "Stripe-Version": API_VERSION}
        if body or method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if key is not None:
            headers["Idempotency-Key"] = key
        answer = await self._outgoing.request(method, f"{self._url}{path}", headers=headers, body=body)
        told = _json_of(answer)
        if answer.status == 200:
            return told
        kind, code = _error_of(told)
        log.warning("stripe refused a call", method=method, status=answer.status, kind=kind, error=code)
        # A key used before with other values is our own fault, and says nothing of what was done under it.
        if answer.status in _FOR_GOOD and kind != "idempotency_error":
            raise ProviderRefused(reason=code)
        raise ProviderAway()


def _json_of(answer: Answer) -> dict[str, Any]:
    try:
        told = answer.json()
    except AnswerMalformed:
        told = None
    if isinstance(told, dict):
        return told
    raise ProviderUnreadable() if answer.status < 500 else ProviderAway()


def _error_of(told: Mapping[str, Any]) -> tuple[str, str]:
    """Its kind and its code, two short words; the message is left alone."""
    error = told.get("error")
    error = error if isinstance(error, dict) else {}
    kind = str(error.get("type", "unknown"))[:64]
    return kind, str(error.get("code") or kind)[:64]


def _flat(values: Values, inside: str = "") -> Iterator[tuple[str, str]]:
    """Stripe's way to write what is nested: `line_items[0][price_data][currency]=ngn`."""
    for name, value in values.items():
        key = f"{inside}[{name}]" if inside else name
        if isinstance(value, Mapping):
            yield from _flat(value, key)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield from _flat({str(place): item for place, item in enumerate(value)}, key)
        elif value is not None:
            yield key, str(value)
