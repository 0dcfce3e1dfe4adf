"""When the refunds of a cancelled event are over, and how often an order that cannot be refunded is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from commerce.domain.refund_run import DueOrder, RefundRun, counted, failed, passed, swept
from common.ids import EventId, OrderId, OrganizationId
from common.testing.clock import SeededEntropy

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
DRAW = SeededEntropy()
ORDER = OrderId.new(NOW, DRAW)
RUN = RefundRun(EventId.new(NOW, DRAW), OrganizationId.new(NOW, DRAW), False, None, 0, 0, NOW, None)


def test_an_order_is_tried_again_ever_more_rarely_and_for_ever() -> None:
    due, waits = DueOrder(ORDER, RUN.event_id), []
    for _ in range(30):
        due, at = failed(due, NOW)
        waits.append(int((at - NOW).total_seconds()))
    assert waits[:11] == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600]
    assert (set(waits[11:]), due.tries) == ({3600}, 30)


@pytest.mark.parametrize(("horizon", "oldest_running", "all_of_them"), [(None, 7, False), (7, 6, False), (7, 7, True)])
def test_a_sweep_meets_all_orders_once_nobody_runs_who_may_not_know(
    horizon: int | None, oldest_running: int, all_of_them: bool
) -> None:
    run = RefundRun(RUN.event_id, RUN.organization_id, False, None, 0, 0, NOW, None, horizon)
    assert run.sees_all(oldest_running) is all_of_them


def test_a_run_ends_with_a_sweep_that_was_to_meet_all_orders_and_found_none() -> None:
    assert swept(RUN, NOW, saw_all=True).finished_at == NOW
    assert swept(RUN, NOW, saw_all=False).finished_at is None
    found = passed(RUN, ORDER, refunded=True)
    assert (found.cursor, found.found, found.refunded) == (ORDER, 1, 1)
    again = swept(found, NOW + timedelta(seconds=5), saw_all=True)
    assert (again.finished_at, again.cursor, again.found, again.refunded) == (None, None, 0, 1)


def test_an_order_beside_the_walk_is_counted_and_moves_no_sweep() -> None:
    run = counted(passed(RUN, ORDER, refunded=False), refunded=True)
    assert (run.cursor, run.found, run.refunded) == (ORDER, 0, 1)
