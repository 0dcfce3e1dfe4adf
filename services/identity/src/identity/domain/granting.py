"""Nobody grants what they lack, and only an owner makes or unmakes an owner."""

from collections.abc import Collection, Mapping, Set

from identity.errors import MayNotGrant

OWNER = "owner"


def require_may_grant(roles: Collection[str], held: Set[str], holds: Mapping[str, Set[str]], *, is_owner: bool) -> None:
    """Let someone give or take away each of `roles`, or refuse.

    Args:
        held: the capabilities of the one who grants, for the scope at hand.
        holds: the capabilities of each role there.
        is_owner: whether the one who grants is an owner there, or an administrator of the platform.
    """
    for role in roles:
        if not holds[role] <= held or (role == OWNER and not is_owner):
            raise MayNotGrant(role=role)
