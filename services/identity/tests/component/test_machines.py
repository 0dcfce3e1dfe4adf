"""Devices and API keys."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from common.testing import FrozenClock, RunService, principals

if TYPE_CHECKING:
    from services.identity.tests.conftest import People


@pytest.mark.parametrize(("path", "kind"), [("devices", "device"), ("api-keys", "key")])
async def test_a_machine_is_who_its_token_says_with_one_role_until_it_is_revoked(
    run: RunService, people: People, path: str, kind: str
) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        organization_id = await people.found(world, ada)
        by = await people.seen(world, ada)
        base = f"/v1/organizations/{organization_id}/{path}"
        made = await world.post(base, by, json={"name": "Door 1", "role": "scanner"})
        assert made.status_code == 201
        token, machine_id = made.json()["token"], made.json()["id"]
        found = await people.look_up(world, token)
        assert (found["active"], found["kind"], found["subject"], found["signInId"]) == (True, kind, machine_id, None)
        assert found["organizationRoles"] == {organization_id: "scanner"}
        secret = token.partition(".")[2]
        kept = await world.rows("SELECT name, digest FROM devices UNION ALL SELECT name, digest FROM api_keys")
        assert secret not in str(kept)
        listed = (await world.get(base, by)).json()["items"]
        assert [(item["id"], item["name"], "token" in item) for item in listed] == [(machine_id, "Door 1", False)]
        assert (await world.delete(f"{base}/{machine_id}", by)).status_code == 204
        assert await people.look_up(world, token) == await people.look_up(world, token) | {
            "active": False,
            "reason": "revoked",
        }
        assert machine_id in [row["key"] for row in await world.rows("SELECT key FROM session_drops")]


async def test_a_wrong_secret_is_as_unknown_as_a_wrong_id(run: RunService, people: People) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        organization_id = await people.found(world, ada)
        made = await world.post(
            f"/v1/organizations/{organization_id}/devices",
            await people.seen(world, ada),
            json={"name": "Door 1", "role": "scanner"},
        )
        for name in (made.json()["id"], f"{made.json()['id']}.wrong", "dev_01m7x552h8e7m8c9bp0rjx0fnw.wrong"):
            assert await people.look_up(world, name) | {"reason": ""} == await people.look_up(world, "x") | {
                "reason": ""
            }


async def test_a_machine_ends_at_its_time_and_the_gateways_are_told(
    run: RunService, people: People, clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        ada = await people.sign_in(world, "ada@example.org")
        organization_id = await people.found(world, ada)
        ends = clock.now() + timedelta(hours=1)
        body = {"name": "Door 1", "role": "scanner", "expiresAt": ends.isoformat()}
        path = f"/v1/organizations/{organization_id}/devices"
        made = (await world.post(path, await people.seen(world, ada), json=body)).json()
        late = await world.post(path, await people.seen(world, ada), json=body | {"expiresAt": clock.now().isoformat()})
        assert (late.status_code, late.json()["code"]) == (422, "identity.ends_in_the_past")
        clock.advance(timedelta(hours=1))
        assert (await people.look_up(world, made["token"]))["active"] is False
        assert await world.app.state.jobs.run_once("end-expired-machines")
        assert [row["key"] for row in await world.rows("SELECT key FROM session_drops")][-1:] == [made["id"]]


async def test_nobody_enrols_a_machine_that_holds_more_than_they_do(run: RunService, people: People) -> None:
    async with run() as world:
        ada, mia = await people.sign_in(world, "ada@example.org"), await people.sign_in(world, "mia@example.org")
        organization_id = await people.found(world, ada)
        await people.add(world, ada, organization_id, "mia@example.org", "manager")
        path = f"/v1/organizations/{organization_id}/api-keys"
        body = {"name": "K", "role": "viewer"}
        lacks = await world.post(path, await people.seen(world, mia), json=body)
        owner_role = await world.post(path, await people.seen(world, ada), json=body | {"role": "owner"})
        stranger = await world.post(path, principals.user(), json=body)
        assert [answer.status_code for answer in (lacks, owner_role, stranger)] == [403, 422, 404]
        assert await world.count("api_keys") == 0
