"""Signing in and going on with it."""

from datetime import datetime
from typing import Literal, Self

from pydantic import model_validator

from common.ids import ChallengeId, MalformedId, SignInId, UserId
from common.schemas import Body, View
from identity.domain.challenge import Challenge
from identity.domain.sign_in import SignIn
from identity.domain.user import User
from identity.schemas.fields import MailAddress, RetryId, ShortText, Token


class StartBody(Body):
    """Where the code or link goes."""

    email: MailAddress
    purpose: Literal["code", "link"] = "code"
    backer_ticket: Token | None = None


class ChallengeView(View):
    """What to hand back with the code."""

    challenge_id: ChallengeId
    expires_at: datetime

    @classmethod
    def of(cls, challenge: Challenge) -> "ChallengeView":
        """From the domain's value."""
        return cls(challenge_id=challenge.id, expires_at=challenge.expires_at)


class VerifyBody(Body):
    """A code with its challenge, or the token a link ends in."""

    challenge_id: ChallengeId | None = None
    code: Token | None = None
    token: Token | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        with_code = self.challenge_id is not None and self.code is not None
        if with_code == (self.token is not None):
            raise ValueError("send challengeId with code, or token alone")
        return self

    def answer(self) -> tuple[ChallengeId, str] | None:
        """The challenge and the secret that answers it; None for a token that cannot be one."""
        if self.challenge_id is not None and self.code is not None:
            return self.challenge_id, self.code
        name, _, secret = (self.token or "").partition(".")
        try:
            return ChallengeId(name), secret
        except MalformedId:
            return None


class UserView(View):
    """A person, as they see themselves."""

    id: UserId
    email: str
    name: str | None
    created_at: datetime

    @classmethod
    def of(cls, user: User) -> "UserView":
        """From the domain's value."""
        return cls(id=user.id, email=user.address.typed, name=user.name, created_at=user.created_at)


class TokensView(View):
    """A sign-in: the access token for the gateway, and the refresh token for the next one. `expiresIn` is in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    user: UserView
    is_new_user: bool


class BackerBody(Body):
    """What a backer was given."""

    username: ShortText
    access_code: ShortText


class TicketView(View):
    """Goes into every way of signing up, within fifteen minutes."""

    backer_ticket: str


class RefreshBody(Body):
    """The newest refresh token. With the same `retryId` a lost answer can be asked for again within ten seconds."""

    refresh_token: Token
    retry_id: RetryId | None = None


class SignInView(View):
    """A device one is signed in on."""

    id: SignInId
    current: bool
    method: str
    device: str | None
    address: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, sign_in: SignIn, current: SignInId | None) -> "SignInView":
        """From the domain's value; `current` is the sign-in that asks."""
        return cls(
            id=sign_in.id,
            current=sign_in.id == current,
            method=sign_in.method,
            device=sign_in.device,
            address=sign_in.address,
            created_at=sign_in.created_at,
            last_used_at=sign_in.last_used_at,
            expires_at=sign_in.expires_at,
        )
