"""When a replica is put aside, for how long, and how it comes back."""

import pytest

from gateway.upstream.failures import Cause
from gateway.upstream.replica import Replica
from gateway.upstream.replicas import Replicas
from gateway.upstream.standing import LONGEST_SECONDS, Standing


def replicas(count: int, chance: float = 0.0) -> Replicas:
    return Replicas([f"http://127.0.0.1:{9000 + number}" for number in range(count)], lambda: chance)


def fail(them: Replicas, replica: Replica, cause: Cause = Cause.REFUSED, now: float = 100.0) -> None:
    replica.standing.failed(cause)
    them.weigh(replica, now)


@pytest.mark.parametrize(
    ("cause", "needed"),
    [
        (Cause.REFUSED, 1),
        (Cause.UNANSWERED, 1),
        (Cause.SILENT, 1),
        (Cause.BROKEN, 3),
        (Cause.CUT, 3),
        (Cause.LATE, 3),
        (Cause.MALFORMED, 3),
    ],
)
def test_a_replica_is_put_aside_after_so_many_failures_in_a_row(cause: Cause, needed: int) -> None:
    them = replicas(3)
    bad = them.all[0]
    for _ in range(needed - 1):
        fail(them, bad, cause)
    assert bad in them.asked
    fail(them, bad, cause)
    assert bad not in them.asked
    assert bad.standing.aside_until == 101.0


def test_a_good_answer_between_failures_starts_the_count_again() -> None:
    them = replicas(3)
    for _ in range(10):
        fail(them, them.all[0], Cause.LATE)
        fail(them, them.all[0], Cause.LATE)
        them.all[0].standing.good()
    assert len(them.asked) == 3


def test_a_used_connection_that_was_closed_says_nothing_against_a_replica() -> None:
    them = replicas(3)
    for _ in range(10):
        fail(them, them.all[0], Cause.CLOSED)
    assert len(them.asked) == 3


def test_five_server_errors_in_a_row_put_a_replica_aside_and_four_do_not() -> None:
    them = replicas(3)
    bad = them.all[0]
    for number in range(5):
        assert bad in them.asked, number
        bad.standing.bad(100.0 + number)
        them.weigh(bad, 100.0 + number)
    assert bad not in them.asked


def test_errors_far_apart_do_not_add_up() -> None:
    them = replicas(3)
    for number in range(50):
        them.all[0].standing.bad(20.0 * number)
        them.weigh(them.all[0], 20.0 * number)
    assert len(them.asked) == 3


def test_a_replica_is_not_put_aside_for_errors_that_the_others_give_as_well() -> None:
    them = replicas(3)
    for number in range(60):
        replica = them.all[number % 3]
        replica.standing.bad(100.0)
        them.weigh(replica, 100.0)
    assert len(them.asked) == 3


@pytest.mark.parametrize(("count", "aside"), [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2)])
def test_never_more_than_half_are_put_aside(count: int, aside: int) -> None:
    """Scenario 10."""
    them = replicas(count)
    for replica in them.all:
        fail(them, replica)
    assert len(them.all) - len(them.asked) == aside


def test_time_aside_doubles_up_to_a_limit_and_chance_stretches_it() -> None:
    plain, stretched = replicas(3), replicas(3, chance=1.0)
    for them in (plain, stretched):
        fail(them, them.all[0])
    seconds = []
    for them in (plain, stretched):
        bad, now, waited = them.all[0], 100.0, []
        for _ in range(6):
            assert bad.standing.aside_until is not None
            waited.append(bad.standing.aside_until - now)
            now = bad.standing.aside_until
            them.keep_aside(bad, now)
        seconds.append(waited)
    assert seconds[0] == [1.0, 2.0, 4.0, 8.0, LONGEST_SECONDS, LONGEST_SECONDS]
    assert seconds[1] == [1.25 * second for second in seconds[0]]


def test_whoever_comes_back_is_on_trial_until_it_has_answered_well() -> None:
    for slip in ("failure", "error"):
        them = replicas(3)
        bad = them.all[0]
        fail(them, bad)
        them.bring_back(bad, 102.0)
        assert bad in them.asked
        bad.standing.failed(Cause.LATE) if slip == "failure" else bad.standing.bad(102.5)
        them.weigh(bad, 102.5)
        assert bad not in them.asked
        assert bad.standing.aside_until == 104.5, "longer than the first time"
        them.bring_back(bad, 105.0)
        bad.standing.good()
        bad.standing.bad(105.5)
        bad.standing.failed(Cause.LATE)
        them.weigh(bad, 105.5)
        assert bad in them.asked


def test_a_minute_of_good_conduct_is_a_clean_sheet() -> None:
    standing = Standing()
    standing.put_aside(100.0, 0.0)
    standing.put_aside(101.0, 0.0)
    standing.come_back(103.0)
    standing.put_aside(170.0, 0.0)
    assert standing.aside_until == 171.0


def test_the_least_busy_replica_is_next_and_equals_take_turns() -> None:
    them = replicas(3)
    assert {them.next(9) for _ in range(3)} == set(them.all)
    them.all[0].under_way, them.all[1].under_way = 2, 1
    assert {them.next(9) for _ in range(6)} == {them.all[2]}
    assert {them.next(9, them.all[2:]) for _ in range(6)} == {them.all[1]}
    them.all[2].under_way = 9
    assert {them.next(9) for _ in range(6)} == {them.all[1]}
    for replica in them.all:
        replica.under_way = 9
    assert them.next(9) is None


def test_a_slow_replica_is_asked_when_the_others_are_busier_than_its_handicap() -> None:
    them = replicas(2)
    them.all[0].handicap = 2
    them.all[1].under_way = 1
    assert {them.next(9) for _ in range(4)} == {them.all[1]}
    them.all[1].under_way = 3
    assert {them.next(9) for _ in range(4)} == {them.all[0]}
