"""Whoever reads the database cannot sign as we do, and a secret that opens no more stops one webhook and not the others."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from services.commerce.tests.component.test_outgoing_webhooks import came_to, deliveries, hears, make, show, verify
from services.commerce.tests.conftest import SEALING_KEY
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from common.ids import WebhookEndpointId
from common.principal import Principal
from common.testing import FrozenClock, Running, RunService, eventually, principals
from common.testing.servers import Servers

if TYPE_CHECKING:
    from services.commerce.tests.component.conftest import Receiver
    from services.commerce.tests.conftest import Stall

NEXT_KEY = "the sealing key after that"
LEASE = timedelta(seconds=60)
CANNOT_OPEN = "ALARM: a webhook's secret cannot be opened; what is to be told waits"


def admin_of(stall: "Stall") -> Principal:
    return principals.member_of(stall.organization_id, "admin")


def bytes_of(secret: str) -> bytes:
    """A secret as it signs."""
    return Webhook(secret)._whsecret


def id_of(hook: dict[str, Any]) -> WebhookEndpointId:
    return WebhookEndpointId(hook["id"])


async def have_it_tried(world: Running, stall: "Stall", hook: dict[str, Any]) -> None:
    answer = await world.post(f"/v1/webhooks/{hook['id']}/test", admin_of(stall))
    assert answer.status_code == 202, answer.text


async def rotated(world: Running, stall: "Stall", hook: dict[str, Any]) -> str:
    path = f"/v1/webhooks/{hook['id']}/rotate-secret"
    secret: str = (await world.post(path, admin_of(stall), key=uuid4().hex)).json()["secret"]
    return secret


async def kept(world: Running, hook: dict[str, Any]) -> tuple[bytes, bytes | None]:
    query = "SELECT sealed_secret, sealed_old_secret FROM webhook_endpoints WHERE id = :id"
    [row] = await world.rows(query, id=id_of(hook).uuid)
    return bytes(row["sealed_secret"]), row["sealed_old_secret"]


async def keep(world: Running, hook: dict[str, Any], secret: bytes) -> None:
    statement = "UPDATE webhook_endpoints SET sealed_secret = :secret WHERE id = :id RETURNING 1"
    assert len(await world.rows(statement, id=id_of(hook).uuid, secret=secret)) == 1


async def resealed(world: Running) -> Any:
    return await world.app.state.parts.commands["webhooks:reseal"]({})


def alarms_in(logs: list[Any], word: str) -> list[str]:
    return [one["endpoint"] for one in logs if one["event"] == word and one["log_level"] == "error"]


async def alarmed(logs: list[Any]) -> None:
    async def raised() -> bool:
        return bool(alarms_in(logs, CANNOT_OPEN))

    await eventually(raised, what="the alarm")


async def test_no_byte_of_a_secret_lies_in_the_database(run: RunService, stall: "Stall", receiver: "Receiver") -> None:
    async with run(settings={"webhook_origins": receiver.origin}) as world:
        hook = await make(world, stall, receiver)
        secrets = [bytes_of(hook["secret"]), bytes_of(await rotated(world, stall, hook))]
        new, old = await kept(world, hook)
        assert old is not None and (len(new), len(old)) == (60, 60)
        [row] = await world.rows("SELECT webhook_endpoints::text AS whole FROM webhook_endpoints")
        answers = await world.rows("SELECT idempotency_keys::text AS whole FROM idempotency_keys")
        assert len(answers) == 2
        assert not any("whsec_" in answer["whole"] for answer in answers), "kept for whoever repeats a request"
        for secret in secrets:
            pieces = [secret[at : at + 4] for at in range(len(secret) - 3)]
            assert [piece for piece in pieces if piece in new or piece in old or piece.hex() in row["whole"]] == []
        assert world.app.state.outgoing_webhooks.secrets.open(id_of(hook), new) == secrets[1]
        assert world.app.state.outgoing_webhooks.secrets.open(id_of(hook), old) == secrets[0]


async def test_a_secret_put_into_another_webhooks_row_signs_nothing_and_the_others_are_told(
    run: RunService, stall: "Stall", receiver: "Receiver", other_receiver: "Receiver", clock: FrozenClock
) -> None:
    settings = {"webhook_origins": f"{receiver.origin},{other_receiver.origin}"}
    with capture_logs() as logs:
        async with run(settings=settings, clock=clock) as world:
            robbed = await make(world, stall, receiver)
            own, other = await make(world, stall, other_receiver), await make(world, stall, other_receiver)
            mine, _ = await kept(world, robbed)
            await keep(world, robbed, (await kept(world, own))[0])
            for hook in (robbed, own, other):
                await have_it_tried(world, stall, hook)

            await alarmed(logs)
            for hook in (own, other):
                await came_to(world, stall, hook, ("delivered", 1))
            assert receiver.told == []
            [waiting] = await deliveries(world, stall, robbed)
            assert (waiting["state"], waiting["attempts"], waiting["lastAnswer"]) == ("waiting", 0, None)
            shown = await show(world, stall, robbed)
            assert (shown["enabled"], shown["failingSince"]) == (True, None)
            await keep(world, robbed, mine)
            clock.advance(LEASE)
            await came_to(world, stall, robbed, ("delivered", 1))
            verify(receiver.told[0], robbed["secret"])
    assert alarms_in(logs, CANNOT_OPEN) == [robbed["id"]]
    assert not any(bytes_of(hook["secret"]).hex() in str(logs) for hook in (robbed, own, other))


async def test_an_organiser_mends_what_opens_no_more_with_a_new_secret(
    run: RunService, stall: "Stall", receiver: "Receiver", clock: FrozenClock
) -> None:
    with capture_logs() as logs:
        async with run(settings={"webhook_origins": receiver.origin}, clock=clock) as world:
            hook = await make(world, stall, receiver)
            await keep(world, hook, b"x" * 60)
            new = await rotated(world, stall, hook)
            await have_it_tried(world, stall, hook)
            await came_to(world, stall, hook, ("delivered", 1))
            verify(receiver.told[0], new)
            assert len(receiver.told[0][0]["webhook-signature"].split(" ")) == 1
    assert alarms_in(logs, "ALARM: a webhook's old secret cannot be opened and signs no more") == [hook["id"]]
    assert alarms_in(logs, CANNOT_OPEN) == []


async def test_a_key_is_replaced_while_every_webhook_goes_on(
    run: RunService, stall: "Stall", receiver: "Receiver", servers: Servers, clock: FrozenClock
) -> None:
    """Old and new secret of a webhook sign under the old key, under both and under the new one alone."""
    urls = servers.database("commerce")

    def keyed(keys: str) -> Any:
        return run(settings={"webhook_origins": receiver.origin, "webhook_sealing_keys": keys}, urls=urls, clock=clock)

    try:
        async with keyed(SEALING_KEY) as world:
            hook = await make(world, stall, receiver)
            secrets = [hook["secret"], await rotated(world, stall, hook)]
            await have_it_tried(world, stall, hook)
            await hears(receiver, 1)
            before = await kept(world, hook)
        async with keyed(f"{NEXT_KEY}, {SEALING_KEY}") as world:
            await have_it_tried(world, stall, hook)
            await hears(receiver, 2)
            assert await kept(world, hook) == before
            assert await resealed(world) == {"resealed": 1, "refused": []}
            after = await kept(world, hook)
            assert before[0] != after[0] and before[1] != after[1]
            assert await resealed(world) == {"resealed": 0, "refused": []}
            assert await kept(world, hook) == after
        clock.advance(LEASE)
        async with keyed(NEXT_KEY) as world:
            await have_it_tried(world, stall, hook)
            await hears(receiver, 3)
        clock.advance(LEASE)
        with capture_logs() as logs:
            async with keyed(SEALING_KEY) as world:
                await have_it_tried(world, stall, hook)

                await alarmed(logs)
                assert await resealed(world) == {"resealed": 0, "refused": [hook["id"]]}
                assert await kept(world, hook) == after
    finally:
        servers.drop(urls)
    assert [one["number"] for one in receiver.heard] == [1, 2, 3]
    for told in receiver.told:
        for secret in secrets:
            verify(told, secret)


async def test_what_was_kept_before_secrets_were_sealed_waits_until_an_operator_has_it_sealed(
    run: RunService, stall: "Stall", receiver: "Receiver", clock: FrozenClock
) -> None:
    with capture_logs() as logs:
        async with run(settings={"webhook_origins": receiver.origin}, clock=clock) as world:
            hook, sealed = await make(world, stall, receiver), await make(world, stall, receiver)
            secret = bytes_of(hook["secret"])
            await keep(world, hook, secret)
            await have_it_tried(world, stall, hook)

            await alarmed(logs)
            assert receiver.told == []
            assert await resealed(world) == {"resealed": 1, "refused": []}
            assert secret not in (await kept(world, hook))[0]
            clock.advance(LEASE)
            await came_to(world, stall, hook, ("delivered", 1))
            verify(receiver.told[0], hook["secret"])
            assert (await show(world, stall, sealed))["enabled"] is True
