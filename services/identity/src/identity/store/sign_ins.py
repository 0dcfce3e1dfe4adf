"""Sign-ins and their refresh tokens."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.engine import Row

from common.db import Transaction
from common.ids import SignInId, UserId
from common.paging import newest_first
from common.schemas import Page, View
from identity.domain.policy import IDLE_LIFETIME
from identity.domain.sign_in import EndReason, RefreshToken, SignIn
from identity.tables import refresh_tokens, sign_ins

Shown = TypeVar("Shown", bound=View)


async def insert_sign_in(tx: Transaction, sign_in: SignIn, refresh_digest: bytes) -> None:
    """Keep a new sign-in with its first refresh token."""
    await tx.execute(
        insert(sign_ins).values(
            id=sign_in.id,
            user_id=sign_in.user_id,
            method=sign_in.method,
            device=sign_in.device,
            address=sign_in.address,
            created_at=sign_in.created_at,
            last_used_at=sign_in.last_used_at,
            expires_at=sign_in.expires_at,
        )
    )
    await insert_refresh_token(tx, sign_in.id, refresh_digest)


async def lock_sign_in(tx: Transaction, sign_in_id: SignInId) -> SignIn | None:
    """A sign-in, locked: its tokens are worked off one at a time."""
    row = await tx.one(select(sign_ins).where(sign_ins.c.id == sign_in_id).with_for_update())
    return _sign_in(row) if row else None


async def lock_live_sign_ins(tx: Transaction, user_id: UserId) -> list[SignIn]:
    """A person's sign-ins that have not ended, locked in the order of their ids."""
    live = (sign_ins.c.user_id == user_id) & sign_ins.c.ended_at.is_(None)
    rows = await tx.all(select(sign_ins).where(live).order_by(sign_ins.c.id).with_for_update())
    return [_sign_in(row) for row in rows]


async def lock_lapsed_sign_ins(tx: Transaction, limit: int) -> list[SignIn]:
    """Sign-ins whose time ran out and that nobody has ended yet, locked unless someone is at them."""
    lapsed = or_(sign_ins.c.expires_at <= tx.now, sign_ins.c.last_used_at <= tx.now - IDLE_LIFETIME)
    query = select(sign_ins).where(sign_ins.c.ended_at.is_(None), lapsed).limit(limit)
    return [_sign_in(row) for row in await tx.all(query.with_for_update(skip_locked=True))]


async def end_sign_in(tx: Transaction, sign_in: SignIn, reason: EndReason) -> SignIn:
    """End a sign-in and every token of it. Its row must be locked."""
    values = {"ended_at": tx.now, "end_reason": reason, "version": sign_ins.c.version + 1}
    statement = update(sign_ins).where(sign_ins.c.id == sign_in.id).values(**values)
    return _sign_in((await tx.execute(statement.returning(*sign_ins.c))).one())


async def touch_sign_in(tx: Transaction, sign_in_id: SignInId, address: str | None) -> None:
    """It was used just now, from there."""
    await tx.execute(update(sign_ins).where(sign_ins.c.id == sign_in_id).values(last_used_at=tx.now, address=address))


async def find_refresh_token(tx: Transaction, digest: bytes) -> RefreshToken | None:
    """The token of a digest."""
    row = await tx.one(select(refresh_tokens).where(refresh_tokens.c.digest == digest))
    return _refresh_token(row) if row else None


async def insert_refresh_token(tx: Transaction, sign_in_id: SignInId, digest: bytes) -> None:
    """Keep a token nobody has used yet."""
    await tx.execute(insert(refresh_tokens).values(digest=digest, sign_in_id=sign_in_id, created_at=tx.now))


async def use_refresh_token(
    tx: Transaction, token: RefreshToken, *, address: str | None, retry_id: str | None, nonce: bytes
) -> None:
    """Mark a token used; with the nonce its successor can be made again."""
    values = {"used_at": tx.now, "used_from": address, "retry_id": retry_id, "successor_nonce": nonce}
    await tx.execute(update(refresh_tokens).where(refresh_tokens.c.digest == token.digest).values(**values))


async def list_sign_ins(
    tx: Transaction, user_id: UserId, cursor: str | None, limit: int, view: Callable[[SignIn], Shown]
) -> Page[Shown]:
    """The devices a person is signed in on, newest first."""
    lives = (
        sign_ins.c.ended_at.is_(None)
        & (sign_ins.c.expires_at > tx.now)
        & (sign_ins.c.last_used_at > tx.now - IDLE_LIFETIME)
    )
    query = select(sign_ins).where(sign_ins.c.user_id == user_id, lives)
    return await newest_first(tx, query, sign_ins.c.id, SignInId, cursor, limit, lambda row: view(_sign_in(row)))


async def forget_old(tx: Transaction) -> int:
    """Delete sign-ins that ended three months ago, with their tokens; how many."""
    result = await tx.execute(delete(sign_ins).where(sign_ins.c.ended_at < tx.now - timedelta(days=90)))
    return result.rowcount


def _sign_in(row: Row[Any]) -> SignIn:
    return SignIn(
        id=row.id,
        user_id=row.user_id,
        method=row.method,
        device=row.device,
        address=row.address,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        end_reason=row.end_reason,
        version=row.version,
    )


def _refresh_token(row: Row[Any]) -> RefreshToken:
    return RefreshToken(
        digest=row.digest,
        sign_in_id=row.sign_in_id,
        used_at=row.used_at,
        used_from=row.used_from,
        retry_id=row.retry_id,
        successor_nonce=row.successor_nonce,
    )
