"""Who may sign up, and who may grant what."""

import pytest

from common.capabilities import ORGANIZATION_ROLES, WORKSPACE_ROLES
from identity.domain.granting import require_may_grant
from identity.domain.user import require_may_sign_up
from identity.errors import BackersOnly, MayNotGrant


@pytest.mark.parametrize(
    ("gate_on", "is_backer", "invited", "passes"),
    [
        (False, False, False, True),
        (True, False, False, False),
        (True, True, False, True),
        (True, False, True, True),
    ],
)
def test_while_the_gate_is_on_only_backers_and_the_invited_get_an_account(
    gate_on: bool, is_backer: bool, invited: bool, passes: bool
) -> None:
    try:
        require_may_sign_up(gate_on=gate_on, is_backer=is_backer, invited_by_platform=invited)
    except BackersOnly:
        assert not passes
    else:
        assert passes


@pytest.mark.parametrize("granter", list(ORGANIZATION_ROLES))
@pytest.mark.parametrize("role", ["owner", "admin", "manager", "finance", "scanner", "viewer"])
def test_nobody_grants_what_they_lack_and_only_owners_make_owners(granter: str, role: str) -> None:
    held = ORGANIZATION_ROLES[granter]
    allowed = ORGANIZATION_ROLES[role] <= held and (role != "owner" or granter == "owner")
    try:
        require_may_grant([role], held, ORGANIZATION_ROLES, is_owner=granter == "owner")
    except MayNotGrant as refused:
        assert refused.details == {"role": role}
        assert not allowed
    else:
        assert allowed


def test_an_admin_may_not_grant_owner_although_both_hold_the_same() -> None:
    assert ORGANIZATION_ROLES["owner"] == ORGANIZATION_ROLES["admin"]
    with pytest.raises(MayNotGrant):
        require_may_grant(["owner"], ORGANIZATION_ROLES["admin"], ORGANIZATION_ROLES, is_owner=False)


def test_changing_a_role_needs_both_the_old_and_the_new_to_be_grantable() -> None:
    with pytest.raises(MayNotGrant):
        require_may_grant(["admin", "viewer"], ORGANIZATION_ROLES["manager"], ORGANIZATION_ROLES, is_owner=False)


def test_an_organisations_admin_holds_every_workspace_role() -> None:
    require_may_grant(list(WORKSPACE_ROLES), ORGANIZATION_ROLES["admin"], WORKSPACE_ROLES, is_owner=False)
