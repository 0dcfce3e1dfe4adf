"""`GET /v1/live`: who is told what, over a real broker."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from common.ids import EventId, OrganizationId, UserId, WorkspaceId
from common.messages import (
    DoorCounted,
    Message,
    NotificationCreated,
    OrderCancelled,
    OrderExpired,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    PassIssued,
    PassUpdated,
    PassVoided,
    WalletPassCreated,
    WalletPassUpdated,
    WalletPassVoided,
    catalogue,
)
from common.principal import Principal
from common.session_feed import EVERYONE
from common.testing import principals
from common.testing.principals import fresh
from common.testing.servers import PASSWORD, NatsServer, Servers
from gateway.testing import RunGateway, World, holds
from gateway.testing.live import Press, listen, news, press_at

OWNERS: list[tuple[type[Message], str]] = [
    (NotificationCreated, "user_id"),
    (OrderCancelled, "buyer_user_id"),
    (OrderExpired, "buyer_user_id"),
    (OrderPaid, "buyer_user_id"),
    (OrderPlaced, "buyer_user_id"),
    (OrderRefunded, "buyer_user_id"),
    (PassIssued, "buyer_user_id"),
    (PassIssued, "holder_user_id"),
    (PassUpdated, "holder_user_id"),
    (PassVoided, "holder_user_id"),
    (WalletPassCreated, "holder_user_id"),
    (WalletPassCreated, "buyer_user_id"),
    (WalletPassUpdated, "holder_user_id"),
    (WalletPassVoided, "holder_user_id"),
]
ORDER = [
    "disputed",
    "eventId",
    "eventName",
    "lines",
    "orderId",
    "organizationId",
    "paidAt",
    "placedAt",
    "sequence",
    "status",
    "total",
]
PASS = [
    "attendeeName",
    "eventId",
    "generation",
    "orderId",
    "orderLineId",
    "ordinal",
    "passId",
    "sequence",
    "status",
    "ticketTierId",
    "ticketTierName",
]
SHOWN = {
    "notification": ["createdAt", "kind", "link", "notificationId", "sequence", "text", "title"],
    "order": ORDER,
    "pass": PASS,
    "wallet_pass": ["apple", "eventId", "generation", "google", "passId", "sequence", "walletPassId"],
}


@pytest.fixture
def broker(servers: Servers) -> Iterator[NatsServer]:
    running = servers.brokers.provisioned()
    yield running
    servers.brokers.discard(running)


@pytest.fixture
async def world(run: RunGateway, broker: NatsServer) -> AsyncIterator[World]:
    async with run(nats_url=broker.url, nats_password=PASSWORD) as running:
        await holds(lambda: running.built.cache.leased and running.built.tokens.ready, "the gateway's readiness")
        await holds(lambda: running.built.live.hub.ready, "the streams' beginning")
        yield running


@pytest.fixture
async def press(broker: NatsServer) -> AsyncIterator[Press]:
    async with press_at(broker.url) as running:
        yield running


def person(world: World) -> tuple[UserId, str]:
    """Somebody signed in, and the bearer."""
    principal = principals.user()
    assert principal.user_id is not None
    return principal.user_id, world.identity.sign_in(principal)


def nobody() -> dict[str, UserId]:
    """Other people's ids for every field that names somebody."""
    return {name: fresh(UserId) for name in ("user_id", "buyer_user_id", "holder_user_id")}


def about(kind: type[Message], **fields: Any) -> Message:
    """A message of a kind that is about nobody but those named."""
    return news(kind, **{name: value for name, value in (nobody() | fields).items() if name in kind.model_fields})


@pytest.mark.parametrize(("kind", "field"), OWNERS, ids=[f"{kind.subject}-{field}" for kind, field in OWNERS])
async def test_people_are_told_what_is_their_own_with_the_fields_they_may_see(
    world: World, press: Press, kind: type[Message], field: str
) -> None:
    me, token = person(world)
    client = await listen(world, token)
    message = about(kind, **{field: me})
    await press.say(about(kind), message)
    block = await client.next()
    assert block.event == kind.subject
    assert sorted(block.data) == SHOWN[kind.subject.split(".")[0]]
    whole = json.loads(message.body())
    assert block.data == {name: whole[name] for name in block.data}


def test_every_message_with_an_audience_is_tried_here() -> None:
    shown = {kind for kind in catalogue() if kind.audience is not None}
    assert shown == {kind for kind, _ in OWNERS} | {DoorCounted}


async def test_nobody_is_told_of_others_and_codes_addresses_and_secrets_stay_inside(world: World, press: Press) -> None:
    me, token = person(world)
    client = await listen(world, token)
    for kind, _ in OWNERS:
        await press.say(about(kind))
    await press.say(
        about(OrderPaid, buyer_user_id=me, buyer_email="ada@example.org", page_path="/o/a-secret"),
        about(PassIssued, buyer_user_id=me, code="LY1.secret", holder_email="ben@example.org"),
    )
    told = [await client.next(), await client.next()]
    assert sorted(block.event for block in told) == ["order.paid", "pass.issued"]
    text = json.dumps([block.fields for block in told])
    for inside in ("ada@example.org", "ben@example.org", "a-secret", "LY1.secret"):
        assert inside not in text


async def test_who_holds_what_they_bought_is_told_once(world: World, press: Press) -> None:
    me, token = person(world)
    client = await listen(world, token)
    await press.say(about(PassIssued, buyer_user_id=me, holder_user_id=me), about(PassVoided, buyer_user_id=me))
    assert [(await client.next()).event, (await client.next()).event] == ["pass.issued", "pass.voided"]


async def test_the_answer_is_an_event_stream_that_nobody_keeps(world: World) -> None:
    client = await listen(world, person(world)[1])
    headers = dict(client.headers)
    assert headers["content-type"] == "text/event-stream"
    assert headers["cache-control"] == "no-store"
    assert headers["x-accel-buffering"] == "no"
    assert headers["transfer-encoding"] == "chunked"
    assert client.last_id.split(",")[0].startswith("COMMERCE.")
    assert 500 <= client.retry < 3500


async def test_news_of_one_publisher_keep_their_order(world: World, press: Press) -> None:
    me, token = person(world)
    client = await listen(world, token)
    await press.say(*(about(OrderPaid, buyer_user_id=me, sequence=number) for number in range(1, 101)))
    assert [(await client.next()).data["sequence"] for _ in range(100)] == list(range(1, 101))


async def test_all_streams_of_a_person_are_told(world: World, press: Press) -> None:
    me, token = person(world)
    clients = [await listen(world, token) for _ in range(3)]
    await press.say(about(OrderPaid, buyer_user_id=me))
    assert [(await client.next()).event for client in clients] == ["order.paid"] * 3


class TestDoorCounts:
    """Only for those who ask, and only of events that a grant of theirs covers."""

    event = fresh(EventId)
    organization = fresh(OrganizationId)
    workspace = fresh(WorkspaceId)

    def count(self, **fields: Any) -> DoorCounted:
        return news(
            DoorCounted,
            **{"event_id": self.event, "organization_id": self.organization, "workspace_id": self.workspace, **fields},
        )

    @pytest.mark.parametrize(
        "principal",
        [
            principals.member_of(organization, "scanner"),
            principals.member_of(organization, "owner"),
            principals.workspace_member(workspace, "manager"),
            principals.platform("admin"),
            principals.device_of(organization),
        ],
        ids=["scanner", "owner", "workspace-manager", "platform-admin", "device"],
    )
    async def test_whoever_may_see_the_door_is_told(self, world: World, press: Press, principal: Principal) -> None:
        client = await listen(world, world.identity.sign_in(principal), event=self.event)
        await press.say(self.count(event_id=fresh(EventId)), self.count(inside=41))
        block = await client.next()
        assert block.event == "door.counted"
        assert sorted(block.data) == ["admitted", "countedAt", "eventId", "inside", "issued", "sequence"]
        assert (block.data["eventId"], block.data["inside"]) == (self.event, 41)

    @pytest.mark.parametrize(
        "principal",
        [
            principals.member_of(fresh(OrganizationId), "owner"),
            principals.workspace_member(fresh(WorkspaceId), "manager"),
        ],
        ids=["other-organisation", "other-workspace"],
    )
    async def test_a_grant_elsewhere_shows_nothing(self, world: World, press: Press, principal: Principal) -> None:
        client = await listen(world, world.identity.sign_in(principal), event=self.event)
        await press.say(self.count(), about(OrderPaid, buyer_user_id=UserId(str(principal.subject))))
        assert (await client.next()).event == "order.paid"

    async def test_who_does_not_ask_is_not_told(self, world: World, press: Press) -> None:
        owner = principals.member_of(self.organization, "owner")
        client = await listen(world, world.identity.sign_in(owner))
        await press.say(self.count())
        await press.say(about(OrderPaid, buyer_user_id=UserId(str(owner.subject))))
        assert (await client.next()).event == "order.paid"

    async def test_without_any_such_grant_asking_is_refused(self, world: World) -> None:
        answer = await world.ask("GET", f"/v1/live?event={self.event}", token=person(world)[1])
        assert (answer.status, answer.code) == (403, "gateway.capability_missing")
        assert answer.json()["capability"] == "events:check-in:read"

    @pytest.mark.parametrize(
        "query",
        ["event=", f"event={fresh(OrganizationId)}", "event=evt_short", f"event={event}&event={fresh(EventId)}"],
        ids=["empty", "other-kind", "malformed", "two"],
    )
    async def test_what_names_no_event_is_refused(self, world: World, query: str) -> None:
        owner = world.identity.sign_in(principals.member_of(self.organization, "owner"))
        answer = await world.ask("GET", f"/v1/live?{query}", token=owner)
        assert (answer.status, answer.code) == (422, "gateway.event_not_named")


async def test_nobody_listens_without_a_sign_in(world: World) -> None:
    """Scenario 19: and a token in the address is none."""
    _, token = person(world)
    for target in ("/v1/live", f"/v1/live?access_token={token}", f"/v1/live?token={token}"):
        answer = await world.ask("GET", target)
        assert (answer.status, answer.code) == (401, "gateway.not_signed_in")
        assert answer.one("www-authenticate")
    assert world.built.live.streams == 0


async def test_a_head_request_shows_the_headers_and_opens_nothing(world: World) -> None:
    answer = await world.ask("HEAD", "/v1/live", token=person(world)[1])
    assert (answer.status, answer.one("content-type")) == (200, "text/event-stream")
    assert world.built.live.streams == 0


async def test_a_sign_in_has_six_streams_and_a_place_is_free_when_one_is_left(world: World) -> None:
    """G9: concurrent streams are capped."""
    _, token = person(world)
    clients = [await listen(world, token) for _ in range(6)]
    seventh = await world.ask("GET", "/v1/live", token=token)
    assert (seventh.status, seventh.code, seventh.one("retry-after")) == (429, "gateway.too_many_streams", "15")
    await listen(world, person(world)[1])
    clients[0].cut()
    await holds(lambda: world.built.live.streams == 6, "the place")
    await listen(world, token)


async def test_a_process_has_so_many_streams(run: RunGateway, broker: NatsServer) -> None:
    """G9."""
    async with run(nats_url=broker.url, nats_password=PASSWORD, live_streams=2) as world:
        await holds(lambda: world.built.cache.leased and world.built.live.hub.ready, "the gateway's readiness")
        clients = [await listen(world, person(world)[1]) for _ in range(2)]
        answer = await world.ask("GET", "/v1/live", token=person(world)[1])
        assert (answer.status, answer.code, answer.one("retry-after")) == (503, "gateway.live_full", "10")
        clients[0].cut()
        await holds(lambda: world.built.live.streams == 1, "the place")
        await listen(world, person(world)[1])


async def test_without_a_broker_live_updates_are_away_and_everything_else_is_there(run: RunGateway) -> None:
    """G18: and nobody waits for what cannot come."""
    async with run() as world:
        await holds(lambda: world.built.cache.leased and world.built.tokens.ready, "the gateway's readiness")
        _, token = person(world)
        answer = await world.ask("GET", "/v1/live", token=token)
        assert (answer.status, answer.code, answer.one("retry-after")) == (503, "gateway.live_away", "2")
        assert (await world.ask("GET", "/v1/orders", token=token)).status == 200


async def test_a_message_nobody_can_read_is_passed_over(world: World, press: Press) -> None:
    me, token = person(world)
    client = await listen(world, token)

    class Broken(OrderPaid):
        def body(self) -> str:
            return '{"buyerUserId": ['

    broken = Broken.model_validate_json(about(OrderPaid, buyer_user_id=me).body())
    await press.say(broken, about(OrderPaid, buyer_user_id=me, sequence=9))
    assert (await client.next()).data["sequence"] == 9


async def test_a_connection_serves_the_next_request_after_a_stream_that_ended(world: World) -> None:
    _, token = person(world)
    client = await listen(world, token)
    world.identity.people.clear()
    world.built.cache.drop(EVERYONE)
    assert (await client.next()).event == "closing"
    with pytest.raises(EOFError):
        await client.next()
    client.writer.write(b"GET /v1/app-state HTTP/1.1\r\nhost: a\r\n\r\n")
    assert (await world.read_answer(client.reader)).status == 200
