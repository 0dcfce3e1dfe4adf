"""Railway's webhook: who may report, what is believed, and what is never written."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
import structlog

from common.messages import DeploymentRecorded
from common.testing import Running, RunService
from common.testing.principals import platform

Webhook = Callable[..., dict[str, Any]]
EVERYTHING = ("deployments", "deployment_events", "outbox")


async def nothing_was_written(world: Running) -> bool:
    return [await world.count(table) for table in EVERYTHING] == [0, 0, 0]


async def test_a_webhook_of_each_format_becomes_a_deployment(
    run: RunService, address: str, new_format: Webhook, old_format: Webhook
) -> None:
    async with run() as world:
        for payload in (new_format(), old_format()):
            answer = await world.post(address, json=payload)
            assert (answer.status_code, answer.json()) == (202, {"outcome": "recorded"})
        listed = (await world.get("/v1/deployments", by=platform("release_manager"))).json()["items"]
        assert [item["service"] for item in listed] == ["events", "commerce"]
        assert listed[1] == {
            "id": listed[1]["id"],
            "provider": "railway",
            "externalId": "8107edff-4b8e-44fc-b43a-04566e847a2a",
            "project": "lanyard",
            "service": "commerce",
            "environment": "production",
            "ephemeral": False,
            "status": "deployed",
            "lastWord": "deployed",
            "verified": False,
            "source": "GitHub",
            "branch": "main",
            "commitHash": "4bf92f3577b34da6a3ce929d0e0e4736aabbccdd",
            "commitMessage": "Sell the last ticket once",
            "commitAuthor": "Ada Lovelace",
            "startedAt": listed[1]["startedAt"],
            "occurredAt": listed[1]["startedAt"],
            "deployedAt": listed[1]["startedAt"],
            "failedAt": None,
        }


async def test_each_of_two_secrets_opens(run: RunService, new_format: Webhook) -> None:
    async with run() as world:
        for secret in ("first-secret-of-the-two", "second-secret-of-the-two"):
            answer = await world.post(f"/v1/deployments/railway/{secret}", json=new_format(deployment=secret))
            assert answer.status_code == 202
        assert await world.count("deployments") == 2


@pytest.mark.parametrize(
    "secret", ["wrong", "first-secret-of-the-tw", "first-secret-of-the-two,%20second-secret-of-the-two", "x" * 4000]
)
async def test_a_wrong_secret_is_a_404_and_writes_nothing(run: RunService, new_format: Webhook, secret: str) -> None:
    async with run() as world:
        answer = await world.post(f"/v1/deployments/railway/{secret}", json=new_format())
        assert answer.status_code == 404
        assert answer.json()["code"] == "common.not_found"
        assert await nothing_was_written(world)


async def test_without_any_secret_configured_nobody_reports(run: RunService, address: str, new_format: Webhook) -> None:
    async with run(settings={"railway_secrets": ""}) as world:
        assert (await world.post(address, json=new_format())).status_code == 404
        assert await nothing_was_written(world)


async def test_without_an_internal_token_nobody_reports(run: RunService, address: str, new_format: Webhook) -> None:
    async with run() as world:
        assert (await world.client.post(address, json=new_format())).status_code == 401
        assert await nothing_was_written(world)


async def test_the_secret_is_in_no_log_and_in_no_answer(
    run: RunService, address: str, new_format: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as said:
        async with run() as world:
            await world.rows("SELECT 1")
            caplog.clear()
            good = await world.post(address, json=new_format())
            bad = await world.post(address, content=b"{")
            metrics = await world.client.get("/metrics")
            assert (good.status_code, bad.status_code) == (202, 400)
            texts = [good.text, bad.text, metrics.text, str(said)]
            # httpx is this test's own client and names the address it calls.
            texts += [record.getMessage() for record in caplog.records if record.name not in ("httpx", "httpcore")]
            assert not [text for text in texts if "secret-of-the-two" in text]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "common.malformed_body"),
        (b"{", 400, "common.malformed_body"),
        (b"\xff\xfe", 400, "common.malformed_body"),
        (b"[" * 100_000, 400, "common.malformed_body"),
        (b"1" * 5000, 400, "common.malformed_body"),
        (b"[]", 422, "releases.unreadable_report"),
        (b"null", 422, "releases.unreadable_report"),
        (b"{}", 422, "releases.unreadable_report"),
        (b'{"type": "DEPLOY"}', 422, "releases.unreadable_report"),
    ],
)
async def test_junk_is_refused_and_writes_nothing(
    run: RunService, address: str, content: bytes, status: int, code: str
) -> None:
    async with run() as world:
        answer = await world.post(address, content=content)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert await nothing_was_written(world)


async def test_a_report_may_be_256_kb_and_not_a_byte_more(run: RunService, address: str) -> None:
    async with run() as world:
        for size, status in ((256 * 1024, 422), (256 * 1024 + 1, 413), (5 * 1024 * 1024, 413)):
            answer = await world.post(address, content=b"{" + b" " * (size - 2) + b"}")
            assert answer.status_code == status
        assert answer.json()["code"] == "releases.report_too_large"
        assert await nothing_was_written(world)


async def test_placeholders_and_alerts_are_taken_and_leave_nothing(
    run: RunService, address: str, new_format: Webhook
) -> None:
    async with run() as world:
        for payload in (new_format(deployment="<deployment id>"), new_format("VolumeAlert.triggered")):
            answer = await world.post(address, json=payload)
            assert (answer.status_code, answer.json()) == (202, {"outcome": "ignored"})
        assert await nothing_was_written(world)


async def test_text_no_database_takes_is_made_inert_first(run: RunService, address: str, new_format: Webhook) -> None:
    async with run() as world:
        payload = new_format(commitMessage="nul \x00 and half \ud800 a pair \u202e", commitAuthor="\x00")
        assert (await world.post(address, content=json.dumps(payload))).status_code == 202
        (row,) = await world.rows("SELECT commit_message, commit_author FROM deployments")
        assert row == {"commit_message": "nul  and half  a pair", "commit_author": None}


async def test_others_are_told_of_each_new_state_without_the_commits_text(
    run: RunService, address: str, new_format: Webhook
) -> None:
    async with run() as world:
        await world.post(address, json=new_format("Deployment.building", at="2026-11-20T17:40:00Z"))
        await world.post(address, json=new_format("Deployment.deployed", at="2026-11-20T17:48:00Z"))
        await world.post(address, json=new_format("Deployment.deploying", at="2026-11-20T17:44:00Z"))
        said = await world.said(DeploymentRecorded)
        assert [(message.sequence, message.status, message.verified) for message in said] == [
            (1, "building", False),
            (2, "deployed", False),
        ]
        assert await world.count("deployment_events") == 3
        assert not await world.rows("SELECT 1 FROM outbox WHERE body LIKE '%ticket%' OR body LIKE '%Ada%'")


async def test_what_was_heard_cannot_be_changed_or_deleted(run: RunService, address: str, new_format: Webhook) -> None:
    async with run() as world:
        await world.post(address, json=new_format())
        for statement in ("UPDATE deployment_events SET word = 'failed'", "DELETE FROM deployment_events"):
            with pytest.raises(Exception, match="permission denied for table deployment_events"):
                await world.rows(statement)
        assert await world.count("deployment_events") == 1
