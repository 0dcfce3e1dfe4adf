"""Why identity refuses: each class name is the reason, each docstring the sentence people read."""

from common.refusals import Conflict, Forbidden, NotFound, TooManyRequests, Unauthenticated, Unprocessable


class CodeRefused(Unauthenticated):
    """This code or link is wrong, used or too old. Ask for a new one."""

    code = "identity.code_refused"


class RefreshRefused(Unauthenticated):
    """This sign-in has ended. Sign in again."""

    code = "identity.refresh_refused"


class SessionReplaced(Unauthenticated):
    """You signed in on another device, and only one at a time is allowed here. Sign in again to go on with this one."""

    code = "identity.session_replaced"


class TooManyMails(TooManyRequests):
    """Mails were sent to this address, or asked for from your network, too often. Try again a little later."""

    code = "identity.too_many_mails"


class TooManyAttempts(TooManyRequests):
    """Too many wrong attempts came from your network. Try again later."""

    code = "identity.too_many_attempts"


class BackersOnly(Forbidden):
    """Only backers of the crowdfunding can sign up at the moment. Enter your backer name and access code first."""

    code = "identity.backers_only"


class BackerRefused(Forbidden):
    """This backer name and access code cannot be used."""

    code = "identity.backer_refused"


class Suspended(Forbidden):
    """This account is suspended. Write to support."""

    code = "identity.suspended"


class SystemOnly(Forbidden):
    """Only the gateway itself may ask this."""

    code = "identity.system_only"


class MayNotGrant(Forbidden):
    """You cannot give, change or take away the role {role}, because it holds more than yours."""

    code = "identity.may_not_grant"


class InvitationRefused(NotFound):
    """This invitation does not exist, was used, was withdrawn or is too old. Ask for a new one."""

    code = "identity.invitation_refused"


class SlugTaken(Conflict):
    """This short name is taken. Choose another one."""

    code = "identity.slug_taken"


class AlreadyMember(Conflict):
    """This person is a member already. Change the role instead."""

    code = "identity.already_member"


class LastOwner(Conflict):
    """An organisation always has an owner. Make someone else an owner first."""

    code = "identity.last_owner"


class TooManyMemberships(Conflict):
    """A person can be a member of at most 200 organisations and workspaces."""

    code = "identity.too_many_memberships"


class BackerExists(Conflict):
    """A backer of this name with this access code is on the list already."""

    code = "identity.backer_exists"


class AddressNotPlain(Unprocessable):
    """An administrator's address may hold ASCII letters only, because look-alike letters would be trusted otherwise."""

    code = "identity.address_not_plain"


class EndsInThePast(Unprocessable):
    """The end lies in the past."""

    code = "identity.ends_in_the_past"


class NoSuchUser(NotFound):
    """Nobody has proved this address yet."""

    code = "identity.no_such_user"


class NotSuspendable(Conflict):
    """Administrators cannot be suspended. Take them off the list of administrators first."""

    code = "identity.not_suspendable"
