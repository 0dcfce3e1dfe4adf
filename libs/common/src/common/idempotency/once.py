"""One request that carries a key: done once, and answered the same each time."""

import base64
import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Depends, Request, Response
from pydantic import BaseModel
from sqlalchemy.engine import Row
from sqlalchemy.exc import DBAPIError

from common.db import Database, Transaction
from common.idempotency import store
from common.idempotency.errors import AnswerGone, IdempotencyKeyReused, RequestStillRunning, StoredAnswer
from common.idempotency.header import parse_key
from common.idempotency.store import Answer, Key
from common.postgres import Asked, Unexpected
from common.problems import problem_response
from common.refusals import Refusal
from common.sealing import NONCE_BYTES, NotSealedHere, Sealing

_JSON = "application/json"
_SEALED = "application/vnd.lanyard.sealed"
_PURPOSE = "answer to a request with a key"

Result = TypeVar("Result")


class _NotAtOnce(Exception):
    """The key is known, or somebody is about to take it, or the action expected something that is not so: nothing was done."""


class OnceOnly:
    """One request that carries a key."""

    def __init__(self, database: Database, principal: str, key: str, fingerprint: str) -> None:
        self._database = database
        self._key = Key(principal, key, fingerprint)
        self._leased_until: datetime | None = None
        self._sealing: Sealing | None = None

    async def run(
        self,
        action: Callable[[Transaction], Awaitable[Result]],
        view: Callable[[Result], BaseModel],
        *,
        status: int,
        sealing: Sealing | None = None,
    ) -> Response:
        """Do `action` and store its answer in one transaction, or hand out what was stored before.

        Args:
            action: may begin and be undone at its first statement, where the key turns out to be known, and at its end, where
                something is other than it expected. It is optimistic the first time only.
            sealing: what the answer is kept sealed with, where it shows a secret. Raises AnswerGone when it opens no more.
        """
        self._sealing = sealing
        try:
            try:
                body = await self._at_once(action, view, status)
            except _NotAtOnce:
                async with self._database.transaction() as transaction:
                    await self.begin(transaction)
                    body = await self._effect(transaction, action, view, status)
        except StoredAnswer as stored:
            return stored.response
        except Refusal as refusal:
            return await self.refused(refusal)
        return Response(body, status, media_type=_JSON)

    async def begin(self, transaction: Transaction) -> None:
        """Claim the key in this transaction.

        Raises:
            StoredAnswer: it was answered before.
            IdempotencyKeyReused: it stands for another request.
            RequestStillRunning: another request with it is under way.
        """
        self._leased_until = store.lease_from(transaction.now)
        if await store.claim(transaction.connection, self._key, transaction.now):
            return
        row = await store.find(transaction.connection, self._key)
        if row is not None and row.fingerprint != self._key.fingerprint:
            raise IdempotencyKeyReused()
        if row is None or row.status is None:
            raise RequestStillRunning(retry_after=1)
        raise StoredAnswer(self._replayed(row))

    async def finish(self, transaction: Transaction, status: int, body: str) -> None:
        """Store the answer in the transaction of the effect."""
        answer = Answer(status, body, _JSON)
        if self._sealing is not None:
            nonce = transaction.entropy.bytes(NONCE_BYTES)
            sealed = self._sealing.seal(_PURPOSE, body.encode(), nonce, self._bound_to())
            answer = Answer(status, base64.b64encode(sealed).decode(), _SEALED)
        store.keep(transaction.connection, self._key, answer)

    async def release(self, transaction: Transaction) -> None:
        """Give the key back after a failure that a retry may overcome; not if our lease ended and someone else resumed."""
        if self._leased_until is not None:
            await store.release(transaction.connection, self._key, self._leased_until)

    async def refused(self, refusal: Refusal) -> Response:
        """Raise the refusal again, unless it is a 422: that one is stored as the answer and returned."""
        if refusal.status != 422 or isinstance(refusal, IdempotencyKeyReused):
            raise refusal
        response = problem_response(refusal)
        await self.store_unprocessable(response)
        return response

    async def store_unprocessable(self, response: Response) -> None:
        """Store a 422 as the answer to this key, where no other is stored."""
        answer = Answer(422, bytes(response.body).decode(), "application/problem+json")
        async with self._database.transaction() as transaction:
            await store.keep_where_none_is(transaction.connection, self._key, answer, transaction.now)

    async def stored(self) -> Response | None:
        """The stored answer to this very request, if there is one: for a body that cannot be read. Raises IdempotencyKeyReused."""
        async with self._database.transaction() as transaction:
            row = await store.find(transaction.connection, self._key)
            if row is None or row.created_at < transaction.now - store.KEPT:
                return None
        if row.fingerprint != self._key.fingerprint:
            raise IdempotencyKeyReused()
        return None if row.status is None else self._replayed(row)

    async def _at_once(
        self, action: Callable[[Transaction], Awaitable[Result]], view: Callable[[Result], BaseModel], status: int
    ) -> str:
        """The effect under a key that nobody knows yet, as nearly all are. Raises _NotAtOnce, and nothing was done, where somebody
        knows it; where the action refused before it said anything, for the key may stand for an answer all the same; and where
        the action expected too much."""
        claim: Asked[bool] | None = None
        try:
            async with self._database.transaction(optimistic=True) as transaction:
                claim = store.ask_for_new(transaction.connection, self._key, transaction.now)
                return await self._effect(transaction, action, view, status)
        except Unexpected:
            raise _NotAtOnce from None
        except DBAPIError as error:
            if store.is_known(error):
                raise _NotAtOnce from None
            raise
        except Refusal:
            if claim is None or not claim.arrived:
                raise _NotAtOnce from None
            raise

    async def _effect(
        self,
        transaction: Transaction,
        action: Callable[[Transaction], Awaitable[Result]],
        view: Callable[[Result], BaseModel],
        status: int,
    ) -> str:
        body = view(await action(transaction)).model_dump_json(by_alias=True)
        await self.finish(transaction, status, body)
        return body

    def _replayed(self, row: Row[tuple[object, ...]]) -> Response:
        body, media_type = row.body, row.media_type
        if media_type == _SEALED:
            body, media_type = self._opened(body), _JSON
        return Response(body, row.status, headers={"Idempotency-Replayed": "true"}, media_type=media_type)

    def _opened(self, kept: str) -> str:
        if self._sealing is None:
            raise AnswerGone()
        try:
            return self._sealing.unseal(_PURPOSE, base64.b64decode(kept), self._bound_to()).decode()
        except NotSealedHere:
            raise AnswerGone() from None

    def _bound_to(self) -> bytes:
        return f"{self._key.principal}\0{self._key.name}".encode()


async def once_only(request: Request) -> OnceOnly:
    """The dependency behind `Once`: reads the key and binds it to this very request."""
    state = request.app.state
    principal = state.authenticator.authenticate(request.headers.get("authorization"), state.clock.now())
    # Of two keys nobody could say which one a retry means: joined as one list they are malformed.
    key = parse_key(", ".join(request.headers.getlist("idempotency-key")))
    content = request.method.encode() + b"\0" + request.url.path.encode() + b"\0" + await request.body()
    once = OnceOnly(state.database, principal.actor, key, hashlib.sha256(content).hexdigest())
    request.state.once = once
    return once


Once = Annotated[OnceOnly, Depends(once_only)]
