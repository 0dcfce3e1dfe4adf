"""Each night providers' lists of the last days are compared with our books, both ways."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from services.commerce.tests.fakes.stand_in import serving
from services.commerce.tests.fakes.stripe import FakeStripe
from services.commerce.tests.fakes.stripe_shop import begun, only, shop, tell_all
from sqlalchemy import text
from structlog.testing import capture_logs

from commerce.errors import MalformedDay
from common.ids import PaymentId
from common.testing import FrozenClock, Running, RunService
from common.testing.principals import fresh

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


async def change(world: Running, statement: str, **values: object) -> None:
    """Change rows behind the service's back, as a provider or a fault would."""
    async with world.database.transaction() as tx:
        await tx.execute(text(statement), values)


async def sold(world: Running, stall: "Stall") -> dict[str, Any]:
    """An order that was paid."""
    [tier] = await stall.open(world)
    order = await stall.placed(world, (tier, 1))
    await stall.end(world, await stall.pay(world, order), "succeed")
    return order


async def night(world: Running, stall: "Stall", clock: FrozenClock) -> None:
    clock.advance(timedelta(days=1))
    await stall.job(world, "reconcile-payments")


async def differences(world: Running) -> list[tuple[str, str, str]]:
    """What is not settled: its kind, what the provider says, what we say."""
    report = world.app.state.parts.commands["reconciliation:report"]
    return [(each["kind"], each["theirs"], each["ours"]) for each in (await report({}))["differences"]]


async def test_a_day_on_which_both_say_the_same_has_no_differences(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        order = await sold(world, stall)
        await stall.pay(world, await stall.placed(world, (order["lines"][0]["ticketTierId"], 1)))
        day = clock.now().date()
        await night(world, stall, clock)
        assert await differences(world) == []
        report = await world.app.state.parts.commands["reconciliation:report"]({})
        counts = {each["day"]: (each["payments"], each["differences"]) for each in report["days"]}
        assert (counts[day.isoformat()], len(counts)) == ((2, 0), 3)


NAIRA = "NGN 1,500.00"


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE sandbox_payments SET amount = 100000", ("other_amount", "NGN 1,000.00", NAIRA)),
        ("UPDATE sandbox_payments SET currency = 'GHS'", ("other_amount", "GHS 1,500.00", NAIRA)),
        ("UPDATE sandbox_payments SET status = 'declined'", ("booked_but_not_paid", "a payment that is failed", NAIRA)),
        ("DELETE FROM sandbox_payments", ("unknown_to_them", "nothing", NAIRA)),
        (
            """
            INSERT INTO sandbox_refunds (id, payment, amount, status, made_at)
            SELECT 'sbxref_1', id, 50000, 'done', made_at FROM sandbox_payments
            """,
            ("other_refunds", "NGN 500.00", "NGN 0.00"),
        ),
    ],
)
async def test_what_the_provider_says_differently_is_found_and_alarmed(
    run: RunService, stall: "Stall", clock: FrozenClock, statement: str, found: tuple[str, str, str]
) -> None:
    async with run(clock=clock) as world:
        await sold(world, stall)
        await change(world, statement)
        with capture_logs() as logs:
            await night(world, stall, clock)
        assert await differences(world) == [found]
        alarms = [entry for entry in logs if entry["event"] == "ALARM: a provider's books and ours differ"]
        assert [(alarm["kind"], alarm["log_level"]) for alarm in alarms] == [(found[0], "error")]


async def test_money_that_came_and_was_never_told_of_is_found_and_settled_the_next_night(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        await stall.pay(world, await stall.placed(world, (tier, 1)))
        await change(world, "UPDATE sandbox_payments SET status = 'succeeded'")
        await night(world, stall, clock)
        assert await differences(world) == [("not_booked", NAIRA, "nothing")]
        await stall.job(world, "check-payments")
        await night(world, stall, clock)
        assert await differences(world) == []
        rows = await world.rows("SELECT settled_at IS NULL AS open FROM payment_differences")
        assert [row["open"] for row in rows] == [False]


async def test_money_for_a_payment_we_never_began_is_found(run: RunService, stall: "Stall", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        await sold(world, stall)
        await change(
            world,
            "INSERT INTO sandbox_payments (id, payment_id, order_id, amount, currency, status, return_path, made_at) "
            "SELECT 'sbx_odd', CAST(:id AS uuid), order_id, amount, currency, status, return_path, made_at "
            "FROM sandbox_payments",
            id=str(PaymentId(fresh(PaymentId)).uuid),
        )
        await night(world, stall, clock)
        assert await differences(world) == [("unknown_to_us", NAIRA, "nothing")]


async def test_a_day_compared_again_keeps_a_difference_once(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        await sold(world, stall)
        await change(world, "UPDATE sandbox_payments SET amount = 1")
        for _ in range(2):
            await night(world, stall, clock)
        assert await world.count("payment_differences") == 1


async def test_a_day_is_compared_once_a_night_and_a_run_that_failed_is_made_good(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    stripe = FakeStripe(now=lambda: clock.now().timestamp())
    async with serving(stripe), shop(run, stripe, clock) as world:
        clock.advance(timedelta(days=1))
        clock.advance(-timedelta(hours=clock.now().hour))
        stripe.faults["GET /v1/payment_intents"] = ["down"]
        for _ in range(3):
            await stall.job(world, "reconcile-payments")
            clock.advance(timedelta(hours=1))
        assert len(stripe.calls) == 1 + 3
        rows = await world.rows("SELECT provider, count(*) AS days FROM reconciled_days GROUP BY provider ORDER BY 1")
        assert [(row["provider"], row["days"]) for row in rows] == [("sandbox", 3), ("stripe", 3)]


async def test_a_payment_begun_before_midnight_and_made_after_is_the_same_on_both_days(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    now = clock.now()
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
    clock.advance(midnight - now - timedelta(minutes=1))
    stripe = FakeStripe(now=lambda: clock.now().timestamp())
    async with serving(stripe), shop(run, stripe, clock) as world:
        await begun(world, stall)
        clock.advance(timedelta(minutes=2))
        stripe.pay(only(stripe.sessions)["id"])
        await tell_all(world, stripe)
        for _ in range(2):
            await night(world, stall, clock)
        assert await differences(world) == []


async def test_more_than_a_page_of_payments_is_read_to_its_end(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    stripe = FakeStripe(now=lambda: clock.now().timestamp())
    async with serving(stripe), shop(run, stripe, clock) as world:
        await begun(world, stall)
        stripe.pay(only(stripe.sessions)["id"])
        await tell_all(world, stripe)
        ours = only(stripe.intents)
        for place in range(230):
            stripe.intents[f"pi_theirs_{place}"] = {**ours, "id": f"pi_theirs_{place}", "metadata": {}}
        odd = {**ours, "id": "pi_odd", "metadata": {"payment_id": fresh(PaymentId)}}
        stripe.intents = {"pi_odd": odd, **stripe.intents}
        await night(world, stall, clock)
        assert await differences(world) == [("unknown_to_us", NAIRA, "nothing")]


async def test_a_provider_that_is_away_is_alarmed_and_the_others_are_compared(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    stripe = FakeStripe(now=lambda: clock.now().timestamp())
    async with serving(stripe), shop(run, stripe, clock) as world:
        await sold(world, stall)
        await change(world, "UPDATE sandbox_payments SET amount = 1")
        stripe.faults["GET /v1/payment_intents"] = ["down"]
        with capture_logs() as logs:
            await night(world, stall, clock)
        assert "ALARM: a day could not be reconciled" in [entry["event"] for entry in logs]
        assert [kind for kind, _, _ in await differences(world)] == ["other_amount"]


async def test_the_report_refuses_what_is_no_day(run: RunService) -> None:
    async with run() as world:
        report = world.app.state.parts.commands["reconciliation:report"]
        for since in ("yesterday", 7, None):
            with pytest.raises(MalformedDay, match="A day is written as 2026-01-31") as refused:
                await report({"since": since})
            assert (refused.value.status, refused.value.code) == (422, "commerce.malformed_day")
            assert refused.value.pointer == "/since"
