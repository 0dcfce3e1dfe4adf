"""`Idempotency-Key`: the same request sent twice has one effect and one answer.

The key is bound to principal, method, path and body, and stored in the transaction of the effect, so a crash leaves either
both or neither. Kept 24 h. Stored: 2xx and 422. Not stored: 401, 403, 409, 429 and 5xx, so a retry may still succeed.

    @router.post("/v1/orders", status_code=201)
    async def place(body: NewOrder, principal: CurrentPrincipal, once: Once) -> Response:
        return await once.run(lambda tx: place_order(tx, principal, body), OrderView.of, status=201)

Where a provider is called between two transactions, the first calls `begin`, the second `finish`. An answer that shows a secret
which lies nowhere else as it is, is kept sealed: `once.run(…, sealing=…)`.
"""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

from fastapi import Depends, Request, Response
from pydantic import BaseModel
from sqlalchemy import ColumnElement, bindparam, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from common.db import Database, Transaction, moment
from common.house_tables import idempotency_keys as keys
from common.postgres import Asked, Conversation
from common.problems import problem_response
from common.refusals import BadRequest, Conflict, Refusal, Unprocessable
from common.sealing import NONCE_BYTES, NotSealedHere, Sealing

KEPT = timedelta(hours=24)
_LEASE = timedelta(seconds=60)
_QUOTED = re.compile(r'^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$')
_JSON = "application/json"
_SEALED = "application/vnd.lanyard.sealed"
_PURPOSE = "answer to a request with a key"
_BARE = re.compile(r"^[\x21-\x7e]{1,255}$")

Result = TypeVar("Result")


class IdempotencyKeyMissing(BadRequest):
    """Send an `Idempotency-Key` header with this request, so that a retry has one effect."""

    code = "idempotency.key_missing"


class IdempotencyKeyMalformed(BadRequest):
    """An `Idempotency-Key` is a quoted string or a bare token of 1 to 255 visible characters."""

    code = "idempotency.key_malformed"


class IdempotencyKeyReused(Unprocessable):
    """This `Idempotency-Key` was used for another request. Take a new key for a new request."""

    code = "idempotency.key_reused"


class RequestStillRunning(Conflict):
    """The first request with this `Idempotency-Key` is still running. Try again in a moment."""

    code = "idempotency.still_running"


class AnswerGone(Conflict):
    """The first request with this `Idempotency-Key` was carried out; its answer held a secret and can be shown no more."""

    code = "idempotency.answer_gone"


class _NotNew(Exception):
    """The key is known, or somebody is about to take it: what it stands for is to be looked up."""


class StoredAnswer(Exception):
    """The request was answered before; this is that answer. Not a refusal: the service hands it out again."""

    def __init__(self, response: Response) -> None:
        super().__init__("answered before")
        self.response = response


def parse_key(header: str | None) -> str:
    """The key of a header; quoted and bare spelling are the same key. Refuses absent and malformed ones."""
    if header is None or not header.strip():
        raise IdempotencyKeyMissing()
    value = header.strip()
    quoted = _QUOTED.match(value)
    if quoted:
        value = re.sub(r"\\(.)", r"\1", quoted.group(1))
    elif value.startswith('"') or not _BARE.match(value):
        raise IdempotencyKeyMalformed()
    if not 1 <= len(value) <= 255:
        raise IdempotencyKeyMalformed()
    return value


class OnceOnly:
    """One request that carries a key."""

    def __init__(self, database: Database, principal: str, key: str, fingerprint: str) -> None:
        self._database = database
        self._principal = principal
        self._key = key
        self._fingerprint = fingerprint
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
            action: may begin and be undone at its first statement, where the key turns out to be known.
            sealing: what the answer is kept sealed with, where it shows a secret. Raises AnswerGone when it opens no more.
        """
        self._sealing = sealing
        try:
            try:
                body = await self._at_once(action, view, status)
            except _NotNew:
                async with self._database.transaction() as transaction:
                    await self.begin(transaction)
                    body = await self._effect(transaction, action, view, status)
        except StoredAnswer as stored:
            return stored.response
        except Refusal as refusal:
            return await self.refused(refusal)
        return Response(body, status, media_type=_JSON)

    async def _at_once(
        self,
        action: Callable[[Transaction], Awaitable[Result]],
        view: Callable[[Result], BaseModel],
        status: int,
    ) -> str:
        """The effect under a key that nobody knows yet, as nearly all are: taken in the round trip of the action's first
        statement and ahead of it. Raises _NotNew, and nothing was done, where somebody knows it, or where the action
        refused before it said anything: the key may stand for an answer all the same."""
        claim: Asked[bool] | None = None
        try:
            async with self._database.transaction() as transaction:
                claim = transaction.ask(_CLAIM_NEW, self._claim_at(transaction.now), lambda _: True)
                return await self._effect(transaction, action, view, status)
        except DBAPIError as error:
            if (error.statement or "").startswith(_CLAIMING):
                raise _NotNew from None
            raise
        except Refusal:
            if claim is None or not claim.arrived:
                raise _NotNew from None
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

    async def begin(self, transaction: Transaction) -> None:
        """Claim the key in this transaction.

        Raises:
            StoredAnswer: it was answered before.
            IdempotencyKeyReused: it stands for another request.
            RequestStillRunning: another request with it is under way.
        """
        values = {**self._claim_at(transaction.now), "expired": transaction.now - KEPT}
        if await transaction.connection.scalar(_CLAIM, values) is None:
            await self._answer_from(transaction.connection)

    def _claim_at(self, now: datetime) -> dict[str, object]:
        self._leased_until = now + _LEASE
        return {
            "principal": self._principal,
            "key": self._key,
            "fingerprint": self._fingerprint,
            "lock": f"idempotency {self._principal} {self._key}",
            "now": now,
            "leased_until": self._leased_until,
        }

    async def finish(self, transaction: Transaction, status: int, body: str) -> None:
        """Store the answer in the transaction of the effect."""
        kept, media_type = body, _JSON
        if self._sealing is not None:
            sealed = self._sealing.seal(
                _PURPOSE, body.encode(), transaction.entropy.bytes(NONCE_BYTES), self._bound_to()
            )
            kept, media_type = base64.b64encode(sealed).decode(), _SEALED
        values = {"own_principal": self._principal, "own_key": self._key, "status": status, "body": kept}
        transaction.post(_FINISH, values | {"media_type": media_type})

    async def release(self, transaction: Transaction) -> None:
        """Give the key back after a failure that a retry may overcome; not if our lease ended and someone else resumed."""
        ours = self._mine() & (keys.c.leased_until == self._leased_until)
        await transaction.execute(delete(keys).where(ours, keys.c.status.is_(None)))

    async def refused(self, refusal: Refusal) -> Response:
        """Raise the refusal again, unless it is a 422: that one is stored as the answer and returned."""
        if refusal.status != 422 or isinstance(refusal, IdempotencyKeyReused):
            raise refusal
        response = problem_response(refusal)
        await self.store_unprocessable(response)
        return response

    async def store_unprocessable(self, response: Response) -> None:
        """Store a 422 as the answer to this key, where no other is stored."""
        async with self._database.transaction() as transaction:
            statement = insert(keys).values(
                principal=self._principal,
                key=self._key,
                fingerprint=self._fingerprint,
                created_at=transaction.now,
                status=422,
                body=bytes(response.body).decode(),
                media_type="application/problem+json",
            )
            settled = {"status": 422, "body": statement.excluded.body, "media_type": "application/problem+json"}
            statement = statement.on_conflict_do_update(
                constraint="pk_idempotency_keys",
                set_={**settled, "leased_until": None},
                where=keys.c.status.is_(None) & (keys.c.fingerprint == self._fingerprint),
            )
            await transaction.execute(statement)

    async def stored(self) -> Response | None:
        """The stored answer to this very request, if there is one: for a body that cannot be read. Raises IdempotencyKeyReused."""
        async with self._database.transaction() as transaction:
            fresh = keys.c.created_at >= transaction.now - KEPT
            row = await transaction.one(select(keys).where(self._mine(), fresh))
        if row is None:
            return None
        if row.fingerprint != self._fingerprint:
            raise IdempotencyKeyReused()
        return None if row.status is None else self._replayed(row.status, row.body, row.media_type)

    async def _answer_from(self, connection: Conversation) -> None:
        row = (await connection.execute(select(keys).where(self._mine()))).first()
        if row is None:
            raise RequestStillRunning(retry_after=1)
        if row.fingerprint != self._fingerprint:
            raise IdempotencyKeyReused()
        if row.status is None:
            raise RequestStillRunning(retry_after=1)
        raise StoredAnswer(self._replayed(row.status, row.body, row.media_type))

    def _replayed(self, status: int, body: str, media_type: str) -> Response:
        if media_type == _SEALED:
            body, media_type = self._opened(body), _JSON
        return Response(body, status, headers={"Idempotency-Replayed": "true"}, media_type=media_type)

    def _opened(self, kept: str) -> str:
        if self._sealing is None:
            raise AnswerGone()
        try:
            return self._sealing.unseal(_PURPOSE, base64.b64decode(kept), self._bound_to()).decode()
        except NotSealedHere:
            raise AnswerGone() from None

    def _bound_to(self) -> bytes:
        return f"{self._principal}\0{self._key}".encode()

    def _mine(self) -> ColumnElement[bool]:
        return (keys.c.principal == self._principal) & (keys.c.key == self._key)


_MOMENTS = (bindparam("now", type_=moment()), bindparam("leased_until", type_=moment()))
_CLAIMING = "INSERT INTO idempotency_keys (principal, key, fingerprint, created_at, leased_until)"
_CLAIM_NEW = text(f"""{_CLAIMING}
    SELECT :principal, CASE WHEN pg_try_advisory_xact_lock(hashtextextended(:lock, 0)) THEN :key END, :fingerprint, :now,
        :leased_until
""").bindparams(*_MOMENTS)
"""Take a key that is not there: fails where it is, and, by the null, where somebody is about to take it."""

_CLAIM = text("""
    INSERT INTO idempotency_keys AS known (principal, key, fingerprint, created_at, leased_until)
    SELECT :principal, :key, :fingerprint, :now, :leased_until
    WHERE pg_try_advisory_xact_lock(hashtextextended(:lock, 0))
    ON CONFLICT ON CONSTRAINT pk_idempotency_keys DO UPDATE
    SET fingerprint = excluded.fingerprint, created_at = excluded.created_at, leased_until = excluded.leased_until,
        status = NULL, media_type = NULL, body = NULL
    WHERE known.created_at < :expired
       OR (known.status IS NULL AND known.leased_until < :now AND known.fingerprint = excluded.fingerprint)
    RETURNING key
""").bindparams(*_MOMENTS, bindparam("expired", type_=moment()))
"""Take the key, in one statement: when it is new, when it is older than 24 h, or when whoever held it never finished.

The advisory lock makes a second request with the same key find it taken instead of waiting for the first to commit.
"""

_FINISH = (
    update(keys)
    .where(keys.c.principal == bindparam("own_principal"), keys.c.key == bindparam("own_key"))
    .values(status=bindparam("status"), body=bindparam("body"), media_type=bindparam("media_type"), leased_until=None)
)


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


async def forget_old(connection: Conversation, now: datetime) -> int:
    """Delete keys older than 24 h; how many."""
    result = await connection.execute(delete(keys).where(keys.c.created_at < now - KEPT))
    return result.rowcount
