"""What apps are told about updating, and who may change it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from common.messages import ClientPolicyChanged
from common.principal import ANONYMOUS, SYSTEM, Principal
from common.testing import Running, RunService
from common.testing.principals import platform, user

MANAGER = platform("release_manager")


def manager() -> Principal:
    """Signed in a moment ago: since the tests were collected, longer may have passed than a sign-in counts as fresh."""
    return replace(MANAGER, authenticated_at=datetime.now(UTC))


POLICY = {"minimum": "2.9", "latest": "2.10.1", "blocked": ["2.9.5"], "storeUrl": "https://store.example/lanyard"}


async def told(world: Running, **params: str) -> dict[str, Any]:
    body: dict[str, Any] = (await world.get("/v1/client-policy", params=params)).json()
    return body


async def test_a_platform_without_a_policy_asks_for_nothing(run: RunService) -> None:
    async with run() as world:
        assert await told(world, platform="ios", version="1.0") == {
            "platform": "ios",
            "status": "ok",
            "minimum": None,
            "latest": None,
            "storeUrl": None,
            "message": None,
            "deadlineAt": None,
        }


async def test_apps_are_told_by_number_and_platform(run: RunService) -> None:
    async with run() as world:
        changed = await world.patch("/v1/client-policy/ios", by=manager(), json=POLICY)
        assert (changed.status_code, changed.json()["revision"]) == (200, 1)
        found = [
            (await told(world, platform="ios", version=version))["status"]
            for version in ("2.10.1", "2.10", "2.9", "2.8.99", "2.9.5", "nightly")
        ]
        assert found == ["ok", "recommended", "recommended", "required", "blocked", "recommended"]
        assert (await told(world, platform="ios"))["status"] == "recommended"
        assert (await told(world, platform="android", version="1"))["status"] == "ok"
        body = await told(world, platform="ios", version="2.8", build="12")
        assert (body["minimum"], body["latest"], body["storeUrl"]) == ("2.9", "2.10.1", POLICY["storeUrl"])


async def test_a_change_leaves_what_it_does_not_name_and_null_takes_away(run: RunService) -> None:
    async with run() as world:
        await world.patch("/v1/client-policy/ios", by=manager(), json=POLICY)
        changed = await world.patch("/v1/client-policy/ios", by=manager(), json={"minimum": None, "minimumBuild": 7})
        body = changed.json()
        assert (body["revision"], body["minimum"], body["minimumBuild"]) == (2, None, 7)
        assert (body["latest"], body["blocked"]) == ("2.10.1", ["2.9.5"])
        same = await world.patch("/v1/client-policy/ios", by=manager(), json={"minimumBuild": 7})
        assert same.json() == body
        assert [(message.sequence, message.minimum) for message in await world.said(ClientPolicyChanged)] == [
            (1, "2.9"),
            (2, None),
        ]
        audit = await world.rows("SELECT version, actor, before, after FROM client_policy_changes ORDER BY version")
        assert [(row["version"], row["actor"]) for row in audit] == [(1, manager().subject), (2, manager().subject)]
        assert (audit[0]["before"], audit[1]["before"]["minimum"], audit[1]["after"]["minimum"]) == (None, "2.9", None)


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"minimum": "2.10.2"}, "releases.minimum_above_latest", "/minimum"),
        ({"latest": None}, "releases.minimum_above_latest", "/minimum"),
        ({"latest": "2.8"}, "releases.minimum_above_latest", "/minimum"),
        ({"blocked": ["2.10.1"]}, "releases.latest_blocked", "/blocked"),
        ({"minimum": "two"}, "releases.not_a_version", "/minimum"),
        ({"blocked": None}, "common.invalid_request", "/blocked"),
        ({"storeUrl": "javascript:alert(1)"}, "common.invalid_request", "/storeUrl"),
        ({"deadlineAt": "2026-12-01T00:00:00"}, "common.invalid_request", "/deadlineAt"),
        ({"revision": 9}, "common.invalid_request", "/revision"),
    ],
)
async def test_a_policy_that_would_lock_people_out_or_is_none_is_refused(
    run: RunService, change: dict[str, Any], code: str, pointer: str
) -> None:
    async with run() as world:
        before = (await world.patch("/v1/client-policy/ios", by=manager(), json=POLICY)).json()
        answer = await world.patch("/v1/client-policy/ios", by=manager(), json=change)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
        assert (await world.patch("/v1/client-policy/ios", by=manager(), json={})).json() == before
        assert await world.count("client_policy_changes") == 1


@pytest.mark.parametrize(
    ("by", "code"),
    [
        (ANONYMOUS, "common.missing_capability"),
        (user(), "common.missing_capability"),
        (platform("support"), "common.missing_capability"),
        (
            replace(manager(), authenticated_at=datetime.now(UTC) - timedelta(hours=1)),
            "releases.fresh_sign_in_needed",
        ),
        (replace(manager(), authenticated_at=None), "releases.fresh_sign_in_needed"),
    ],
    ids=["anonymous", "user", "support", "signed in an hour ago", "signed in at an unknown time"],
)
async def test_a_policy_is_changed_by_release_managers_who_just_signed_in(
    run: RunService, by: Principal, code: str
) -> None:
    async with run() as world:
        answer = await world.patch("/v1/client-policy/ios", by=by, json=POLICY)
        assert (answer.status_code, answer.json()["code"]) == (403, code)
        assert await world.count("client_policies") == 0
        assert await world.said(ClientPolicyChanged) == []


async def test_who_changed_what_cannot_be_rewritten(run: RunService) -> None:
    async with run() as world:
        await world.patch("/v1/client-policy/ios", by=manager(), json=POLICY)
        for statement in ("UPDATE client_policy_changes SET actor = 'x'", "DELETE FROM client_policy_changes"):
            with pytest.raises(Exception, match="permission denied for table client_policy_changes"):
                await world.rows(statement)


@pytest.mark.parametrize("params", [{}, {"platform": "palm"}, {"platform": "ios", "version": "1" * 101}])
async def test_a_question_that_makes_no_sense_is_refused(run: RunService, params: dict[str, str]) -> None:
    async with run() as world:
        assert (await world.get("/v1/client-policy", params=params)).status_code == 422


async def test_an_unverified_deployment_never_moves_the_policy(run: RunService, address: str, new_format: Any) -> None:
    async with run() as world:
        before = await told(world, platform="ios", version="1")
        await world.post(address, json=new_format())
        assert await told(world, platform="ios", version="1") == before
        assert await world.count("client_policies") == 0


async def test_the_gateway_gets_every_policy_in_the_words_of_its_message(run: RunService) -> None:
    async with run() as world:
        none = await world.get("/internal/client-policies", by=SYSTEM)
        assert (none.status_code, none.json()) == (200, {"items": []})
        await world.patch("/v1/client-policy/ios", by=manager(), json=POLICY)
        await world.patch("/v1/client-policy/ios", by=manager(), json={"minimum": "2.10"})
        await world.patch("/v1/client-policy/web", by=manager(), json={"latest": "7"})
        answer = await world.get("/internal/client-policies", by=SYSTEM)
        said = [ClientPolicyChanged.model_validate(item) for item in answer.json()["items"]]
        assert said == (await world.said(ClientPolicyChanged))[1:]
        again = await world.get(
            "/internal/client-policies", by=SYSTEM, headers={"If-None-Match": answer.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("by", [ANONYMOUS, user(), manager()], ids=["anonymous", "user", "release manager"])
async def test_nobody_else_gets_them_all(run: RunService, by: Principal) -> None:
    async with run() as world:
        answer = await world.get("/internal/client-policies", by=by)
        assert (answer.status_code, answer.json()["code"]) == (403, "releases.system_only")
