"""Goes on with a sign-in: a refresh token is exchanged for the next one.

Each token is good once. A client that never heard the answer may repeat itself within ten seconds under the same retry
id and gets the same answer; whoever else shows a used token has copied it, so the whole sign-in ends. The row of the
sign-in is locked, so of two parallel calls one rotates and the other finds the token used.
"""

from dataclasses import dataclass
from datetime import datetime

from common.db import Transaction
from identity.actions.desk import After, Desk
from identity.actions.means import Means
from identity.actions.notify import notify
from identity.actions.open_sign_in import end_one
from identity.actions.queue_mail import queue_mail
from identity.domain.client import Client
from identity.domain.sign_in import Refresh, RefreshToken, SignIn, judge_refresh
from identity.domain.user import User
from identity.errors import RefreshRefused, SessionReplaced
from identity.formats.mails import sign_in_stolen
from identity.formats.vault import TOKEN_BYTES, token_digest
from identity.store import audit, sign_ins, users
from identity.store.notifications import Notice


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The next token, and the moment it was made: a repeat gets the very same."""

    user: User
    sign_in: SignIn
    refresh_token: str
    at: datetime


async def refresh_sign_in(
    desk: Desk, means: Means, refresh_token: str, retry_id: str | None, client: Client
) -> Refreshed:
    """Exchange a refresh token.

    Raises:
        RefreshRefused: unknown (then nothing changes), used before, ended or expired.
        SessionReplaced: the person signed in elsewhere, and only one sign-in is allowed.
    """
    async with desk.transaction() as (tx, after):
        result = await _exchange(tx, after, means, refresh_token, retry_id, client)
    if isinstance(result, Refreshed):
        return result
    raise result


async def _exchange(
    tx: Transaction, after: After, means: Means, shown: str, retry_id: str | None, client: Client
) -> Refreshed | RefreshRefused | SessionReplaced:
    known = await sign_ins.find_refresh_token(tx, token_digest(shown))
    sign_in = await sign_ins.lock_sign_in(tx, known.sign_in_id) if known else None
    token = await sign_ins.find_refresh_token(tx, token_digest(shown)) if sign_in else None
    if sign_in is None or token is None:
        return RefreshRefused()
    user = await users.find_user(tx, sign_in.user_id)
    assert user is not None, "a sign-in belongs to a person"
    match judge_refresh(sign_in, token, retry_id, tx.now):
        case Refresh.ROTATE:
            return await _rotate(tx, means, user, sign_in, token, shown, retry_id, client)
        case Refresh.REPEAT:
            return _repeat(means, user, sign_in, token, shown)
        case Refresh.REUSED:
            await _end_stolen(tx, after, means, user, sign_in, token, client)
        case Refresh.EXPIRED:
            await end_one(tx, after, sign_in, "expired")
        case Refresh.ENDED:
            if sign_in.end_reason == "session_replaced":
                return SessionReplaced()
    return RefreshRefused()


async def _rotate(
    tx: Transaction,
    means: Means,
    user: User,
    sign_in: SignIn,
    token: RefreshToken,
    shown: str,
    retry_id: str | None,
    client: Client,
) -> Refreshed:
    nonce = tx.entropy.bytes(TOKEN_BYTES)
    following = means.vault.successor(shown, nonce)
    await sign_ins.use_refresh_token(tx, token, address=client.address, retry_id=retry_id, nonce=nonce)
    await sign_ins.insert_refresh_token(tx, sign_in.id, token_digest(following))
    await sign_ins.touch_sign_in(tx, sign_in.id, client.address)
    return Refreshed(user, sign_in, following, tx.now)


def _repeat(means: Means, user: User, sign_in: SignIn, token: RefreshToken, shown: str) -> Refreshed:
    assert token.used_at is not None, "only a used token is repeated"
    assert token.successor_nonce is not None, "a used token has a successor, by constraint"
    return Refreshed(user, sign_in, means.vault.successor(shown, token.successor_nonce), token.used_at)


async def _end_stolen(
    tx: Transaction, after: After, means: Means, user: User, sign_in: SignIn, token: RefreshToken, client: Client
) -> None:
    await end_one(tx, after, sign_in, "token_reuse")
    await audit.record(
        tx,
        user.id,
        "refresh_token.reused",
        sign_in.id,
        address=client.address,
        used_from=token.used_from,
        replayed_from=client.address,
    )
    notice = Notice(
        key=f"sign_in.stolen:{sign_in.id}",
        kind="sign_in.stolen",
        title="We signed out one of your devices",
        body="A key of that sign-in was used twice, which happens when someone copied it. Sign in again there.",
    )
    await notify(tx, [user.id], notice)
    queue_mail(tx, means, notice.key, user.address.typed, sign_in_stolen(sign_in.device))
    after.send_mail()
