"""Who may go through a door, and why not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from events.domain.door import Direction, Reason, opens_at, reason_to_refuse
from events.domain.entry_pass import Pass
from events.domain.event import Event

EVENING = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)


def inside(entry: Pass) -> Pass:
    return replace(entry, status="admitted", inside=True, first_admitted_at=EVENING)


def outside_again(entry: Pass) -> Pass:
    return replace(inside(entry), inside=False)


def voided(entry: Pass) -> Pass:
    return replace(entry, status="voided")


def test_a_fresh_pass_enters(entry: Pass, event: Event) -> None:
    assert reason_to_refuse(entry, event, 1, "in", EVENING) is None


def test_who_is_inside_does_not_enter_again(entry: Pass, event: Event) -> None:
    assert reason_to_refuse(inside(entry), event, 1, "in", EVENING) == "already_admitted"


def test_who_left_may_come_back(entry: Pass, event: Event) -> None:
    assert reason_to_refuse(outside_again(entry), event, 1, "in", EVENING) is None


def test_a_voided_pass_does_not_enter(entry: Pass, event: Event) -> None:
    assert reason_to_refuse(voided(entry), event, 1, "in", EVENING) == "voided"


def test_a_code_of_an_older_generation_is_void(entry: Pass, event: Event) -> None:
    handed_on = replace(entry, generation=2)
    assert reason_to_refuse(handed_on, event, 1, "in", EVENING) == "voided"
    assert reason_to_refuse(handed_on, event, 2, "in", EVENING) is None


def test_nobody_enters_a_cancelled_event(entry: Pass, event: Event) -> None:
    cancelled = replace(event, status="cancelled")
    assert reason_to_refuse(entry, cancelled, 1, "in", EVENING) == "event_cancelled"
    assert reason_to_refuse(voided(entry), cancelled, 1, "in", EVENING) == "event_cancelled"


@pytest.mark.parametrize(
    ("scanned_at", "reason"),
    [
        (datetime(2026, 11, 20, 6, 59, 59, tzinfo=UTC), "not_yet_valid"),
        (datetime(2026, 11, 20, 7, 0, tzinfo=UTC), None),
        (datetime(2026, 11, 21, 5, 0, tzinfo=UTC), None),
        (datetime(2026, 11, 21, 5, 0, 1, tzinfo=UTC), "expired"),
    ],
)
def test_doors_are_open_from_twelve_hours_before_the_start_to_six_after_the_end(
    entry: Pass, event: Event, scanned_at: datetime, reason: Reason | None
) -> None:
    assert reason_to_refuse(entry, event, 1, "in", scanned_at) == reason


def test_an_organiser_may_open_the_doors_at_another_time(entry: Pass, event: Event) -> None:
    early = replace(event, doors_open_at=datetime(2026, 11, 18, 9, tzinfo=UTC))
    assert opens_at(early) == datetime(2026, 11, 18, 9, tzinfo=UTC)
    assert reason_to_refuse(entry, early, 1, "in", datetime(2026, 11, 18, 9, tzinfo=UTC)) is None


@pytest.mark.parametrize("status", ["published", "ended", "cancelled"])
@pytest.mark.parametrize("hours", [-48, 0, 48])
def test_who_is_inside_may_always_leave(entry: Pass, event: Event, status: str, hours: int) -> None:
    then = EVENING + timedelta(hours=hours)
    changed = replace(event, status=status)  # type: ignore[arg-type]  # each of the parameters is a status
    for each in (inside(entry), replace(inside(entry), status="voided"), replace(inside(entry), generation=9)):
        assert reason_to_refuse(each, changed, 1, "out", then) is None


def test_who_was_missed_on_the_way_in_may_leave_with_a_good_pass_only(entry: Pass, event: Event) -> None:
    assert reason_to_refuse(entry, event, 1, "out", EVENING) is None
    assert reason_to_refuse(voided(entry), event, 1, "out", EVENING) == "voided"


@pytest.mark.parametrize(
    ("status", "voids", "hours", "went_in", "reason"),
    [
        ("cancelled", True, 48, True, "event_cancelled"),
        ("published", True, 48, True, "voided"),
        ("published", False, 48, True, "expired"),
        ("published", False, -48, True, "not_yet_valid"),
        ("published", False, 0, True, "already_admitted"),
    ],
)
def test_of_several_reasons_the_first_in_the_order_of_the_rule_is_given(
    entry: Pass, event: Event, status: str, voids: bool, hours: int, went_in: bool, reason: Reason
) -> None:
    changed = replace(event, status=status)  # type: ignore[arg-type]  # each of the parameters is a status
    seen = inside(entry) if went_in else entry
    seen = replace(seen, status="voided") if voids else seen
    direction: Direction = "in"
    assert reason_to_refuse(seen, changed, 1, direction, EVENING + timedelta(hours=hours)) == reason
