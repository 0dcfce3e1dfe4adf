"""Google's Wallet API: classes and objects, put by id, with a token that a service account's signed word buys.

https://developers.google.com/wallet/reference/rest and https://developers.google.com/identity/protocols/oauth2/service-account
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, urlencode

from common.clock import Clock
from common.outgoing import Answer, Outgoing
from wallet.errors import GoogleRefused
from wallet.formats.service_account import ServiceAccount

_SCOPE: Final = "https://www.googleapis.com/auth/wallet_object.issuer"
_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTED_FOR: Final = timedelta(minutes=10)
_RENEWED_BEFORE: Final = timedelta(minutes=2)

Resource = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Bearer:
    token: str
    good_until: datetime


class GoogleApi:
    """The part of the API that keeps event tickets up to date."""

    def __init__(
        self, outgoing: Outgoing, account: ServiceAccount, clock: Clock, *, base_url: str, token_url: str
    ) -> None:
        """`base_url` is `https://walletobjects.googleapis.com` or a stand-in, without a slash at its end."""
        self._outgoing = outgoing
        self._account = account
        self._clock = clock
        self._base = f"{base_url.rstrip('/')}/walletobjects/v1"
        self._token_url = token_url
        self._bearer: _Bearer | None = None
        self._renewing = asyncio.Lock()

    async def put_class(self, body: Resource) -> None:
        """Make Google's class equal to `body`. Raises GoogleRefused and the refusals of `common.outgoing`."""
        await self._put("eventTicketClass", body)

    async def put_object(self, body: Resource) -> None:
        """Make Google's object equal to `body`. Raises as `put_class`."""
        await self._put("eventTicketObject", body)

    async def _put(self, kind: str, body: Resource) -> None:
        one = f"{kind}/{quote(str(body['id']), safe='')}"
        answer = await self._send("PUT", one, body)
        if answer.status == 404:
            answer = await self._send("POST", kind, body)
            if answer.status == 409:
                # Somebody else inserted it in between; now it is there to be replaced.
                answer = await self._send("PUT", one, body)
        if answer.status != 200:
            raise GoogleRefused(status=answer.status, retry_after=30)

    async def _send(self, method: str, path: str, body: Resource) -> Answer:
        answer = await self._send_as(await self._token(), method, path, body)
        if answer.status == 401:
            # Google may take a token back before its time; a new one is asked for once.
            self._bearer = None
            answer = await self._send_as(await self._token(), method, path, body)
        return answer

    async def _send_as(self, token: str, method: str, path: str, body: Resource) -> Answer:
        headers = {"Authorization": f"Bearer {token}"}
        return await self._outgoing.post_json(f"{self._base}/{path}", body, headers=headers, method=method)

    async def _token(self) -> str:
        async with self._renewing:
            now = self._clock.now()
            if self._bearer is None or self._bearer.good_until <= now:
                self._bearer = await self._buy(now)
            return self._bearer.token

    async def _buy(self, now: datetime) -> _Bearer:
        claims = {
            "iss": self._account.email,
            "scope": _SCOPE,
            "aud": self._token_url,
            "iat": int(now.timestamp()),
            "exp": int((now + _ASSERTED_FOR).timestamp()),
        }
        form = urlencode({"grant_type": _GRANT, "assertion": self._account.sign(claims)})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await self._outgoing.request("POST", self._token_url, headers=headers, body=form.encode())
        if answer.status != 200:
            raise GoogleRefused(status=answer.status, retry_after=30)
        granted = answer.json()
        try:
            lasts = timedelta(seconds=int(granted["expires_in"]))
            return _Bearer(str(granted["access_token"]), now + lasts - _RENEWED_BEFORE)
        except (KeyError, TypeError, ValueError):
            raise GoogleRefused(status=answer.status, retry_after=30) from None
