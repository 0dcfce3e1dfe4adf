"""Who may do what: one table, asked row by row. What one may not know of is not there; what one may only read is a 403."""

import re

import pytest

from common.capabilities import (
    ORGANIZATION_ROLES,
    PLATFORM,
    PLATFORM_ROLES,
    WORKSPACE_ROLES,
    Capability,
    Grants,
    Scope,
    holds,
    holds_anywhere,
    require_capability,
)
from common.ids import OrganizationId, WorkspaceId
from common.principal import ANONYMOUS, Principal
from common.refusals import MissingCapability, NotFound, Refusal
from common.testing.principals import device_of, fresh, member_of, platform, user, workspace_member

OURS, THEIRS = OrganizationId(fresh(OrganizationId)), OrganizationId(fresh(OrganizationId))
OUR_WORKSPACE, THEIR_WORKSPACE = WorkspaceId(fresh(WorkspaceId)), WorkspaceId(fresh(WorkspaceId))
ROW = Scope(OURS, OUR_WORKSPACE)
WRITE, READ = Capability.EVENTS_EVENT_WRITE, Capability.EVENTS_EVENT_READ

PASSES, LACKS, HIDDEN = None, MissingCapability, NotFound


@pytest.mark.parametrize(
    ("principal", "private", "public"),
    [
        (ANONYMOUS, HIDDEN, LACKS),
        (user(), HIDDEN, LACKS),
        (member_of(OURS, "owner"), PASSES, PASSES),
        (member_of(OURS, "admin"), PASSES, PASSES),
        (member_of(OURS, "manager"), PASSES, PASSES),
        (member_of(OURS, "finance"), LACKS, LACKS),
        (member_of(OURS, "scanner"), LACKS, LACKS),
        (member_of(OURS, "viewer"), LACKS, LACKS),
        (member_of(OURS, "suspended"), LACKS, LACKS),
        (member_of(OURS, "emperor"), HIDDEN, LACKS),
        (member_of(THEIRS, "owner"), HIDDEN, LACKS),
        (device_of(OURS), LACKS, LACKS),
        (device_of(THEIRS), HIDDEN, LACKS),
        (workspace_member(OUR_WORKSPACE, "manager"), PASSES, PASSES),
        (workspace_member(OUR_WORKSPACE, "editor"), PASSES, PASSES),
        (workspace_member(OUR_WORKSPACE, "viewer"), LACKS, LACKS),
        (workspace_member(THEIR_WORKSPACE, "manager"), HIDDEN, LACKS),
        (platform("admin"), PASSES, PASSES),
        (platform("moderator"), LACKS, LACKS),
        (platform("support"), LACKS, LACKS),
        (platform("release_manager"), HIDDEN, LACKS),
        (platform("emperor"), HIDDEN, LACKS),
    ],
)
def test_writing_a_row_is_allowed_missing_or_hidden(
    principal: Principal, private: type[Refusal] | None, public: type[Refusal] | None
) -> None:
    for is_public, expected in ((False, private), (True, public)):
        if expected is None:
            require_capability(principal, WRITE, ROW, reading=READ, public=is_public)
            continue
        with pytest.raises(expected) as refused:
            require_capability(principal, WRITE, ROW, reading=READ, public=is_public)
        assert type(refused.value) is expected
        assert refused.value.details == ({"capability": "events:event:write"} if expected is LACKS else {})


def test_without_a_reading_capability_a_row_stays_hidden_from_those_who_lack_it() -> None:
    with pytest.raises(NotFound):
        require_capability(member_of(OURS, "viewer"), WRITE, ROW)


@pytest.mark.parametrize("principal", [ANONYMOUS, user(), member_of(OURS, "owner"), platform("support")])
def test_the_platforms_own_things_are_no_secret_but_not_for_everyone(principal: Principal) -> None:
    with pytest.raises(MissingCapability):
        require_capability(principal, Capability.RELEASES_RELEASE_WRITE, PLATFORM)
    require_capability(platform("release_manager"), Capability.RELEASES_RELEASE_WRITE, PLATFORM)


def test_an_organisations_role_says_nothing_of_the_platform_nor_of_a_row_without_that_organisation() -> None:
    owner = member_of(OURS, "owner")
    assert holds(owner, WRITE, Scope(OURS))
    assert not holds(owner, WRITE, PLATFORM)
    assert not holds(owner, WRITE, Scope(THEIRS))
    assert not holds(owner, WRITE, Scope(None, OUR_WORKSPACE))


def test_a_workspaces_role_holds_in_it_alone() -> None:
    editor = workspace_member(OUR_WORKSPACE, "editor")
    assert holds(editor, WRITE, Scope(OURS, OUR_WORKSPACE))
    assert not holds(editor, WRITE, Scope(OURS))
    assert not holds(editor, WRITE, Scope(OURS, THEIR_WORKSPACE))


@pytest.mark.parametrize("capability", Capability, ids=str)
def test_the_gateway_asks_whether_any_grant_anywhere_holds(capability: Capability) -> None:
    tables: list[tuple[Grants, list[Principal]]] = [
        (ORGANIZATION_ROLES, [member_of(THEIRS, role) for role in ORGANIZATION_ROLES]),
        (WORKSPACE_ROLES, [workspace_member(THEIR_WORKSPACE, role) for role in WORKSPACE_ROLES]),
        (PLATFORM_ROLES, [platform(role) for role in PLATFORM_ROLES]),
    ]
    for grants, principals in tables:
        found = [holds_anywhere(principal, capability) for principal in principals]
        assert found == [capability in granted for granted in grants.values()]
    assert not holds_anywhere(user(), capability)
    assert not holds_anywhere(ANONYMOUS, capability)


def test_every_capability_follows_the_grammar_and_stands_in_order() -> None:
    names = [capability.value for capability in Capability]
    assert all(re.fullmatch(r"[a-z]+:[a-z]+(-[a-z]+)*:[a-z]+(-[a-z]+)*", name) for name in names)
    assert names == sorted(names)
    assert [capability.name for capability in Capability] == [re.sub("[:-]", "_", name).upper() for name in names]


def test_a_platform_administrator_holds_everything_and_a_suspended_organisation_changes_nothing() -> None:
    assert PLATFORM_ROLES["admin"] == frozenset(Capability)
    assert all(capability.endswith(":read") for capability in ORGANIZATION_ROLES["suspended"])
    assert all(capability.endswith(":read") for capability in ORGANIZATION_ROLES["viewer"])


def test_nobody_below_an_owner_holds_what_an_owner_lacks() -> None:
    for role, granted in ORGANIZATION_ROLES.items():
        assert granted <= ORGANIZATION_ROLES["owner"], role
    for role, granted in WORKSPACE_ROLES.items():
        assert granted <= ORGANIZATION_ROLES["owner"], role
