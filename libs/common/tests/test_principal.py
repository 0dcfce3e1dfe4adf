"""Services believe the gateway's token for them, for as long as it lasts, and nothing else."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from common.ids import OrganizationId, SignInId, UserId, WorkspaceId
from common.principal import ANONYMOUS, Authenticator, InternalIssuer, Principal
from common.refusals import Unauthenticated
from common.testing.principals import device_of, fresh, member_of, platform, user
from common.tokens import SigningKey, VerifyingKeys

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
KEY = SigningKey.generate()
ISSUER = InternalIssuer(KEY)
EVERYTHING = Principal(
    kind="user",
    subject=fresh(UserId),
    sign_in_id=SignInId(fresh(SignInId)),
    authenticated_at=NOW - timedelta(hours=1),
    email="ada@example.org",
    name="Ada \U0001f99a",
    authorization_version=7,
    platform_roles=frozenset({"support", "moderator"}),
    organization_roles={
        OrganizationId(fresh(OrganizationId)): "owner",
        OrganizationId(fresh(OrganizationId)): "viewer",
    },
    workspace_roles={WorkspaceId(fresh(WorkspaceId)): "editor"},
)


def of(service: str, key: SigningKey = KEY) -> Authenticator:
    return Authenticator(VerifyingKeys(key.public_jwks()), service)


def header(principal: Principal, service: str = "events", at: datetime = NOW) -> str:
    return f"Bearer {ISSUER.mint(principal, service, at)}"


@pytest.mark.parametrize(
    "principal",
    [EVERYTHING, ANONYMOUS, Principal(kind="system"), device_of(OrganizationId(fresh(OrganizationId)))],
    ids=["everything", "anonymous", "system", "device"],
)
def test_what_the_gateway_says_is_what_the_service_hears(principal: Principal) -> None:
    assert of("events").authenticate(header(principal), NOW) == principal


def test_a_token_for_one_service_is_nothing_to_another() -> None:
    with pytest.raises(Unauthenticated):
        of("commerce").authenticate(header(EVERYTHING, "events"), NOW)


def test_a_token_of_another_key_is_nothing() -> None:
    with pytest.raises(Unauthenticated):
        of("events", SigningKey.generate()).authenticate(header(EVERYTHING), NOW)


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c", "Token x", "Bearer \ud800", "Bearer a b"],
)
def test_without_a_token_nobody_is_believed(authorization: str | None) -> None:
    with pytest.raises(Unauthenticated):
        of("events").authenticate(authorization, NOW)


def test_the_scheme_is_spelled_in_any_case() -> None:
    authorization = header(EVERYTHING).replace("Bearer", "bearer")
    assert of("events").authenticate(authorization, NOW) == EVERYTHING


@pytest.mark.parametrize("asked_before", [False, True])
def test_a_token_lasts_sixty_seconds_and_the_leeway_remembered_or_not(*, asked_before: bool) -> None:
    authenticator, authorization = of("events"), header(EVERYTHING)
    if asked_before:
        assert authenticator.authenticate(authorization, NOW) == EVERYTHING
    assert authenticator.authenticate(authorization, NOW + timedelta(seconds=89)) == EVERYTHING
    with pytest.raises(Unauthenticated):
        authenticator.authenticate(authorization, NOW + timedelta(seconds=90))


def test_one_remembered_token_never_stands_for_another() -> None:
    authenticator = of("events")
    first, second = header(EVERYTHING), header(platform("admin"))
    assert authenticator.authenticate(first, NOW) == EVERYTHING
    assert authenticator.authenticate(second, NOW).platform_roles == {"admin"}
    assert authenticator.authenticate(first, NOW) == EVERYTHING
    with pytest.raises(Unauthenticated):
        authenticator.authenticate(first[:-4] + "AAAA", NOW)


def claims_of(principal: Principal) -> dict[str, Any]:
    import jwt

    found: dict[str, Any] = jwt.decode(ISSUER.mint(principal, "events", NOW), options={"verify_signature": False})
    return found


def test_the_token_carries_the_promised_claims_and_no_others() -> None:
    claims = claims_of(EVERYTHING)
    assert set(claims) == {
        *("iss", "aud", "iat", "exp", "sub", "kind", "sid", "authTime", "email", "name", "azv", "roles")
    }
    assert (claims["iss"], claims["aud"], claims["exp"] - claims["iat"]) == ("lanyard-gateway", "events", 60)
    assert claims["roles"]["platform"] == ["moderator", "support"]


@pytest.mark.parametrize(
    "changed",
    [
        {"roles": None},
        {"roles": {}},
        {"roles": {"platform": [], "org": {"usr_1": "owner"}, "wsp": {}}},
        {"roles": {"platform": None, "org": {}, "wsp": {}}},
        {"roles": {"platform": [], "org": [], "wsp": {}}},
        {"sid": "usr_1"},
        {"authTime": "yesterday"},
    ],
    ids=json.dumps,
)
def test_a_signed_token_of_another_shape_is_refused_not_guessed_at(changed: dict[str, Any]) -> None:
    token = KEY.sign({**claims_of(EVERYTHING), **changed})
    with pytest.raises(Unauthenticated):
        of("events").authenticate(f"Bearer {token}", NOW)


@pytest.mark.parametrize("missing", ["kind", "sub", "sid", "authTime", "email", "name", "azv", "roles"])
def test_a_claim_that_is_missing_is_refused_not_guessed_at(missing: str) -> None:
    claims = {name: value for name, value in claims_of(EVERYTHING).items() if name != missing}
    with pytest.raises(Unauthenticated):
        of("events").authenticate(f"Bearer {KEY.sign(claims)}", NOW)


def test_only_a_signed_in_person_is_a_user() -> None:
    assert user(user_id=UserId(str(EVERYTHING.subject))).require_user() == EVERYTHING.subject
    for nobody in (ANONYMOUS, device_of(OrganizationId(fresh(OrganizationId))), Principal(kind="system")):
        assert nobody.user_id is None
        with pytest.raises(Unauthenticated):
            nobody.require_user()


def test_an_actor_has_a_name_in_the_audit_whoever_it_is() -> None:
    assert replace(EVERYTHING, subject=None, kind="system").actor == "system"
    assert ANONYMOUS.actor == "anonymous"
    assert EVERYTHING.actor == EVERYTHING.subject
    assert member_of(OrganizationId(fresh(OrganizationId)), "owner").actor.startswith("usr_")
