"""Only a token that identity signed for us, that is alive and whose sign-in lives, opens the door."""

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from common.ids import ApiKeyId, OrganizationId
from common.principal import InternalIssuer
from common.testing import principals
from common.testing.clock import FrozenClock
from common.tokens import SigningKey
from gateway.auth import door
from gateway.testing import FakeIdentity, RunGateway, World, holds

WHO = principals.user()
SUB_SID: dict[str, Any] = {"sub": WHO.subject, "sid": WHO.sign_in_id}
DAY = timedelta(days=1)


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(world: World, header: dict[str, object], sign: bytes | None = None) -> str:
    now = int(datetime.now(UTC).timestamp())
    claims = {"iss": "lanyard-identity", "aud": "lanyard", "iat": now, "exp": now + 300} | SUB_SID
    signed = f"{segment(header)}.{segment(claims)}"
    mac = hmac.new(sign, signed.encode(), hashlib.sha256).digest() if sign else b""
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def forged(world: World) -> dict[str, str]:
    now = int(datetime.now(UTC).timestamp())
    token, kid = world.identity.token, world.identity.key.key.kid
    stranger = SigningKey.generate()
    impostor = SigningKey.from_json(json.dumps(json.loads(stranger.private_json()) | {"kid": kid}))
    claims = {"iss": "lanyard-identity", "aud": "lanyard", "iat": now, "exp": now + 300} | SUB_SID
    good = token(**SUB_SID)
    return {
        "nonsense": "nonsense",
        "no algorithm": unsigned(world, {"alg": "none", "kid": kid}),
        "the public key as a secret": unsigned(world, {"alg": "HS256", "kid": kid}, world.identity.jwks.encode()),
        "a key brought along": unsigned(
            world, {"alg": "Ed25519", "kid": kid, "jwk": json.loads(stranger.public_jwks())["keys"][0]}
        ),
        "a key to be fetched elsewhere": unsigned(
            world, {"alg": "Ed25519", "kid": kid, "jku": f"{world['commerce'].url}/keys", "x5u": world["commerce"].url}
        ),
        "a key id that is a path": unsigned(world, {"alg": "Ed25519", "kid": "../../dev/null"}),
        "a header nested without end": base64.urlsafe_b64encode(b"[" * 12_000 + b"]" * 12_000).decode() + ".e30.x",
        "no key id": unsigned(world, {"alg": "Ed25519"}),
        "the algorithm's older name": unsigned(world, {"alg": "EdDSA", "kid": kid}),
        "another key": token(key=stranger, **SUB_SID),
        "another key under the known one's id": impostor.sign(claims),
        "the gateway's own key": token(key=world.signing_key, **SUB_SID),
        "a token for a service of our own": InternalIssuer(world.signing_key).mint(WHO, "identity", datetime.now(UTC)),
        "an id token": token(aud="a-client-of-ours", nonce="n", **SUB_SID),
        "an id token of another issuer": token(iss="https://accounts.google.com", aud="lanyard", **SUB_SID),
        "a refresh token": "rft_" + "A" * 43,
        "another audience": token(aud="events", **SUB_SID),
        "several audiences": token(aud=["lanyard", "events"], **SUB_SID),
        "another issuer": token(iss="lanyard-gateway", **SUB_SID),
        "expired": token(lives=-DAY, **SUB_SID),
        "not yet valid": token(nbf=now + 3600, **SUB_SID),
        "from the future": token(iat=now + 3600, **SUB_SID),
        "without an end": token(exp=None, **SUB_SID),
        "without a sign-in": token(sub=WHO.subject),
        "without a subject": token(sid=WHO.sign_in_id),
        "someone else's sign-in": token(sub=principals.user().subject, sid=WHO.sign_in_id),
        "changed": good[:-6] + ("AAAAAA" if good[-6:] != "AAAAAA" else "BBBBBB"),
    }


async def test_every_forged_token_is_a_401_and_reaches_nobody(world: World) -> None:
    """Scenario 3; G2, G3."""
    world.identity.sign_in(WHO)
    for name, token in forged(world).items():
        answer = await world.ask("GET", "/v1/me", token=token)
        assert (name, answer.status, answer.code) == (name, 401, "gateway.token_refused")
        assert answer.one("www-authenticate") == 'Bearer realm="lanyard", error="invalid_token"'
    assert world.identity.asked() == []
    assert world["commerce"].connections == 0, "no key is fetched from where a token says"
    assert (await world.ask("GET", "/v1/me", token=world.identity.token(**SUB_SID))).status == 200


@pytest.mark.parametrize("value", ["Basic abc", "Bearer", "Bearer ", "bearer", "x"])
async def test_another_scheme_is_a_401(world: World, value: str) -> None:
    answer = await world.ask("GET", "/v1/me", {"authorization": value})
    assert (answer.status, answer.code) == (401, "gateway.token_refused")


async def test_two_tokens_are_none(world: World) -> None:
    token = world.identity.sign_in().encode()
    line = b"authorization: Bearer " + token + b"\r\n"
    (answer,) = await world.raw(b"GET /v1/me HTTP/1.1\r\nhost: a\r\nconnection: close\r\n" + line * 2 + b"\r\n")
    assert answer.status == 401


async def test_no_token_at_all_is_a_401_that_says_how(world: World) -> None:
    answer = await world.ask("GET", "/v1/me")
    assert (answer.status, answer.code) == (401, "gateway.not_signed_in")
    assert answer.one("www-authenticate") == 'Bearer realm="lanyard"'


async def test_a_device_shows_its_own_token_and_is_itself_upstream(world: World) -> None:
    device = principals.device_of(OrganizationId(principals.fresh(OrganizationId)))
    token = world.identity.sign_in(device)
    for _ in range(2):
        answer = await world.ask("POST", "/v1/check-ins", body=b"{}", token=token)
        assert answer.status == 200
    assert world.identity.looked_up() == 1
    payload = world["events"].heard[0].one("authorization").split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert (claims["kind"], claims["sub"], claims["sid"]) == ("device", device.subject, None)
    assert list(claims["roles"]["org"].values()) == ["scanner"]


@pytest.mark.parametrize("secret", ["", ".", ".short", ".wrong-but-long-enough-to-be-asked-about", "." + "a" * 300])
async def test_a_device_without_its_secret_is_nobody(world: World, secret: str) -> None:
    device = principals.device_of(OrganizationId(principals.fresh(OrganizationId)))
    world.identity.sign_in(device)
    answer = await world.ask("POST", "/v1/check-ins", body=b"{}", token=f"{device.subject}{secret}")
    assert (answer.status, answer.code) == (401, "gateway.token_refused")
    assert world["events"].heard == []


async def test_a_revoked_device_is_refused_at_the_next_request(world: World) -> None:
    device = principals.device_of(OrganizationId(principals.fresh(OrganizationId)))
    token = world.identity.sign_in(device)
    assert (await world.ask("POST", "/v1/check-ins", body=b"{}", token=token)).status == 200
    world.identity.people.clear()
    world.built.cache.drop(str(device.subject))
    assert (await world.ask("POST", "/v1/check-ins", body=b"{}", token=token)).status == 401


def fetches(world: World) -> int:
    return sum(heard.target == "/internal/keys" for heard in world.identity.heard)


def jwks(*keys: SigningKey) -> str:
    return json.dumps({"keys": [json.loads(key.public_jwks())["keys"][0] for key in keys]})


async def test_tokens_of_unknown_keys_cause_one_fetch_in_a_cool_down(world: World) -> None:
    """Scenario 3."""
    before = fetches(world)
    for cooled_down in (1, 2):
        for _ in range(2):
            tokens = [world.identity.token(key=SigningKey.generate(), **SUB_SID) for _ in range(10)]
            answers = await asyncio.gather(*(world.ask("GET", "/v1/me", token=token) for token in tokens))
            assert {answer.status for answer in answers} == {401}
        assert fetches(world) == before + cooled_down
        world.built.tokens._searched_at = float("-inf")


async def test_a_key_that_begins_to_sign_is_known_before_anyone_is_refused(world: World) -> None:
    """Scenario 4; G20. The keys were fetched a moment ago; an unknown key makes one fetch all the same."""
    old, new = world.identity.key, SigningKey.generate()
    world.identity.sign_in(WHO)
    world.identity.jwks = jwks(old, new)
    before = fetches(world)
    tokens = [world.identity.token(key=key, jti=number, **SUB_SID) for number in range(20) for key in (old, new)]
    answers = await asyncio.gather(*(world.ask("GET", "/v1/orders", token=token) for token in tokens))
    assert {answer.status for answer in answers} == {200}
    assert fetches(world) == before + 1


@pytest.mark.parametrize("broken", ["[]", '{"keys": 1}', '{"keys": [{"kty": "OKP"}]}', "{}"])
async def test_while_keys_cannot_be_fetched_the_known_ones_stay(world: World, broken: str) -> None:
    """Scenario 4."""
    world.identity.sign_in(WHO)
    world.identity.jwks = broken
    before = fetches(world)
    unknown = world.identity.token(key=SigningKey.generate(), **SUB_SID)
    assert (await world.ask("GET", "/v1/orders", token=unknown)).status == 401
    assert fetches(world) == before + 1
    assert (await world.ask("GET", "/v1/orders", token=world.identity.token(**SUB_SID))).status == 200


async def keys_age(world: World) -> float:
    text = (await world.ask("GET", "/metrics")).body.decode()
    (line,) = [line for line in text.splitlines() if line.startswith("lanyard_gateway_keys_age_seconds ")]
    return float(line.split(" ")[1])


async def test_metrics_tell_how_old_the_known_keys_are(world: World) -> None:
    """A fetch that fails leaves the age as it is: it tells how long identity's word is out."""
    world.built.tokens._fetched_at -= 1000
    world.identity.jwks = "{}"
    unknown = world.identity.token(key=SigningKey.generate(), **SUB_SID)
    assert (await world.ask("GET", "/v1/orders", token=unknown)).status == 401
    assert 1000 <= await keys_age(world) < 1100
    world.identity.jwks = jwks(world.identity.key)
    world.built.tokens._searched_at = float("-inf")
    assert (await world.ask("GET", "/v1/orders", token=unknown)).status == 401
    assert 0 <= await keys_age(world) < 100


async def test_before_any_key_is_known_its_age_is_without_end(run: RunGateway) -> None:
    identity = FakeIdentity()
    identity.jwks = '"nonsense"'
    async with run(identity=identity) as world:
        assert await keys_age(world) == float("inf")


async def test_a_withdrawn_key_opens_nothing_not_even_for_a_token_shown_before(world: World) -> None:
    old, new = world.identity.key, SigningKey.generate()
    token = world.identity.sign_in(WHO)
    assert (await world.ask("GET", "/v1/orders", token=token)).status == 200
    world.identity.jwks = jwks(new)
    fresh = world.identity.token(key=new, **SUB_SID)
    assert (await world.ask("GET", "/v1/orders", token=fresh)).status == 200
    answer = await world.ask("GET", "/v1/orders", token=token)
    assert (answer.status, answer.code) == (401, "gateway.token_refused")
    assert str(old.key.kid) not in world.identity.jwks


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        pytest.param({"exp": -29}, 200, id="over-within-the-leeway"),
        pytest.param({"exp": -31}, 401, id="over"),
        pytest.param({"iat": 29}, 200, id="issued-ahead-within-the-leeway"),
        pytest.param({"iat": 32}, 401, id="from-the-future"),
        pytest.param({"nbf": 29}, 200, id="good-from-now-on"),
        pytest.param({"nbf": 32}, 401, id="not-yet-good"),
    ],
)
async def test_clocks_may_differ_by_thirty_seconds(run: RunGateway, claims: dict[str, int], status: int) -> None:
    """G20."""
    clock = FrozenClock(datetime.now(UTC).replace(microsecond=0))
    async with run(clock=clock) as world:
        await holds(lambda: world.built.cache.leased and world.built.tokens.ready, "the gateway's readiness")
        world.identity.sign_in(WHO)
        now = int(clock.now().timestamp())
        usual = {"iat": now, "exp": now + 300}
        token = world.identity.token(**SUB_SID | usual | {name: now + seconds for name, seconds in claims.items()})
        assert (await world.ask("GET", "/v1/orders", token=token)).status == status
        assert len(world["commerce"].heard) == (status == 200)


async def test_a_token_shown_before_ends_when_it_ends(run: RunGateway) -> None:
    clock = FrozenClock(datetime.now(UTC).replace(microsecond=0))
    async with run(clock=clock) as world:
        await holds(lambda: world.built.cache.leased and world.built.tokens.ready, "the gateway's readiness")
        world.identity.sign_in(WHO)
        now = int(clock.now().timestamp())
        token = world.identity.token(**SUB_SID, iat=now, exp=now + 300)
        assert (await world.ask("GET", "/v1/orders", token=token)).status == 200
        clock.advance(timedelta(seconds=329))
        assert (await world.ask("GET", "/v1/orders", token=token)).status == 200
        clock.advance(timedelta(seconds=1))
        assert (await world.ask("GET", "/v1/orders", token=token)).status == 401
        assert world.identity.looked_up() <= 2


async def test_tokens_without_number_fill_no_memory_and_lock_nobody_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest are forgotten; whoever shows one of those again is looked at anew."""
    monkeypatch.setattr(door, "CAPACITY", 20)
    tokens = [world.identity.sign_in() for _ in range(50)]
    wrong = [f"{principals.fresh(ApiKeyId)}.{'a-wrong-secret' * 2}" for _ in range(50)]
    for token, status in [*((each, 200) for each in tokens), *((each, 401) for each in wrong), (tokens[0], 200)]:
        assert (await world.ask("GET", "/v1/orders", token=token)).status == status
    remembered = world.built.gateway._parts.door
    assert 18 <= len(remembered._shown) <= 20
    assert 18 <= len(remembered._ended) <= 20


async def test_without_identity_nothing_private_is_answered_and_public_reads_go_on(run: RunGateway) -> None:
    async with run() as world:
        await holds(lambda: world.built.tokens.ready and world.built.cache.leased, "the gateway's readiness")
        known, unknown = world.identity.sign_in(WHO), world.identity.sign_in()
        assert (await world.ask("GET", "/v1/orders", token=known)).status == 200
        await world.identity.stop()
        await holds(lambda: not world.built.cache.leased, "the lease's end")
        for token in (known, unknown):
            answer = await asyncio.wait_for(world.ask("GET", "/v1/orders", token=token), 1)
            assert (answer.status, answer.code) == (503, "gateway.identity_away")
        assert len(world["commerce"].heard) == 1
        assert (await world.ask("GET", "/v1/events")).status == 200
        assert (await world.ask("GET", "/v1/events/evt_1", token=known)).status == 200
        refused = await world.ask("POST", "/v1/dp/campaigns/dpc_1/dps", body=b"{}", token=known)
        assert (refused.status, world["dp"].heard) == (503, [])
        await world.identity.start()
        await holds(lambda: world.built.cache.leased, "the lease")
        assert (await world.ask("GET", "/v1/orders", token=known)).status == 200


async def test_an_identity_that_hangs_is_a_503_within_a_second(world: World) -> None:
    hanging = asyncio.Event()

    async def hang() -> None:
        await hanging.wait()

    world.identity.before_lookup = hang
    began = asyncio.get_running_loop().time()
    answer = await world.ask("GET", "/v1/orders", token=world.identity.sign_in())
    assert (answer.status, answer.code) == (503, "gateway.identity_away")
    assert asyncio.get_running_loop().time() - began < 1.0
    hanging.set()
