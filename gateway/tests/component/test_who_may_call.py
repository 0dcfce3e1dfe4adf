"""Every row of the table, asked by every kind of caller: what the table says is what happens, and nothing else."""

import re

import pytest

from common.capabilities import ORGANIZATION_ROLES, PLATFORM_ROLES, WORKSPACE_ROLES, Capability
from common.ids import OrganizationId, WorkspaceId
from common.principal import Principal
from common.testing import principals
from gateway.routes import ROWS
from gateway.routing import Public, Row
from gateway.testing import World

ORGANIZATION = OrganizationId(principals.fresh(OrganizationId))
WORKSPACE = WorkspaceId(principals.fresh(WorkspaceId))

CALLERS: dict[str, Principal | None] = {
    "nobody": None,
    "someone without a role": principals.user(),
    "a scanning device": principals.device_of(ORGANIZATION),
    **{f"organisation {role}": principals.member_of(ORGANIZATION, role) for role in ORGANIZATION_ROLES},
    **{f"workspace {role}": principals.workspace_member(WORKSPACE, role) for role in WORKSPACE_ROLES},
    **{f"platform {role}": principals.platform(role) for role in PLATFORM_ROLES},
}


def held_by(caller: Principal) -> set[Capability]:
    """What a caller holds anywhere, read from the roles and not from the code under test."""
    return (
        {each for role in caller.platform_roles for each in PLATFORM_ROLES[role]}
        | {each for role in caller.organization_roles.values() for each in ORGANIZATION_ROLES[role]}
        | {each for role in caller.workspace_roles.values() for each in WORKSPACE_ROLES[role]}
    )


def expected(row: Row, caller: Principal | None) -> int:
    if isinstance(row.who, Public):
        return 200
    if caller is None:
        return 401
    return 200 if not isinstance(row.who, Capability) or row.who in held_by(caller) else 403


async def call(world: World, row: Row, token: str) -> int:
    path = re.sub(r"\{[A-Za-z]+\}", "x1", row.path)
    body = None if row.method in ("GET", "DELETE") else b"{}"
    answer = await world.ask(row.method, path, {"idempotency-key": "k"}, body, token=token)
    if answer.status == 403:
        assert isinstance(row.who, Capability)
        assert (answer.code, answer.json()["capability"]) == ("gateway.capability_missing", row.who.value)
    return answer.status


@pytest.mark.parametrize("name", CALLERS)
async def test_a_caller_passes_exactly_where_the_table_lets_them(world: World, name: str) -> None:
    caller = CALLERS[name]
    token = world.identity.sign_in(caller) if caller else ""
    expectations = {f"{row.method} {row.path}": expected(row, caller) for row in ROWS}
    results = {f"{row.method} {row.path}": await call(world, row, token) for row in ROWS}
    assert results == expectations
    reached = sum(len(service.heard) for key, service in world.services.items() if key != "identity")
    assert reached + len(world.identity.asked()) == list(results.values()).count(200)


def test_the_matrix_holds_refusals_and_admissions_for_every_capability_in_use() -> None:
    used = {row.who for row in ROWS if isinstance(row.who, Capability)}
    held = [held_by(caller) for caller in CALLERS.values() if caller]
    assert {each for each in used if not any(each in one for one in held)} == set()
    assert {each for each in used if all(each in one for one in held)} == set()
