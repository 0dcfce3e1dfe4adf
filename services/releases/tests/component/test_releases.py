"""Releases: who writes them, who sees them when, and what the public reads of the deployments behind them."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from common.ids import OrganizationId, ReleaseId
from common.messages import ReleasePublished, ReleaseYanked
from common.principal import ANONYMOUS, Principal
from common.testing import Running, RunService
from common.testing.principals import fresh, member_of, platform, user

Webhook = Callable[..., dict[str, Any]]


MANAGER = platform("release_manager")


def manager() -> Principal:
    """Signed in a moment ago: since the tests were collected, longer may have passed than a sign-in counts as fresh."""
    return replace(MANAGER, authenticated_at=datetime.now(UTC))


COMMIT = "4bf92f3577b34da6a3ce929d0e0e4736aabbccdd"
NOTES = {"added": ["A door"], "fixed": ["A lock", "A hinge"]}


async def drafted(world: Running, version: str = "2.10.0", **more: Any) -> dict[str, Any]:
    answer = await world.post(
        "/v1/releases", by=manager(), json={"version": version, "channel": "stable", "notes": NOTES, **more}
    )
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def published(world: Running, version: str = "2.10.0", **more: Any) -> dict[str, Any]:
    draft = await drafted(world, version, **more)
    answer = await world.post(f"/v1/releases/{draft['id']}/publish", by=manager())
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def history(world: Running, **params: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await world.get("/v1/releases", params=params)).json()["items"]
    return items


async def test_a_draft_is_seen_by_those_who_write_drafts_alone(run: RunService) -> None:
    async with run() as world:
        draft = await drafted(world)
        assert (draft["status"], draft["revision"], draft["publishedAt"]) == ("draft", 1, None)
        assert draft["notes"] == {
            "added": ["A door"],
            "changed": [],
            "deprecated": [],
            "removed": [],
            "fixed": ["A lock", "A hinge"],
            "security": [],
        }
        assert await history(world) == []
        hidden = await world.get(f"/v1/releases/{draft['id']}", by=user())
        assert (hidden.status_code, hidden.json()["code"]) == (404, "releases.no_such_release")
        assert (await world.get(f"/v1/releases/{draft['id']}", by=manager())).json() == draft
        listed = await world.get("/v1/releases", by=manager(), params={"drafts": "true"})
        assert listed.json()["items"] == [draft]
        assert listed.headers["cache-control"] == "private, no-store"
        assert (await world.get("/v1/releases", params={"drafts": "true"})).status_code == 403
        assert await world.said(ReleasePublished) == []


async def test_publishing_shows_a_release_to_everyone_and_tells_others_once(run: RunService) -> None:
    async with run() as world:
        release = await published(world)
        again = await world.post(f"/v1/releases/{release['id']}/publish", by=manager())
        assert (again.status_code, again.json()) == (200, release)
        assert await history(world) == [release]
        assert (await world.get(f"/v1/releases/{release['id']}")).json() == release
        (said,) = await world.said(ReleasePublished)
        assert (said.release_id, said.release_version, said.status, said.sequence) == (
            release["id"],
            "2.10.0",
            "published",
            2,
        )


@pytest.mark.parametrize(
    "by",
    [ANONYMOUS, user(), member_of(OrganizationId(fresh(OrganizationId)), "owner"), platform("moderator")],
    ids=["anonymous", "user", "owner", "moderator"],
)
async def test_only_release_managers_write_releases(run: RunService, by: Principal) -> None:
    async with run() as world:
        draft = await drafted(world)
        path = f"/v1/releases/{draft['id']}"
        refused = [
            await world.post("/v1/releases", by=by, json={"version": "3", "channel": "stable"}),
            await world.patch(path, by=by, json={"channel": "beta"}),
            await world.post(f"{path}/publish", by=by),
            await world.post(f"{path}/yank", by=by, json={"reason": "No"}),
        ]
        assert [answer.status_code for answer in refused] == [403] * 4
        assert {answer.json()["code"] for answer in refused} == {"common.missing_capability"}
        assert (await world.get(path, by=manager())).json() == draft
        assert await world.count("releases") == 1


async def test_a_version_is_on_a_channel_once(run: RunService) -> None:
    async with run() as world:
        await drafted(world)
        other = await drafted(world, channel="beta")
        twice = await world.post("/v1/releases", by=manager(), json={"version": "2.10.0", "channel": "stable"})
        assert (twice.status_code, twice.json()["code"]) == (409, "releases.version_taken")
        moved = await world.patch(f"/v1/releases/{other['id']}", by=manager(), json={"channel": "stable"})
        assert (moved.status_code, moved.json()["code"]) == (409, "releases.version_taken")
        assert (await world.get(f"/v1/releases/{other['id']}", by=manager())).json() == other
        assert await world.count("releases") == 2


async def test_a_draft_is_rewritten_only_by_who_saw_its_last_version(run: RunService) -> None:
    async with run() as world:
        draft = await drafted(world)
        path = f"/v1/releases/{draft['id']}"
        first = await world.patch(path, by=manager(), json={"channel": "beta"}, headers={"If-Match": '"1"'})
        assert (first.status_code, first.json()["channel"], first.headers["etag"]) == (200, "beta", '"2"')
        assert first.json()["notes"] == draft["notes"]
        for tag in ('"1"', "2", 'W/"1"', "nonsense"):
            late = await world.patch(path, by=manager(), json={"channel": "nightly"}, headers={"If-Match": tag})
            assert (late.status_code, late.json()["code"]) == (412, "releases.release_changed")
        assert (await world.get(path, by=manager())).json() == first.json()
        anyhow = await world.patch(path, by=manager(), json={"notes": {"security": ["A key"]}})
        assert (anyhow.json()["revision"], anyhow.json()["notes"]["added"]) == (3, [])


async def test_what_was_published_is_not_rewritten_but_can_be_yanked(run: RunService) -> None:
    async with run() as world:
        release = await published(world)
        path = f"/v1/releases/{release['id']}"
        late = await world.patch(path, by=manager(), json={"channel": "beta"})
        assert (late.status_code, late.json()["code"]) == (409, "releases.no_longer_draft")
        yanked = await world.post(f"{path}/yank", by=manager(), json={"reason": "It burns"})
        assert (yanked.status_code, yanked.json()["status"], yanked.json()["yankReason"]) == (200, "yanked", "It burns")
        again = await world.post(f"{path}/yank", by=manager(), json={"reason": "Really"})
        assert again.json() == yanked.json()
        assert await history(world) == [yanked.json()]
        back = await world.post(f"{path}/publish", by=manager())
        assert (back.status_code, back.json()["code"]) == (409, "releases.release_was_yanked")
        (said,) = await world.said(ReleaseYanked)
        assert (said.sequence, said.status) == (3, "yanked")


async def test_a_draft_cannot_be_yanked(run: RunService) -> None:
    async with run() as world:
        draft = await drafted(world)
        answer = await world.post(f"/v1/releases/{draft['id']}/yank", by=manager(), json={"reason": "No"})
        assert (answer.status_code, answer.json()["code"]) == (409, "releases.not_yet_published")
        assert await world.said(ReleaseYanked) == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"version": "new"}, "/version"),
        ({"version": "١.٢"}, "/version"),
        ({"channel": "Stable Channel"}, "/channel"),
        ({"notes": {"improved": ["x"]}}, "/notes/improved"),
        ({"notes": {"added": [""]}}, "/notes/added/0"),
        ({"notes": {"added": ["bell \u0007"]}}, "/notes/added/0"),
        ({"notes": {"added": ["half \ud800"]}}, "/notes/added/0"),
        ({"commitHash": "main"}, "/commitHash"),
        ({"status": "published"}, "/status"),
    ],
)
async def test_a_value_that_is_wrong_is_named_and_nothing_is_kept(
    run: RunService, change: dict[str, Any], pointer: str
) -> None:
    async with run() as world:
        body = json.dumps({"version": "1", "channel": "stable", **change})
        headers = {"Content-Type": "application/json"}
        answer = await world.post("/v1/releases", by=manager(), content=body, headers=headers)
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
        assert await world.count("releases") == 0


async def test_ids_of_another_kind_and_of_nothing_are_told_apart(run: RunService) -> None:
    async with run() as world:
        nothing = await world.get(f"/v1/releases/{fresh(ReleaseId)}")
        assert (nothing.status_code, nothing.json()["code"]) == (404, "releases.no_such_release")
        other = await world.get(f"/v1/releases/{fresh(OrganizationId)}")
        assert (other.status_code, other.json()["code"]) == (422, "common.invalid_request")


async def test_the_history_shows_the_deployments_of_a_release_without_addresses(
    run: RunService, address: str, new_format: Webhook
) -> None:
    async with run() as world:
        await published(world, commitHash=COMMIT[:12])
        await published(world, "2.9.0")
        await world.post(
            address,
            json=new_format(
                commitAuthor="Ada <ada@example.org>",
                commitMessage="<script>alert(1)</script> \u202efor ada@example.org",
            ),
        )
        await world.post(address, json=new_format(deployment="passing", ephemeral=True))
        await world.post(address, json=new_format(deployment="another", commitHash="f" * 40))
        bare, carried = await history(world)
        assert (bare["version"], bare["deployments"]) == ("2.9.0", [])
        (deployment,) = carried["deployments"]
        assert deployment["commitAuthor"] == "Ada"
        assert deployment["commitMessage"] == "<script>alert(1)</script> for [address hidden]"
        assert (deployment["service"], deployment["environment"]) == ("commerce", "production")
        assert (deployment["status"], deployment["verified"]) == ("deployed", False)
        assert "@" not in str(carried)
        full = (await world.get("/v1/deployments", by=platform("admin"))).json()["items"]
        assert "Ada <ada@example.org>" in [item["commitAuthor"] for item in full]


async def test_the_history_is_in_the_order_of_publication_and_goes_on_where_it_ended(run: RunService) -> None:
    async with run() as world:
        early = await drafted(world, "1.0")
        for number in range(1, 5):
            await published(world, f"1.{number}", channel="beta" if number == 2 else "stable")
        await world.post(f"/v1/releases/{early['id']}/publish", by=manager())
        assert [item["version"] for item in await history(world)] == ["1.0", "1.4", "1.3", "1.2", "1.1"]
        assert [item["version"] for item in await history(world, channel="beta")] == ["1.2"]
        first = (await world.get("/v1/releases", params={"limit": "2"})).json()
        assert first["nextCursor"] == first["items"][1]["id"]
        await published(world, "1.5")
        second = (await world.get("/v1/releases", params={"limit": "3", "cursor": first["nextCursor"]})).json()
        assert [item["version"] for item in second["items"]] == ["1.3", "1.2", "1.1"]
        assert second["nextCursor"] is None
        bad = await world.get("/v1/releases", params={"cursor": "rel_no"})
        assert (bad.status_code, bad.json()["code"]) == (422, "common.malformed_cursor")


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/v1/releases", "application/json"), ("/v1/releases/feed.atom", "application/atom+xml")],
)
async def test_public_reads_are_not_sent_twice(run: RunService, path: str, media_type: str) -> None:
    async with run() as world:
        await published(world)
        first = await world.get(path)
        assert first.headers["content-type"].startswith(media_type)
        assert first.headers["cache-control"] == "public, max-age=60"
        tag = first.headers["etag"]
        for held in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = await world.get(path, headers={"If-None-Match": held})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        await published(world, "2.11.0")
        assert (await world.get(path, headers={"If-None-Match": tag})).status_code == 200


async def test_the_feed_holds_what_was_published(run: RunService) -> None:
    async with run() as world:
        await drafted(world, "9.9")
        await published(world, "2.10.0", notes={"added": ["<b>bold</b> & more"]})
        await published(world, "2.11.0-beta.1", channel="beta")
        root = ET.fromstring((await world.get("/v1/releases/feed.atom")).content)
        atom = "{http://www.w3.org/2005/Atom}"
        titles = [entry.findtext(f"{atom}title") for entry in root.findall(f"{atom}entry")]
        assert titles == ["2.11.0-beta.1 (beta)", "2.10.0 (stable)"]
        assert root.findtext(f"{atom}id") == "https://lanyard.test/v1/releases/feed.atom"
        one = ET.fromstring((await world.get("/v1/releases/feed.atom", params={"channel": "beta"})).content)
        assert len(one.findall(f"{atom}entry")) == 1
        wrong = await world.get("/v1/releases/feed.atom", params={"channel": "<script>"})
        assert wrong.status_code == 422
