"""A person who proved an address."""

from dataclasses import dataclass
from datetime import datetime

from common.ids import BackerId, UserId
from identity.domain.address import Address
from identity.errors import BackersOnly, Suspended


@dataclass(frozen=True, slots=True)
class User:
    """A person. `version` counts changes of what others are told, `authorization_version` those of rights and look-ups."""

    id: UserId
    address: Address
    name: str | None
    created_at: datetime
    suspended_at: datetime | None
    backer_id: BackerId | None
    authorization_version: int
    version: int


def require_may_sign_up(*, gate_on: bool, is_backer: bool, invited_by_platform: bool) -> None:
    """While the crowdfunding gate is on only backers, and whom the platform's administrators invited, get an account.

    It never stands between an existing user and signing in. Source: the crowdfunding mode of the system before.
    """
    if gate_on and not is_backer and not invited_by_platform:
        raise BackersOnly()


def require_may_sign_in(user: User) -> None:
    """A suspended person does not get in."""
    if user.suspended_at is not None:
        raise Suspended()
