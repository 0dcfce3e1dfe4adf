"""What the platform's own people see of deployments, and who does not."""

from collections.abc import Callable
from typing import Any

import pytest

from common.ids import OrganizationId
from common.principal import ANONYMOUS, Principal
from common.testing import FrozenClock, RunService
from common.testing.principals import device_of, fresh, member_of, platform, user

Webhook = Callable[..., dict[str, Any]]
ORGANIZATION = OrganizationId(fresh(OrganizationId))


@pytest.mark.parametrize(
    "by",
    [ANONYMOUS, user(), member_of(ORGANIZATION, "owner"), device_of(ORGANIZATION), platform("support")],
    ids=["anonymous", "user", "owner", "device", "support"],
)
@pytest.mark.parametrize("path", ["/v1/deployments", "/v1/deployments/metrics"])
async def test_only_those_who_may_read_deployments_do(run: RunService, by: Principal, path: str) -> None:
    async with run() as world:
        answer = await world.get(path, by=by)
        assert answer.status_code == 403
        assert answer.json()["capability"] == "releases:deployment:read"
        for role in ("admin", "release_manager"):
            assert (await world.get(path, by=platform(role))).status_code == 200


async def test_environments_of_pull_requests_come_only_when_asked_for(
    run: RunService, address: str, new_format: Webhook
) -> None:
    async with run() as world:
        await world.post(address, json=new_format(deployment="lasting"))
        await world.post(address, json=new_format(deployment="passing", environment="lanyard-pr-7", ephemeral=True))
        reader = platform("admin")

        async def listed(**params: str) -> list[str]:
            answer = await world.get("/v1/deployments", by=reader, params=params)
            return [item["externalId"] for item in answer.json()["items"]]

        assert await listed() == ["lasting"]
        assert await listed(ephemeral="true") == ["passing", "lasting"]
        assert await listed(ephemeral="true", environment="lanyard-pr-7") == ["passing"]
        assert await listed(service="events") == []
        assert await listed(service="commerce", environment="production") == ["lasting"]


async def test_the_list_goes_on_where_the_page_before_ended(
    run: RunService, address: str, new_format: Webhook, clock: FrozenClock
) -> None:
    async with run() as world:
        for number in range(5):
            await world.post(address, json=new_format(deployment=f"number-{number}"))
        seen, cursor = [], None
        while True:
            params = {"limit": "2"} if cursor is None else {"limit": "2", "cursor": cursor}
            page = (await world.get("/v1/deployments", by=platform("admin"), params=params)).json()
            seen += [item["externalId"] for item in page["items"]]
            cursor = page["nextCursor"]
            if cursor is None:
                break
        assert sorted(seen) == [f"number-{number}" for number in range(5)]
        bad = await world.get("/v1/deployments", by=platform("admin"), params={"cursor": "dpl_no"})
        assert (bad.status_code, bad.json()["code"]) == (422, "common.malformed_cursor")


async def test_sleeping_and_waking_move_no_figure(
    run: RunService, address: str, new_format: Webhook, clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        script = [
            ("one", "building", "10:00", "a" * 40),
            ("one", "deployed", "10:10", "a" * 40),
            ("two", "building", "11:00", "b" * 40),
            ("two", "deployed", "11:20", "b" * 40),
            ("two", "crashed", "12:00", "b" * 40),
            ("three", "building", "12:10", "c" * 40),
            ("three", "deployed", "12:30", "c" * 40),
        ]
        asleep = [("three", word, f"13:0{place}", "c" * 40) for place, word in enumerate(("slept", "resumed"))]
        asleep += [("one", "removed", "12:31", "a" * 40), ("four", "restarted", "13:30", "d" * 40)]
        figures = []
        for part in (script, asleep):
            for deployment, word, at, commit in part:
                payload = new_format(
                    f"Deployment.{word}", deployment=deployment, at=f"2026-11-20T{at}:00Z", commitHash=commit
                )
                assert (await world.post(address, json=payload)).status_code == 202
            answer = await world.get("/v1/deployments/metrics", by=platform("admin"), params={"days": "1"})
            figures.append(answer.json())
        ids = {row["external_id"]: row["id"] for row in await world.rows("SELECT external_id, id FROM deployments")}
        assert len(ids) == 4
        first, second = figures
        assert first == second
        assert first["deploymentFrequency"]["perDay"] == 3.0
        assert first["changeLeadTime"]["medianSeconds"] == 20 * 60
        assert [span["seconds"] for span in first["changeLeadTime"]["spans"]] == [600, 1200, 1200]
        assert first["changeFailRate"]["share"] == pytest.approx(1 / 3)
        assert first["failedDeploymentRecoveryTime"]["medianSeconds"] == 30 * 60
        assert first["deploymentReworkRate"]["share"] == pytest.approx(1 / 3)


async def test_figures_of_nothing_are_none(run: RunService) -> None:
    async with run() as world:
        answer = (await world.get("/v1/deployments/metrics", by=platform("admin"), params={"days": "90"})).json()
        assert answer["deploymentFrequency"] == {"perDay": 0.0, "deployments": []}
        assert answer["changeFailRate"] == {"share": None, "deployments": []}
        assert answer["changeLeadTime"] == {"medianSeconds": None, "spans": []}
