"""What the platform's administrators and operators send and see."""

from datetime import datetime
from typing import Literal

from common.ids import AdminId, BackerId, UserId
from common.schemas import Body, View
from identity.domain.backer import Backer
from identity.domain.user import User
from identity.schemas.fields import MailAddress, ShortText
from identity.store.platform import Admin

PlatformRole = Literal["moderator", "support", "release_manager"]


class AppStateBody(Body):
    """The gate."""

    crowdfunding_active: bool


class AppStateView(View):
    """The platform's state, for apps. Everything off when it was never set."""

    crowdfunding_active: bool


class NewBackerBody(Body):
    """A backer, with the code they were given."""

    username: ShortText
    access_code: ShortText
    tier: ShortText


class BackerView(View):
    """A backer. The access code is known to them alone."""

    id: BackerId
    username: str
    tier: str
    used_by_user_id: UserId | None
    used_at: datetime | None
    added_at: datetime

    @classmethod
    def of(cls, backer: Backer) -> "BackerView":
        """From the domain's value."""
        return cls(
            id=backer.id,
            username=backer.username,
            tier=backer.tier,
            used_by_user_id=backer.used_by_user_id,
            used_at=backer.used_at,
            added_at=backer.added_at,
        )


class NewAdminBody(Body):
    """Whose address gives the platform role admin."""

    email: MailAddress
    note: ShortText | None = None


class AddressBody(Body):
    """Whose address it is."""

    email: MailAddress


class PlatformRoleBody(Body):
    """Who gets or loses which role on the platform."""

    email: MailAddress
    role: PlatformRole


class AdminView(View):
    """An address on the list of administrators."""

    id: AdminId
    email: str
    note: str | None
    added_at: datetime
    added_by: str

    @classmethod
    def of(cls, admin: Admin) -> "AdminView":
        """From the stored one."""
        return cls(id=admin.id, email=admin.email, note=admin.note, added_at=admin.added_at, added_by=admin.added_by)


class UserCard(View):
    """A person as administrators see them. `emailKey` shows what a look-alike domain really is."""

    id: UserId
    email: str
    email_key: str
    name: str | None
    created_at: datetime
    suspended_at: datetime | None

    @classmethod
    def of(cls, user: User) -> "UserCard":
        """From the domain's value."""
        return cls(
            id=user.id,
            email=user.address.typed,
            email_key=user.address.key,
            name=user.name,
            created_at=user.created_at,
            suspended_at=user.suspended_at,
        )
