"""A message that cannot be worked off ends among the dead letters, and one that can never does."""

import asyncio
import contextlib
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from common import inbox
from common.db import Transaction
from common.ids import EventId, OrganizationId, TicketTierId
from common.inbox import ATTEMPTS, DELIVERIES_BEFORE_SUSPICION, NotClaimed
from common.messages import EventUpdated, TicketTierAvailabilityChanged
from common.testing import Running, RunService, eventually
from common.testing.brokers import connected
from common.testing.principals import fresh
from common.testing.servers import DatabaseUrls

CONSUMER = "commerce-from-events"
_NO_CLAIMS = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'busy' USING ERRCODE = 'lock_not_available'; END $$;
    CREATE TRIGGER no_claims BEFORE INSERT ON inbox
        FOR EACH ROW WHEN (NEW.handled_at IS NOT NULL) EXECUTE FUNCTION refuse()
"""
EFFECTS = "CREATE TABLE effects (name text NOT NULL)"


def changed() -> EventUpdated:
    fields = {
        "sequence": 2,
        "eventId": fresh(EventId),
        "organizationId": fresh(OrganizationId),
        "workspaceId": None,
        "name": "Lagos Night",
        "slug": "lagos-night",
        "description": None,
        "status": "published",
        "startsAt": "2026-12-01T19:00:00+00:00",
        "endsAt": "2026-12-01T23:00:00+00:00",
        "timezone": "Africa/Lagos",
        "venue": None,
        "currency": "NGN",
    }
    return EventUpdated.model_validate(fields)


def availability_changed() -> TicketTierAvailabilityChanged:
    tier, event = fresh(TicketTierId), fresh(EventId)
    return TicketTierAvailabilityChanged(sequence=1, ticket_tier_id=tier, event_id=event, availability="few")


class Letter:
    """A delivery without a broker, for what the broker says of it."""

    def __init__(self, message: EventUpdated, message_id: str, deliveries: int = 1) -> None:
        self.subject, self.type, self.body = message.subject, message.type(), message.body().encode()
        self.message_id, self.deliveries = message_id, deliveries
        self.traceparent: str | None = None
        self.headers: dict[str, str] = {}
        self.answers: list[str] = []

    async def done(self) -> None:
        self.answers.append("done")

    async def again_in(self, delay: timedelta) -> None:
        self.answers.append("again")


@pytest.fixture
def with_effects(urls: DatabaseUrls) -> DatabaseUrls:
    with psycopg.connect(urls.owner.replace("+psycopg", "")) as connection:
        connection.execute(EFFECTS)
    return urls


def role_setting(urls: DatabaseUrls, setting: str) -> None:
    """Give the app's role another patience in this database; connections made from now on have it."""
    with psycopg.connect(urls.superuser, autocommit=True) as superuser:
        superuser.execute(f'ALTER ROLE commerce IN DATABASE "{urls.name}" SET {setting}')


async def take_effect(tx: Transaction, message: EventUpdated) -> None:
    await tx.execute(text("INSERT INTO effects VALUES (:name)"), {"name": message.name})


async def dead(world: Running) -> Any:
    return await world.rows("SELECT * FROM dead_letters")


async def receive(world: Running, letter: Letter) -> list[str]:
    await world.app.state.inbox.receive(CONSUMER, letter)
    return letter.answers


@pytest.mark.parametrize(
    ("state", "what"),
    [
        ("40P01", "a deadlock"),
        ("40001", "a serialization failure"),
        ("55P03", "a lock nobody gets"),
        ("57014", "a statement that takes too long"),
        ("54000", "a limit of the database"),
    ],
)
async def test_an_action_that_meets_it_every_time_is_a_dead_letter_after_five_tries(
    run_commerce: RunService, state: str, what: str
) -> None:
    async def breaks(tx: Transaction, message: EventUpdated) -> None:
        await tx.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'it is {what}' USING ERRCODE = '{state}'; END $$"))

    async with run_commerce(handlers={EventUpdated: breaks}) as world:
        await world.send(changed())
        letter = (await eventually(lambda: dead(world)))[0]
        assert letter["failures"] == ATTEMPTS
        assert what in letter["error"]


@pytest.mark.parametrize("fault", [TimeoutError("the mail server"), ConnectionRefusedError("the storage")])
async def test_someone_else_being_away_counts_as_a_failure_of_the_action(
    run_commerce: RunService, fault: OSError
) -> None:
    async def breaks(tx: Transaction, message: EventUpdated) -> None:
        raise fault

    async with run_commerce(handlers={EventUpdated: breaks}) as world:
        await world.send(changed())
        letter = (await eventually(lambda: dead(world)))[0]
        assert letter["failures"] == ATTEMPTS


async def test_an_action_that_dozes_in_its_transaction_is_counted(run_commerce: RunService, urls: DatabaseUrls) -> None:
    async def dozes(tx: Transaction, message: EventUpdated) -> None:
        await tx.execute(text("SET LOCAL idle_in_transaction_session_timeout = '20ms'"))
        await asyncio.sleep(0.1)
        await tx.execute(text("SELECT 1"))

    async with run_commerce(handlers={EventUpdated: dozes}) as world:
        await world.send(changed())
        letter = (await eventually(lambda: dead(world)))[0]
        assert letter["failures"] == ATTEMPTS


async def test_an_action_cancelled_from_within_is_counted(run_commerce: RunService) -> None:
    async def gives_up(tx: Transaction, message: EventUpdated) -> None:
        raise asyncio.CancelledError

    async with run_commerce(handlers={EventUpdated: gives_up}) as world:
        await world.send(changed())
        letter = (await eventually(lambda: dead(world)))[0]
        assert letter["failures"] == ATTEMPTS


async def test_a_long_absence_of_the_database_makes_no_dead_letter(
    run_commerce: RunService, with_effects: DatabaseUrls
) -> None:
    async with run_commerce(handlers={EventUpdated: take_effect}) as world:
        often = Letter(changed(), "came-again-and-again", deliveries=10 * DELIVERIES_BEFORE_SUSPICION)
        assert await receive(world, often) == ["done"]
        assert await world.count("effects") == 1
        assert await world.count("dead_letters") == 0


async def test_a_message_that_keeps_killing_processes_is_a_dead_letter_in_the_end(
    run_commerce: RunService, with_effects: DatabaseUrls
) -> None:
    begun: list[asyncio.Event] = []

    async def never_ends(tx: Transaction, message: EventUpdated) -> None:
        begun[-1].set()
        await asyncio.Event().wait()

    async with run_commerce(handlers={EventUpdated: never_ends}) as world:
        message = changed()
        for deliveries in range(1, DELIVERIES_BEFORE_SUSPICION + ATTEMPTS):
            begun.append(asyncio.Event())
            process = asyncio.create_task(receive(world, Letter(message, "killer", deliveries)))
            await asyncio.wait_for(begun[-1].wait(), 5)
            process.cancel()
            await asyncio.wait({process})
            assert await world.count("dead_letters") == 0
        last = Letter(message, "killer", DELIVERIES_BEFORE_SUSPICION + ATTEMPTS)
        assert await receive(world, last) == ["done"]
        assert "never finished" in (await dead(world))[0]["error"]


async def test_a_handled_message_whose_answer_keeps_getting_lost_is_no_dead_letter(
    run_commerce: RunService, with_effects: DatabaseUrls
) -> None:
    async with run_commerce(handlers={EventUpdated: take_effect}) as world:
        message = changed()
        for deliveries in range(1, DELIVERIES_BEFORE_SUSPICION + 2 * ATTEMPTS):
            assert await receive(world, Letter(message, "unanswered", deliveries)) == ["done"]
        assert await world.count("effects") == 1
        assert await world.count("dead_letters") == 0


async def test_an_action_that_only_posts_and_speaks_has_one_effect_however_often_its_message_comes(
    run_commerce: RunService, with_effects: DatabaseUrls
) -> None:
    async def post(tx: Transaction, message: EventUpdated) -> None:
        tx.post(text("INSERT INTO effects VALUES (:name)"), {"name": message.name})
        tx.publish(availability_changed())

    async with run_commerce(handlers={EventUpdated: post}) as world:
        message = changed()
        for _ in range(3):
            assert await receive(world, Letter(message, "again")) == ["done"]
        assert (await world.count("effects"), await world.count("outbox")) == (1, 1)
        assert await world.rows("SELECT failures FROM inbox") == [{"failures": 0}]


async def test_an_action_that_swallows_every_error_has_one_effect_however_often_its_message_comes(
    run_commerce: RunService, with_effects: DatabaseUrls
) -> None:
    async def deaf(tx: Transaction, message: EventUpdated) -> None:
        with contextlib.suppress(Exception):
            await take_effect(tx, message)
        tx.publish(availability_changed())

    async with run_commerce(handlers={EventUpdated: deaf}) as world:
        message = changed()
        for _ in range(3):
            assert await receive(world, Letter(message, "again")) == ["done"]
        assert (await world.count("effects"), await world.count("outbox")) == (1, 1)
        assert await world.count("dead_letters") == 0


async def test_what_an_error_says_never_keeps_a_message_from_being_buried(run_commerce: RunService) -> None:
    async def breaks(tx: Transaction, message: EventUpdated) -> None:
        raise ValueError("half a letter \ud800 and a \x00")

    async with run_commerce(handlers={EventUpdated: breaks}) as world:
        await world.send(changed())
        letter = (await eventually(lambda: dead(world)))[0]
        assert letter["error"].startswith("ValueError: half a letter")


async def test_what_a_text_of_the_database_cannot_hold_never_keeps_a_message_from_being_buried(
    run_commerce: RunService,
) -> None:
    async with run_commerce(handlers={}) as world:
        await world.send(changed(), message_id="zero \x00 in it")
        letter = (await eventually(lambda: dead(world)))[0]
        assert letter["message_id"] == "zero \ufffd in it"
        assert letter["headers"]["ce-id"] == "zero \ufffd in it"


async def test_a_trace_nobody_understands_never_keeps_a_message_from_being_buried(run_commerce: RunService) -> None:
    async with run_commerce(handlers={}) as world:
        letter = Letter(changed(), "strange-trace")
        letter.traceparent = "nonsense"
        assert await receive(world, letter) == ["done"]
        assert [row["trace_id"] for row in await dead(world)] == [None]


async def test_a_dead_letter_that_comes_again_and_then_succeeds_has_no_second_effect_when_replayed(
    run_commerce: RunService, with_effects: DatabaseUrls
) -> None:
    mended: list[bool] = []

    async def breaks_until_mended(tx: Transaction, message: EventUpdated) -> None:
        if not mended:
            raise ValueError("not yet")
        await take_effect(tx, message)

    async with run_commerce(handlers={EventUpdated: breaks_until_mended}) as world:
        message = changed()
        answers = [await receive(world, Letter(message, "lost-answer")) for _ in range(ATTEMPTS)]
        assert answers == [["again"]] * (ATTEMPTS - 1) + [["done"]]
        mended.append(True)
        assert await receive(world, Letter(message, "lost-answer")) == ["done"]
        assert await world.app.state.inbox.replay(CONSUMER, "lost-answer") is True
        assert await world.count("effects") == 1
        assert await world.app.state.inbox.replay(CONSUMER, "lost-answer") is False


async def test_a_replay_beside_a_delivery_under_way_has_one_effect(
    run_commerce: RunService, with_effects: DatabaseUrls
) -> None:
    begun, go = asyncio.Event(), asyncio.Event()
    broken = [True] * ATTEMPTS

    async def slow(tx: Transaction, message: EventUpdated) -> None:
        if broken:
            broken.pop()
            raise ValueError("not yet")
        await take_effect(tx, message)
        begun.set()
        await go.wait()

    async with run_commerce(handlers={EventUpdated: slow}) as world:
        message = changed()
        for _ in range(ATTEMPTS):
            await receive(world, Letter(message, "both"))
        delivery = asyncio.create_task(receive(world, Letter(message, "both")))
        await asyncio.wait_for(begun.wait(), 5)
        replay = asyncio.create_task(world.app.state.inbox.replay(CONSUMER, "both"))
        await world.locks_awaited()
        go.set()
        assert await delivery == ["done"]
        assert await replay is True
        assert await world.count("effects") == 1


async def test_a_replay_long_after_the_inbox_row_was_forgotten_leaves_its_mark(
    run_commerce: RunService, with_effects: DatabaseUrls
) -> None:
    broken = [True] * ATTEMPTS

    async def breaks_at_first(tx: Transaction, message: EventUpdated) -> None:
        if broken:
            broken.pop()
            raise ValueError("not yet")
        await take_effect(tx, message)

    async with run_commerce(handlers={EventUpdated: breaks_at_first}) as world:
        message = changed()
        for _ in range(ATTEMPTS):
            await receive(world, Letter(message, "old"))
        await world.rows("DELETE FROM inbox RETURNING 1")
        assert await world.app.state.inbox.replay(CONSUMER, "old") is True
        assert await receive(world, Letter(message, "old")) == ["done"]
        assert await world.count("effects") == 1


async def test_waiting_for_the_same_message_under_way_elsewhere_is_no_failure(
    run_commerce: RunService, with_effects: DatabaseUrls
) -> None:
    role_setting(with_effects, "lock_timeout = '20ms'")
    begun, go = asyncio.Event(), asyncio.Event()

    async def slow(tx: Transaction, message: EventUpdated) -> None:
        await take_effect(tx, message)
        begun.set()
        await go.wait()

    async with run_commerce(handlers={EventUpdated: slow}) as world:
        message = changed()
        first = asyncio.create_task(receive(world, Letter(message, "slow")))
        await asyncio.wait_for(begun.wait(), 5)
        for _ in range(ATTEMPTS):
            with pytest.raises(Exception, match="lock timeout"):
                await receive(world, Letter(message, "slow"))
        go.set()
        assert await first == ["done"]
        assert await world.rows("SELECT failures FROM inbox") == [{"failures": 0}]
        assert await world.count("dead_letters") == 0


async def test_a_claim_that_the_database_refuses_is_no_failure_of_the_action(
    run_commerce: RunService, with_effects: DatabaseUrls
) -> None:
    with psycopg.connect(with_effects.owner.replace("+psycopg", "")) as owner:
        owner.execute(_NO_CLAIMS)
    async with run_commerce(handlers={EventUpdated: take_effect}) as world:
        for _ in range(ATTEMPTS):
            with pytest.raises(NotClaimed, match="busy"):
                await receive(world, Letter(changed(), "refused"))
        assert (await world.count("inbox"), await world.count("effects")) == (0, 0)
        assert await world.count("dead_letters") == 0


async def test_the_broker_hears_of_what_takes_long_until_it_is_done(
    run_commerce: RunService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "ACK_WAIT", timedelta(seconds=0.3))
    go, said = asyncio.Event(), list[bytes]()

    def hear(answer: bytes) -> bytes:
        said.append(answer)
        return b""

    async def slow(tx: Transaction, message: EventUpdated) -> None:
        await go.wait()

    async def twice_in_progress() -> bool:
        return said.count(b"+WPI") >= 2

    async with (
        run_commerce(handlers={EventUpdated: slow}) as world,
        connected(world.broker.url, "provisioner") as listener,
    ):
        await listener.answer("$JS.ACK.>", hear)
        number = await world.send(changed())
        await eventually(twice_in_progress, what="the broker hearing twice that it takes long")
        go.set()
        await world.handled(number)

        async def is_done() -> bool:
            return b"" in said  # an acknowledgement says nothing else

        await eventually(is_done, what="the message being acknowledged")
        assert said.index(b"") == len(said) - 1
