"""Every row of the table, asked by every kind of caller: what the table says is what happens, and nothing else.

Scenarios 1 and 2; G10, G14. Whose row it is, the gateway does not know: the owner of another organisation passes here as
any owner does, with a token that says so, and the service answers 404 (`tests/e2e/test_gateway_checks.py`).
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from common.capabilities import ORGANIZATION_ROLES, PLATFORM_ROLES, WORKSPACE_ROLES, Capability
from common.ids import ApiKeyId, OrganizationId, WorkspaceId
from common.principal import Principal
from common.testing import principals
from common.tokens import SigningKey
from gateway.routes import GATEWAY, ROWS
from gateway.routing import Public, Row, SignedIn
from gateway.testing import FakeIdentity, World

ORGANIZATION = OrganizationId(principals.fresh(OrganizationId))
ANOTHER = OrganizationId(principals.fresh(OrganizationId))
WORKSPACE = WorkspaceId(principals.fresh(WorkspaceId))
KEY = Principal(kind="key", subject=principals.fresh(ApiKeyId), organization_roles={ORGANIZATION: "manager"})
PASSED_ON = [row for row in ROWS if row.service != GATEWAY]
SERVED_HERE = [row for row in ROWS if row.service == GATEWAY]

ADMITTED: Mapping[str, Principal] = {
    "someone without a role": principals.user(),
    "a scanning device": principals.device_of(ORGANIZATION),
    "a viewing device": principals.device_of(ORGANIZATION, "viewer"),
    "an API key": KEY,
    "an API key of a suspended organisation": replace(KEY, organization_roles={ORGANIZATION: "suspended"}),
    "an owner of another organisation": principals.member_of(ANOTHER, "owner"),
    "a viewer here and an owner elsewhere": replace(
        principals.user(), organization_roles={ORGANIZATION: "viewer", ANOTHER: "owner"}
    ),
    "someone with a role nobody knows": principals.member_of(ORGANIZATION, "emperor"),
    **{f"organisation {role}": principals.member_of(ORGANIZATION, role) for role in ORGANIZATION_ROLES},
    **{f"workspace {role}": principals.workspace_member(WORKSPACE, role) for role in WORKSPACE_ROLES},
    **{f"platform {role}": principals.platform(role) for role in PLATFORM_ROLES},
}


def of_an_admin(identity: FakeIdentity, **changes: Any) -> str:
    """A token that would open everything, but for what is changed."""
    admin = principals.platform("admin")
    identity.sign_in(admin)
    return identity.token(**({"sub": admin.subject, "sid": admin.sign_in_id} | changes))


def ended(identity: FakeIdentity) -> str:
    token = identity.sign_in(principals.platform("admin"))
    identity.people.clear()
    return token


REFUSED: Mapping[str, Callable[[FakeIdentity], str]] = {
    "a wrong token": lambda identity: of_an_admin(identity, key=SigningKey.generate()),
    "an expired token": lambda identity: of_an_admin(identity, lives=timedelta(days=-1)),
    "a token of another audience": lambda identity: of_an_admin(identity, aud="events"),
    "a sign-in that has ended": ended,
    "a device with a wrong secret": lambda _: f"{principals.device_of(ORGANIZATION).subject}.{'wrong' * 8}",
    "an API key with a wrong secret": lambda _: f"{KEY.subject}.{'wrong' * 8}",
    "nonsense": lambda _: "nonsense",
}


def held_by(caller: Principal) -> set[Capability]:
    """What a caller holds anywhere, read from the roles and not from the code under test."""
    grants = (
        (PLATFORM_ROLES, caller.platform_roles),
        (ORGANIZATION_ROLES, caller.organization_roles.values()),
        (WORKSPACE_ROLES, caller.workspace_roles.values()),
    )
    return {each for roles, held in grants for role in held for each in roles.get(role, ())}


def expected(row: Row, caller: Principal) -> tuple[int, str]:
    if isinstance(row.who, Public | SignedIn) or row.who in held_by(caller):
        return 200, ""
    return 403, f"gateway.capability_missing {row.who}"


def name_of(row: Row) -> str:
    return f"{row.method} {row.path}"


def path_of(row: Row) -> str:
    return re.sub(r"\{[A-Za-z]+\}", "x1", row.path)


class Client:
    """One caller's connection, which is used for all of their requests."""

    def __init__(self, world: World, token: str) -> None:
        self._world = world
        self._token = token

    async def ask_all(self, rows: list[Row]) -> dict[str, tuple[int, str]]:
        """Row → status, and the code of a refusal with the capability it names."""
        reader, writer = await self._world.connect()
        told = {}
        for row in rows:
            writer.write(_request(row, self._token))
            answer = await self._world.read_answer(reader, row.method)
            code = "" if answer.status == 200 else answer.code
            if answer.status == 403:
                code += f" {answer.json()['capability']}"
            if answer.status == 401:
                assert answer.one("www-authenticate").startswith('Bearer realm="lanyard"')
            told[name_of(row)] = (answer.status, code)
        writer.close()
        return told

    async def status_of(self, row: Row) -> int:
        """The status alone: an answer of the gateway's own may go on for ever."""
        reader, writer = await self._world.connect()
        writer.write(_request(row, self._token))
        status = int((await reader.readline()).split(b" ")[1])
        writer.close()
        return status


def _request(row: Row, token: str) -> bytes:
    body = b"" if row.method in ("GET", "DELETE") else b"{}"
    lines = [f"{row.method} {path_of(row)} HTTP/1.1", "host: a", "idempotency-key: k", f"content-length: {len(body)}"]
    if token:
        lines.append(f"authorization: Bearer {token}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def reached(world: World) -> list[str]:
    """What services were asked, of all rows, in any order."""
    heard = [each for name, service in world.services.items() if name != "identity" for each in service.heard]
    return sorted(f"{each.method} {each.target}" for each in (*heard, *world.identity.asked()))


def admitted(told: Mapping[str, tuple[int, str]]) -> list[str]:
    return sorted(f"{row.method} {path_of(row)}" for row in PASSED_ON if told[name_of(row)][0] == 200)


@pytest.mark.parametrize("name", ADMITTED)
async def test_a_caller_passes_exactly_where_the_table_lets_them(world: World, name: str) -> None:
    caller = ADMITTED[name]
    client = Client(world, world.identity.sign_in(caller))
    told = await client.ask_all(PASSED_ON)
    assert told == {name_of(row): expected(row, caller) for row in PASSED_ON}
    assert reached(world) == admitted(told)
    for row in SERVED_HERE:
        assert (await client.status_of(row) == 403) == (expected(row, caller)[0] == 403), name_of(row)


async def test_nobody_passes_where_everyone_may_and_nowhere_else(world: World) -> None:
    client = Client(world, "")
    told = await client.ask_all(PASSED_ON)
    refused = (401, "gateway.not_signed_in")
    assert told == {name_of(row): (200, "") if isinstance(row.who, Public) else refused for row in PASSED_ON}
    assert reached(world) == admitted(told)
    for row in SERVED_HERE:
        assert (await client.status_of(row) == 401) == (not isinstance(row.who, Public)), name_of(row)


@pytest.mark.parametrize("name", REFUSED)
async def test_a_token_that_proves_nothing_is_refused_wherever_it_is_looked_at(world: World, name: str) -> None:
    """Where a token is not looked at at all, an old one stands in nobody's way."""
    client = Client(world, REFUSED[name](world.identity))
    told = await client.ask_all(PASSED_ON)
    refused = (401, "gateway.token_refused")
    unread = {name_of(row) for row in ROWS if isinstance(row.who, Public) and not row.who.knows_caller}
    assert told == {name_of(row): (200, "") if name_of(row) in unread else refused for row in PASSED_ON}
    assert reached(world) == admitted(told)
    for row in SERVED_HERE:
        assert (await client.status_of(row) == 401) == (name_of(row) not in unread), name_of(row)


@pytest.mark.parametrize("name", ADMITTED)
async def test_the_service_is_told_who_asks_and_their_own_grants_alone(world: World, name: str) -> None:
    caller = ADMITTED[name]
    await world.ask("GET", "/v1/orders", token=world.identity.sign_in(caller))
    payload = world["commerce"].heard[0].one("authorization").split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert (claims["kind"], claims["sub"], claims["sid"]) == (caller.kind, caller.subject, caller.sign_in_id)
    assert claims["roles"] == {
        "platform": sorted(caller.platform_roles),
        "org": dict(caller.organization_roles),
        "wsp": dict(caller.workspace_roles),
    }
    assert (claims["iss"], claims["aud"], claims["exp"] - claims["iat"]) == ("lanyard-gateway", "commerce", 60)


def test_the_matrix_holds_refusals_and_admissions_for_every_capability_in_use() -> None:
    used = {row.who for row in ROWS if isinstance(row.who, Capability)}
    held = [held_by(caller) for caller in ADMITTED.values()]
    assert {each for each in used if not any(each in one for one in held)} == set()
    assert {each for each in used if all(each in one for one in held)} == set()
