"""Parallel callers: one deployment, one release, one policy at a time. Each control shows that the guard is what does it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import AsyncConnection

from common.messages import ClientPolicyChanged, DeploymentRecorded, ReleasePublished
from common.principal import Principal
from common.testing import Running, RunService
from common.testing.principals import platform

Webhook = Callable[..., dict[str, Any]]


MANAGER = platform("admin")


def manager() -> Principal:
    """Signed in a moment ago: since the tests were collected, longer may have passed than a sign-in counts as fresh."""
    return replace(MANAGER, authenticated_at=datetime.now(UTC))


WIDE = {"settings": {"database_pool_size": 30}}


async def without(world: Running, constraint: str, table: str) -> None:
    """Take a guard away, in this test's own database."""
    async with await AsyncConnection.connect(world.urls.owner.replace("+psycopg", "")) as connection:
        await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}".encode())


async def twenty_times(world: Running, address: str, payload: dict[str, Any]) -> list[str]:
    answers = await asyncio.gather(*(world.post(address, json=payload) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    return sorted(answer.json()["outcome"] for answer in answers)


async def test_the_same_webhook_twenty_times_at_once_is_one_deployment(
    run: RunService, address: str, new_format: Webhook
) -> None:
    async with run(**WIDE) as world:
        outcomes = await twenty_times(world, address, new_format())
        assert outcomes == ["recorded"] + ["repeated"] * 19
        assert (await world.count("deployments"), await world.count("deployment_events")) == (1, 1)
        assert [message.sequence for message in await world.said(DeploymentRecorded)] == [1]


async def test_control_without_the_unique_deployment_there_are_several(
    run: RunService, address: str, new_format: Webhook
) -> None:
    async with run(**WIDE) as world:
        await without(world, "uq_deployments_provider_external_id", "deployments")
        await twenty_times(world, address, new_format())
        assert await world.count("deployments") > 1


async def test_control_without_the_unique_report_it_is_kept_several_times(
    run: RunService, address: str, new_format: Webhook
) -> None:
    async with run(**WIDE) as world:
        await without(world, "uq_deployment_events_deployment_id_digest", "deployment_events")
        outcomes = await twenty_times(world, address, new_format())
        assert outcomes == ["recorded"] * 20
        assert await world.count("deployment_events") == 20


async def test_different_reports_of_one_deployment_at_once_are_all_kept_and_add_up(
    run: RunService, address: str, new_format: Webhook
) -> None:
    async with run(**WIDE) as world:
        words = ("queued", "building", "deploying", "deployed", "slept")
        payloads = [
            new_format(f"Deployment.{word}", at=f"2026-11-20T17:4{minute}:00Z") for minute, word in enumerate(words)
        ]
        await asyncio.gather(*(world.post(address, json=payload) for payload in payloads * 4))
        assert (await world.count("deployments"), await world.count("deployment_events")) == (1, 5)
        (row,) = await world.rows("SELECT status, last_word, version FROM deployments")
        assert (row["status"], row["last_word"]) == ("deployed", "slept")
        sequences = [message.sequence for message in await world.said(DeploymentRecorded)]
        assert sequences == list(range(1, row["version"] + 1))


async def draft(world: Running, version: str) -> Any:
    return await world.post("/v1/releases", by=manager(), json={"version": version, "channel": "stable"})


async def test_the_same_version_twenty_times_at_once_is_one_release(run: RunService) -> None:
    async with run(**WIDE) as world:
        answers = await asyncio.gather(*(draft(world, "2.10") for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
        assert await world.count("releases") == 1


async def test_control_without_the_unique_version_there_are_twenty(run: RunService) -> None:
    async with run(**WIDE) as world:
        await without(world, "uq_releases_channel_version", "releases")
        answers = await asyncio.gather(*(draft(world, "2.10") for _ in range(20)))
        assert {answer.status_code for answer in answers} == {201}
        assert await world.count("releases") == 20


async def test_a_release_published_by_ten_at_once_is_told_once(run: RunService) -> None:
    async with run(**WIDE) as world:
        path = f"/v1/releases/{(await draft(world, '2.10')).json()['id']}"
        answers = await asyncio.gather(*(world.post(f"{path}/publish", by=manager()) for _ in range(10)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["publishedAt"] for answer in answers}) == 1
        assert [message.sequence for message in await world.said(ReleasePublished)] == [2]


@pytest.mark.parametrize("known_before", [False, True])
async def test_changes_of_one_policy_at_once_lose_nothing(run: RunService, *, known_before: bool) -> None:
    async with run(**WIDE) as world:
        if known_before:
            await world.patch("/v1/client-policy/ios", by=manager(), json={"latest": "1"})
        changes: list[dict[str, Any]] = [
            {"latest": "9.9"},
            {"blocked": ["1.5"]},
            {"storeUrl": "https://store.example/x"},
            {"message": "Please"},
            {"minimumBuild": 7},
        ]
        answers = await asyncio.gather(
            *(world.patch("/v1/client-policy/ios", by=manager(), json=change) for change in changes)
        )
        assert {answer.status_code for answer in answers} == {200}
        before = int(known_before)
        last = max(answers, key=lambda answer: answer.json()["revision"]).json()
        assert last["revision"] == before + len(changes)
        assert (last["latest"], last["blocked"], last["message"]) == ("9.9", ["1.5"], "Please")
        assert (last["minimumBuild"], last["storeUrl"]) == (7, "https://store.example/x")
        said = [message.sequence for message in await world.said(ClientPolicyChanged)]
        assert said == list(range(1, last["revision"] + 1))
        assert await world.count("client_policy_changes") == last["revision"]
