"""A sign-in and its refresh tokens: each is good once, and showing a used one ends the whole sign-in."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal

from common.ids import SignInId, UserId
from identity.domain.policy import IDLE_LIFETIME, RETRY_WINDOW

EndReason = Literal["signed_out", "revoked", "session_replaced", "token_reuse", "expired"]
Method = Literal["code", "link"]


@dataclass(frozen=True, slots=True)
class SignIn:
    """Someone's presence on one device."""

    id: SignInId
    user_id: UserId
    method: Method
    device: str | None
    address: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    end_reason: EndReason | None
    version: int

    def lives(self, now: datetime) -> bool:
        """Whether it has neither ended, nor reached its absolute end, nor lain unused too long."""
        return self.ended_at is None and now < self.expires_at and now < self.last_used_at + IDLE_LIFETIME


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """One link of the chain of tokens of a sign-in. `successor_nonce` makes its successor again from the token itself."""

    digest: bytes
    sign_in_id: SignInId
    used_at: datetime | None
    used_from: str | None
    retry_id: str | None
    successor_nonce: bytes | None


class Refresh(Enum):
    """What to do about a refresh token that somebody shows."""

    ROTATE = "rotate"
    REPEAT = "repeat"
    REUSED = "reused"
    ENDED = "ended"
    EXPIRED = "expired"


def judge_refresh(sign_in: SignIn, token: RefreshToken, retry_id: str | None, now: datetime) -> Refresh:
    """An unused token rotates. A used one repeats its answer for the same retry id within ten seconds; else it was stolen."""
    if sign_in.ended_at is not None:
        return Refresh.ENDED
    if not sign_in.lives(now):
        return Refresh.EXPIRED
    if token.used_at is None:
        return Refresh.ROTATE
    same_retry = (
        retry_id is not None
        and token.retry_id is not None
        and hmac.compare_digest(retry_id.encode(), token.retry_id.encode())
    )
    return Refresh.REPEAT if same_retry and now <= token.used_at + RETRY_WINDOW else Refresh.REUSED
