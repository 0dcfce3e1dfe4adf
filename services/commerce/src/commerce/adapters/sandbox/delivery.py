"""Sends the sandbox's webhooks to where a real provider would: our public address."""

import asyncio

from commerce.adapters.sandbox import store
from commerce.adapters.sandbox.provider import SIGNATURE_HEADER
from commerce.adapters.sandbox.store import WaitingNotice
from commerce.formats.webhook_signature import sign
from common.db import Database
from common.outgoing import Outgoing
from common.refusals import Refusal

AT_ONCE = 8


class Delivery:
    """The sandbox's postman."""

    def __init__(self, database: Database, outgoing: Outgoing, *, secret: str, gateway_url: str) -> None:
        self._database = database
        self._outgoing = outgoing
        self._secret = secret
        self._url = f"{gateway_url.rstrip('/')}/v1/payments/webhooks/sandbox"

    async def deliver(self) -> int:
        """Send what is due, a few at a time; how many."""
        async with self._database.transaction() as tx:
            waiting = await store.take_some_notices(tx, AT_ONCE)
        await asyncio.gather(*(self._send(notice) for notice in waiting))
        return len(waiting)

    async def _send(self, notice: WaitingNotice) -> None:
        body = notice.body.encode()
        signature = sign(body, self._secret, self._database.clock.now())
        headers = {"Content-Type": "application/json", SIGNATURE_HEADER: signature}
        try:
            answer = await self._outgoing.request("POST", self._url, headers=headers, body=body)
            said, taken = str(answer.status), 200 <= answer.status < 300
        except Refusal as refusal:
            said, taken = str(refusal), False
        async with self._database.transaction() as tx:
            await store.record_answer(tx, notice, said, taken=taken)
