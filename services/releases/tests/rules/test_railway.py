"""Each form of Railway's webhook means what is documented, and nothing of it is believed that cannot be read."""

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest

from releases.domain.deployment import Heard, Report, summed_up
from releases.domain.railway import Ignored, read_webhook
from releases.errors import UnreadableReport

Webhook = Callable[..., dict[str, Any]]
COMMIT = "4bf92f3577b34da6a3ce929d0e0e4736aabbccdd"


def read(payload: dict[str, Any]) -> Report:
    report = read_webhook(payload)
    assert isinstance(report, Report)
    return report


def test_the_new_format_is_read_whole(new_format: Webhook) -> None:
    assert read(new_format()) == Report(
        provider="railway",
        external_id="8107edff-4b8e-44fc-b43a-04566e847a2a",
        word="deployed",
        reported_at=datetime(2026, 11, 20, 17, 48, 42, 311000, tzinfo=UTC),
        project="lanyard",
        service="commerce",
        environment="production",
        ephemeral=False,
        source="GitHub",
        branch="main",
        commit_hash=COMMIT,
        commit_message="Sell the last ticket once",
        commit_author="Ada Lovelace",
    )


def test_the_old_format_is_read_whole(old_format: Webhook) -> None:
    assert read(old_format()) == Report(
        provider="railway",
        external_id="06103911-1b0d-4c5c-9d0b-1b2c3d4e5f60",
        word="deployed",
        reported_at=datetime(2025, 6, 1, 9, 30, tzinfo=UTC),
        project="lanyard",
        service="events",
        environment="production",
        ephemeral=None,
        source=None,
        branch="main",
        commit_hash=COMMIT,
        commit_message="Open the doors\n\nat six",
        commit_author="ada",
    )


def test_the_old_format_as_it_was_documented_names_no_status(old_format: Webhook) -> None:
    payload = old_format(None)
    del payload["service"]
    payload["deployment"]["meta"] = {}
    report = read(payload)
    assert (report.word, report.service, report.commit_hash) == ("unknown", None, None)


def test_the_type_is_the_truth_where_the_status_says_otherwise(new_format: Webhook) -> None:
    assert read(new_format("Deployment.failed", status="SUCCESS")).word == "failed"


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("Deployment.queued", "queued"),
        ("Deployment.waiting", "waiting"),
        ("Deployment.needs_approval", "needs_approval"),
        ("Deployment.needsApproval", "needs_approval"),
        ("Deployment.building", "building"),
        ("Deployment.deploying", "deploying"),
        ("Deployment.Deployed", "deployed"),
        ("DEPLOYMENT.DEPLOYED", "deployed"),
        ("deployment.success", "deployed"),
        ("Deployment.succeeded", "deployed"),
        ("Deployment.redeployed", "redeployed"),
        ("Deployment.failed", "failed"),
        ("Deployment.crashed", "crashed"),
        ("Deployment.oomKilled", "oom_killed"),
        ("Deployment.oom_killed", "oom_killed"),
        ("Deployment.OOM_KILLED", "oom_killed"),
        ("Deployment.slept", "slept"),
        ("Deployment.resumed", "resumed"),
        ("Deployment.restarted", "restarted"),
        ("Deployment.removed", "removed"),
        ("Deployment.paused_by_moonlight", "pausedbymoonlight"),
        ("Deployment", "deployed"),
    ],
)
def test_words_are_known_in_every_spelling(new_format: Webhook, kind: str, word: str) -> None:
    assert read(new_format(kind)).word == word


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("SUCCESS", "deployed"),
        ("BUILDING", "building"),
        ("INITIALIZING", "initializing"),
        ("NEEDS_APPROVAL", "needs_approval"),
        ("CRASHED", "crashed"),
        ("SLEEPING", "slept"),
        ("REMOVING", "removing"),
        ("SKIPPED", "skipped"),
        ("Whatever Next", "whatevernext"),
    ],
)
def test_the_old_format_speaks_by_its_status(old_format: Webhook, status: str, word: str) -> None:
    assert read(old_format(status)).word == word


@pytest.mark.parametrize(
    "identity", ["<deployment id>", "...", "00000000-0000-0000-0000-000000000000", "deployment-id"]
)
def test_placeholders_of_the_test_button_are_ignored(new_format: Webhook, old_format: Webhook, identity: str) -> None:
    assert read_webhook(new_format(deployment=identity)) == Ignored("placeholder")
    assert read_webhook(old_format(deployment=identity)) == Ignored("placeholder")


def test_the_vendors_own_sample_is_a_placeholder_although_its_details_have_an_id(new_format: Webhook) -> None:
    payload = new_format("Deployment.failed", branch="...", commitHash="...")
    payload["resource"]["deployment"]["id"] = "<deployment id>"
    assert read_webhook(payload) == Ignored("placeholder")


def test_placeholders_of_the_sample_are_no_commit(new_format: Webhook) -> None:
    report = read(new_format(branch="...", commitHash="...", commitAuthor="<author>", commitMessage="..."))
    assert (report.branch, report.commit_hash, report.commit_author, report.commit_message) == (None,) * 4


@pytest.mark.parametrize("kind", ["Monitor.triggered", "VolumeAlert.triggered", "Volume_Alert.resolved"])
def test_alerts_are_no_deployments(new_format: Webhook, kind: str) -> None:
    assert read_webhook(new_format(kind)) == Ignored("not_a_deployment")


@pytest.mark.parametrize(
    ("payload", "pointer"),
    [
        ({}, "/type"),
        ({"type": 7}, "/type"),
        ({"type": "\u202e"}, "/type"),
        ({"type": "DEPLOY"}, "/deployment"),
        ({"type": "DEPLOY", "deployment": ["x"]}, "/deployment"),
        ({"type": "DEPLOY", "deployment": {"name": "x"}}, "/deployment/id"),
        ({"type": "Deployment.failed", "resource": {}}, "/resource/deployment/id"),
        (
            {"type": "Deployment.failed", "resource": {"deployment": {"id": 7}}, "details": []},
            "/resource/deployment/id",
        ),
    ],
)
def test_what_is_in_neither_format_is_refused(payload: dict[str, Any], pointer: str) -> None:
    with pytest.raises(UnreadableReport) as refused:
        read_webhook(payload)
    assert refused.value.pointer == pointer


@pytest.mark.parametrize("value", ["yesterday", 1700000000, None, "2026-13-40T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_a_time_nobody_can_read_is_none(new_format: Webhook, value: object) -> None:
    assert read(new_format() | {"timestamp": value}).reported_at is None


def test_environments_of_pull_requests_are_known_by_the_flag_or_in_the_old_format_by_their_name(
    new_format: Webhook, old_format: Webhook
) -> None:
    assert read(new_format(environment="lanyard-pr-12", ephemeral=True)).ephemeral is True
    assert read(new_format(environment="lanyard-pr-12", ephemeral=False)).ephemeral is False
    assert read(old_format(environment="lanyard-pr-12")).ephemeral is True
    assert read(old_format(environment="PR #7")).ephemeral is True
    assert read(old_format(environment="production")).ephemeral is None


def test_every_text_of_a_report_is_made_inert(new_format: Webhook) -> None:
    nasty = "a\x00b\ud800\u202e\u200bc" + "x" * 5000
    payload = new_format(
        f"Deployment.{nasty}",
        deployment=nasty,
        environment=nasty,
        service=nasty,
        branch=nasty,
        commitAuthor=nasty,
        commitMessage=nasty,
        source=nasty,
    )
    payload["resource"]["project"]["name"] = nasty
    report = read(payload)
    texts = [text for field in fields(report) if isinstance(text := getattr(report, field.name), str)]
    assert len([text for text in texts if "abcx" in text]) == 9
    assert all(text.isprintable() and len(text) <= 2000 for text in texts)
    assert summed_up([Heard(report, datetime(2026, 11, 20, tzinfo=UTC))]).status == "unknown"
