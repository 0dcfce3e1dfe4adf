"""Orders of a cancelled event that become due when its walk has passed them, each guard with a control."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from services.commerce.tests.component.test_disputes import HELD, RELEASED, dispute
from services.commerce.tests.component.test_event_refunds import all_sent, by_hand, cancel, progress, sold_so_often
from services.commerce.tests.component.test_growing_tables import A_PAGE_OF_THE_RUN, overheard
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from commerce.actions.check_invariants import check_invariants
from commerce.actions.refund_cancelled_events import refund_cancelled_events
from commerce.actions.settle_payment import settle_payment
from commerce.domain.dispute import Dispute
from commerce.domain.order import Order
from commerce.store import disputes, orders, refund_runs, snapshots
from commerce.store.snapshots import Snapshot
from common.db import Transaction, constraint_of
from common.ids import EventId, OrderId, PaymentId
from common.testing import FrozenClock, Running, RunService

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

PRICE = 150_000
CHARGE = ("charge", "provider_receivable", "organiser_payable", PRICE)
DUE = ("refund_due", "organiser_payable", "refunds_due", PRICE)
SENT = ("refund_sent", "refunds_due", "provider_receivable", PRICE)


async def passed_by(world: Running, stall: "Stall", clock: FrozenClock) -> tuple[dict[str, Any], dict[str, Any]]:
    """An order that was refunded as its event was cancelled, and one that a bank looked at; the run is over since a day."""
    [tier] = await stall.open(world)
    refunded, disputed = await stall.paid(world, (tier, 1)), await stall.paid(world, (tier, 1))
    await dispute(world, stall, disputed, "open")
    await cancel(world, stall)
    assert await refund_cancelled_events(world.database) == 1
    assert await refund_cancelled_events(world.database) == 0
    assert await stall.refunds(world, refunded) == [("done", PRICE)]
    assert (await all_sent(world, stall))["disputed"] == 1
    clock.advance(timedelta(days=1))
    return refunded, disputed


async def is_over(world: Running) -> bool:
    return await world.rows("SELECT 1 FROM event_refund_runs WHERE finished_at IS NULL") == []


async def of_order(world: Running, order: dict[str, Any]) -> list[tuple[str, str, str, int]]:
    """What the books say of it."""
    query = "SELECT kind, debit, credit, amount FROM ledger_transfers WHERE order_id = :id ORDER BY id"
    rows = await world.rows(query, id=OrderId(order["id"]).uuid)
    return [(row["kind"], row["debit"], row["credit"], row["amount"]) for row in rows]


async def sent_back(world: Running) -> list[int]:
    """What the sandbox sent to buyers."""
    return [row["amount"] for row in await world.rows("SELECT amount FROM sandbox_refunds ORDER BY id")]


async def test_an_order_whose_dispute_is_won_after_the_run_is_refunded_like_the_others(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world, by_hand(world):
        _, disputed = await passed_by(world, stall, clock)
        assert await is_over(world)
        await dispute(world, stall, disputed, "won")
        shown = await progress(world, stall)
        assert (shown["status"], shown["left"], shown["disputed"]) == ("running", 1, 0)
        with overheard(world.database) as said:
            assert [await refund_cancelled_events(world.database) for _ in range(3)] == [1, 0, 0]
        assert not any(A_PAGE_OF_THE_RUN.match(statement) for statement in said), "nobody walks the orders for it"
        assert await stall.refunds(world, disputed) == [("done", PRICE)]
        assert await of_order(world, disputed) == [CHARGE, HELD, RELEASED, DUE, SENT]
        shown = await all_sent(world, stall)
        assert (shown["refunded"], shown["left"], shown["disputed"], shown["refundsDone"]) == (2, 0, 0, 2)
        assert shown["amounts"] == [{"amount": 2 * PRICE, "currency": "NGN"}]
        assert (await stall.show(world, disputed))["status"] == "refunded"
        assert await sent_back(world) == [PRICE, PRICE]
        assert await world.count("event_refunds_due") == 0
        await check_invariants(world.database)


async def test_control_without_being_queued_nobody_would_refund_it(
    run: RunService, stall: "Stall", clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(tx: Transaction, event_id: EventId, order_id: OrderId) -> None:
        await asyncio.sleep(0)

    async with run(clock=clock) as world, by_hand(world):
        _, disputed = await passed_by(world, stall, clock)
        monkeypatch.setattr(refund_runs, "look_again", nothing)
        await dispute(world, stall, disputed, "won")
        assert [await refund_cancelled_events(world.database) for _ in range(3)] == [0, 0, 0]
        assert (await stall.show(world, disputed))["status"] == "paid"
        assert (await progress(world, stall))["left"] == 1


async def test_what_a_bank_took_is_not_sent_back_a_second_time(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world, by_hand(world):
        _, disputed = await passed_by(world, stall, clock)
        await dispute(world, stall, disputed, "lost")
        assert [await refund_cancelled_events(world.database) for _ in range(2)] == [0, 0]
        assert await stall.refunds(world, disputed) == [("done", PRICE)]
        assert await of_order(world, disputed) == [CHARGE, HELD, RELEASED, DUE, SENT]
        assert await sent_back(world) == [PRICE], "the other order's"
        assert (await stall.show(world, disputed))["status"] == "refunded"
        shown = await all_sent(world, stall)
        assert (shown["refunded"], shown["left"]) == (1, 0)
        await check_invariants(world.database)


async def test_what_a_bank_left_is_sent_back(run: RunService, stall: "Stall", clock: FrozenClock) -> None:
    async with run(clock=clock) as world, by_hand(world):
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 2))
        await dispute(world, stall, order, "open", 110_000)
        await cancel(world, stall)
        assert [await refund_cancelled_events(world.database) for _ in range(3)] == [0, 0, 0]
        assert await is_over(world)
        clock.advance(timedelta(days=1))
        await dispute(world, stall, order, "lost", 110_000)
        assert [await refund_cancelled_events(world.database) for _ in range(3)] == [1, 0, 0]
        assert sorted(await stall.refunds(world, order)) == [("done", 110_000), ("done", 190_000)]
        assert await sent_back(world) == [190_000]
        assert (await stall.show(world, order))["status"] == "refunded"
        assert await stall.stock(world, tier) == (0, 0)
        await check_invariants(world.database)


async def test_an_order_of_two_disputes_waits_for_both(run: RunService, stall: "Stall", clock: FrozenClock) -> None:
    async with run(clock=clock) as world, by_hand(world):
        _, disputed = await passed_by(world, stall, clock)
        async with world.database.transaction() as tx:
            await tx.execute(
                text(
                    "INSERT INTO disputes (provider, reference, payment_id, order_id, organization_id, status, amount, "
                    "source, held, currency, opened_at) SELECT provider, 'another', payment_id, order_id, "
                    "organization_id, 'open', 1, source, 0, currency, opened_at FROM disputes"
                )
            )
        await dispute(world, stall, disputed, "won")
        assert await refund_cancelled_events(world.database) == 0
        assert (await stall.show(world, disputed))["disputed"] is True
        assert await world.count("event_refunds_due") == 0
        assert await sent_back(world) == [PRICE], "the other order's"


async def told_of(world: Running, order: dict[str, Any]) -> Any:
    """How its payment stands at the sandbox."""
    payment = PaymentId(order["payments"][0]["id"])
    [row] = await world.rows("SELECT id FROM sandbox_payments WHERE payment_id = :id", id=payment.uuid)
    return await world.app.state.payments.sandbox.fetch(row["id"])


async def ended_unheard(world: Running, order: dict[str, Any], status: Any) -> Any:
    """The dispute is over at the sandbox, and commerce is still to hear of it."""
    await world.rows("UPDATE sandbox_disputes SET status = :status RETURNING 1", status=status)
    return await told_of(world, order)


async def test_the_end_of_a_dispute_told_many_times_at_once_refunds_once(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world, by_hand(world):
        _, disputed = await passed_by(world, stall, clock)
        told = await ended_unheard(world, disputed, "won")

        async def hear() -> None:
            async with world.database.transaction() as tx:
                await settle_payment(tx, "sandbox", told)

        await asyncio.gather(*(hear() for _ in range(6)), *(refund_cancelled_events(world.database) for _ in range(3)))
        await refund_cancelled_events(world.database)
        await hear()
        assert await refund_cancelled_events(world.database) == 0
        assert await stall.refunds(world, disputed) == [("done", PRICE)]
        assert await of_order(world, disputed) == [CHARGE, HELD, RELEASED, DUE, SENT]
        assert await sent_back(world) == [PRICE, PRICE]
        assert ((await progress(world, stall))["refunded"], await world.count("refunds")) == (2, 2)
        await check_invariants(world.database)


async def test_control_without_the_orders_lock_only_the_ledgers_constraint_stops_a_second_end(
    run: RunService, stall: "Stall", clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_looked = asyncio.Barrier(2)
    find = disputes.find_dispute

    async def look_and_wait(tx: Transaction, provider: str, reference: str) -> Dispute | None:
        found = await find(tx, provider, reference)
        await both_looked.wait()
        return found

    async with run(clock=clock) as world, by_hand(world):
        _, disputed = await passed_by(world, stall, clock)
        told = await ended_unheard(world, disputed, "won")

        async def hear() -> None:
            async with world.database.transaction() as tx:
                await settle_payment(tx, "sandbox", told)

        with monkeypatch.context() as without:
            without.setattr(orders, "lock_order", orders.find_order)
            without.setattr(disputes, "find_dispute", look_and_wait)
            [fault] = [one for one in await asyncio.gather(hear(), hear(), return_exceptions=True) if one is not None]
        assert isinstance(fault, IntegrityError)
        assert constraint_of(fault) == "uq_ledger_transfers_dispute_once"
        assert await of_order(world, disputed) == [CHARGE, HELD, RELEASED]


async def test_control_without_the_orders_lock_only_the_origins_key_stops_a_second_refund(
    run: RunService, stall: "Stall", clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that look at the queue at once, where the run's lock keeps neither away."""
    both_looked = asyncio.Barrier(2)

    async def look_and_wait(tx: Transaction, order_id: OrderId) -> Order | None:
        found = await orders.find_order(tx, order_id)
        await both_looked.wait()
        return found

    async def no_lock(tx: Transaction, event_id: EventId) -> Any:
        progress = await refund_runs.progress_of(tx, event_id)
        return None if progress is None else progress.run

    async with run(clock=clock) as world, by_hand(world):
        _, disputed = await passed_by(world, stall, clock)
        await dispute(world, stall, disputed, "won")
        with monkeypatch.context() as without:
            without.setattr(refund_runs, "lock_run", no_lock)
            without.setattr(orders, "lock_order", look_and_wait)
            both = await asyncio.gather(*(refund_cancelled_events(world.database) for _ in range(2)))
        assert sorted(both) == [0, 1]
        assert await stall.refunds(world, disputed) == [("done", PRICE)]
        assert await sent_back(world) == [PRICE, PRICE]


async def becomes_paid_while_it_walks(world: Running, stall: "Stall") -> tuple[dict[str, Any], bool, int]:
    """An order, whether the run was over before the order was seen to be paid, and how many were refunded then."""
    order = await sold_so_often(world, stall, 1)
    async with world.database.transaction() as tx:
        await tx.execute(text("UPDATE orders SET status = 'refunded'"))
    async with world.database.transaction() as late:
        await late.execute(text("UPDATE orders SET status = 'paid'"))
        await cancel(world, stall)
        assert [await refund_cancelled_events(world.database) for _ in range(3)] == [0, 0, 0]
        over = await is_over(world)
    return order, over, await refund_cancelled_events(world.database)


async def test_a_run_is_not_over_while_a_payment_may_commit_that_does_not_know_of_it(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world, by_hand(world):
        order, over, refunded = await becomes_paid_while_it_walks(world, stall)
        assert (over, refunded) == (False, 1)
        assert await stall.refunds(world, order) == [("done", PRICE)]
        with overheard(world.database) as said:
            assert [await refund_cancelled_events(world.database) for _ in range(4)] == [0, 0, 0, 0]
        assert sum(often for statement, often in said.items() if A_PAGE_OF_THE_RUN.match(statement)) == 1
        assert await is_over(world)


async def test_control_a_walk_that_waits_for_nobody_misses_what_commits_late(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    look = snapshots.look

    async def as_if_nobody_ran(tx: Transaction) -> Snapshot:
        seen = await look(tx)
        return Snapshot(seen.next_xid, seen.next_xid)

    monkeypatch.setattr(snapshots, "look", as_if_nobody_ran)
    async with run() as world, by_hand(world):
        order, over, refunded = await becomes_paid_while_it_walks(world, stall)
        assert (over, refunded) == (True, 0)
        assert (await stall.show(world, order))["status"] == "paid"


async def test_an_order_that_cannot_be_refunded_is_tried_until_it_can(
    run: RunService, stall: "Stall", clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaking(tx: Transaction, order_id: OrderId) -> Order | None:
        raise ConnectionResetError("the line went dead")

    async with run(clock=clock) as world, by_hand(world):
        order = await sold_so_often(world, stall, 1)
        await cancel(world, stall)
        waits = [timedelta(0), timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=20)]
        with monkeypatch.context() as faulty:
            faulty.setattr(orders, "lock_order", breaking)
            for tries, wait in enumerate(waits, start=1):
                clock.advance(wait)
                assert await refund_cancelled_events(world.database) == 0
                [row] = await world.rows("SELECT tries, next_attempt_at FROM event_refunds_due")
                assert (row["tries"], row["next_attempt_at"] - clock.now()) == (
                    tries,
                    timedelta(seconds=5 << tries - 1),
                )
        assert (await progress(world, stall))["left"] == 1
        await world.rows("UPDATE event_refund_runs SET finished_at = begun_at RETURNING 1")
        assert await refund_cancelled_events(world.database) == 0
        clock.advance(timedelta(seconds=40))
        assert await refund_cancelled_events(world.database) == 1
        assert await stall.refunds(world, order) == [("done", PRICE)]
        assert await world.count("event_refunds_due") == 0
