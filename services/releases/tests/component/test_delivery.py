"""What is reported is kept once and told once, whatever is doubled, reordered, broken or away."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

from common.messages import ClientPolicyChanged, DeploymentRecorded, ReleasePublished, ReleaseYanked
from common.principal import Principal
from common.testing import Running, RunService, eventually
from common.testing.principals import platform
from common.testing.running import provision_broker
from common.testing.servers import Servers

Webhook = Callable[..., dict[str, Any]]


MANAGER = platform("admin")


def manager() -> Principal:
    """Signed in a moment ago: since the tests were collected, longer may have passed than a sign-in counts as fresh."""
    return replace(MANAGER, authenticated_at=datetime.now(UTC))


async def everything_is_sent(world: Running) -> bool:
    rows = await world.rows("SELECT count(*) FILTER (WHERE sent_at IS NULL) AS waiting, count(*) AS n FROM outbox")
    return bool(rows[0]["n"]) and rows[0]["waiting"] == 0


async def state(world: Running) -> list[Any]:
    shown = await world.rows(
        "SELECT external_id, status, last_word, occurred_at, started_at, deployed_at, failed_at, commit_message"
        " FROM deployments ORDER BY external_id"
    )
    return list(shown)


async def test_a_webhook_sent_again_changes_nothing_and_tells_nobody(
    run: RunService, address: str, new_format: Webhook
) -> None:
    async with run() as world:
        await world.post(address, json=new_format())
        before = await world.rows("SELECT * FROM deployments")
        for _ in range(5):
            answer = await world.post(address, json=new_format())
            assert (answer.status_code, answer.json()) == (202, {"outcome": "repeated"})
        assert await world.rows("SELECT * FROM deployments") == before
        assert await world.count("deployment_events") == 1
        assert len(await world.said(DeploymentRecorded)) == 1


async def test_every_order_of_delivery_ends_in_the_same_state(
    run: RunService, address: str, new_format: Webhook
) -> None:
    reports = [("building", "17:40", "one"), ("deployed", "17:48", "two"), ("crashed", "17:50", "three")]
    reports += [("slept", "17:55", "four")]
    ends: list[list[Any]] = []
    async with run() as world:
        for number, order in enumerate(permutations(reports)):
            for word, at, text in [*order, order[0]]:
                payload = new_format(
                    f"Deployment.{word}", deployment=f"d{number}", at=f"2026-11-20T{at}:00Z", commitMessage=text
                )
                await world.post(address, json=payload)
        ends = [[value for key, value in row.items() if key != "external_id"] for row in await state(world)]
    assert len(ends) == 24
    assert all(end == ends[0] for end in ends)
    assert ends[0][:2] == ["crashed", "slept"]


async def test_reports_are_taken_while_the_broker_is_away_and_told_when_it_is_back(
    run: RunService, address: str, new_format: Webhook
) -> None:
    async with run() as world:
        world.broker.kill()
        for number in range(20):
            answer = await world.post(address, json=new_format(deployment=f"d{number}"))
            assert answer.status_code == 202
        assert not await everything_is_sent(world)
        world.broker.start()
        await eventually(lambda: everything_is_sent(world), within=30, what="the outbox being empty")
        assert len(await world.said(DeploymentRecorded)) == 20


async def test_what_was_committed_before_a_crash_is_told_by_the_next_process(
    run: RunService, servers: Servers, address: str, new_format: Webhook
) -> None:
    urls, broker = servers.database("releases"), servers.nats()
    await provision_broker(broker)
    try:
        async with run(urls=urls, broker=broker) as world:
            broker.kill()
            await world.post(address, json=new_format())
            assert not await everything_is_sent(world)
        broker.start()
        async with run(urls=urls, broker=broker) as world:
            await eventually(lambda: everything_is_sent(world), within=30, what="the outbox being empty")
            assert [message.sequence for message in await world.said(DeploymentRecorded)] == [1]
    finally:
        broker.stop()
        servers.drop(urls)


async def test_a_report_whose_transaction_breaks_leaves_nothing_and_may_come_again(
    run: RunService, address: str, new_format: Webhook
) -> None:
    async with run() as world:
        # The table cannot be written for a moment, as when a migration holds it: the last statement of the action fails.
        await owner_says(world, "REVOKE INSERT ON outbox FROM releases")
        broken = await world.post(address, json=new_format())
        assert broken.status_code == 500
        assert broken.json()["code"] == "common.internal_fault"
        assert (await world.count("deployments"), await world.count("deployment_events")) == (0, 0)
        await owner_says(world, "GRANT INSERT ON outbox TO releases")
        assert (await world.post(address, json=new_format())).json() == {"outcome": "recorded"}
        assert len(await world.said(DeploymentRecorded)) == 1


async def test_republishing_says_the_present_state_of_everything(
    run: RunService, address: str, new_format: Webhook
) -> None:
    async with run() as world:
        await world.post(address, json=new_format("Deployment.building", at="2026-11-20T17:40:00Z"))
        await world.post(address, json=new_format())
        await world.patch("/v1/client-policy/web", by=manager(), json={"latest": "3"})
        for version in ("1", "2", "3"):
            release = await world.post("/v1/releases", by=manager(), json={"version": version, "channel": "stable"})
            if version != "3":
                await world.post(f"/v1/releases/{release.json()['id']}/publish", by=manager())
            if version == "2":
                await world.post(f"/v1/releases/{release.json()['id']}/yank", by=manager(), json={"reason": "No"})
        last = [
            (await world.said(DeploymentRecorded))[-1],
            (await world.said(ClientPolicyChanged))[-1],
            (await world.said(ReleaseYanked))[-1],
            (await world.said(ReleasePublished))[0],
        ]
        await world.rows("DELETE FROM outbox RETURNING 1")
        async with world.database.transaction() as tx:
            count = await world.app.state.parts.republish(tx)
        assert count == 4
        again = [
            *(await world.said(DeploymentRecorded)),
            *(await world.said(ClientPolicyChanged)),
            *(await world.said(ReleaseYanked)),
            *(await world.said(ReleasePublished)),
        ]
        assert again == last


async def owner_says(world: Running, statement: str) -> None:
    """Run a statement as the owner of the tables."""
    from psycopg import AsyncConnection

    async with await AsyncConnection.connect(world.urls.owner.replace("+psycopg", "")) as connection:
        await connection.execute(statement.encode())
