"""When a request may be sent a second time, and how often that may happen."""

import pytest

from gateway.upstream.breaker import Breaker
from gateway.upstream.budget import Budget
from gateway.upstream.connection import Connection
from gateway.upstream.failures import Cause
from gateway.upstream.request import Request
from gateway.upstream.retrying import obstacle


async def upload(connection: Connection) -> None: ...


GET, DELETE, POST = Request("GET", b""), Request("DELETE", b""), Request("POST", b"")
KEYED = Request("POST", b"", keyed=True)
STREAMED = Request("PUT", b"", upload)

#                      GET       DELETE    POST      POST with key  PUT, streamed
ELSEWHERE = {
    Cause.REFUSED: (None, None, None, None, None),
    Cause.UNANSWERED: (None, None, None, None, None),
    Cause.CLOSED: (None, None, "method", None, "body_gone"),
    Cause.BROKEN: (None, None, "method", None, "body_gone"),
    Cause.CUT: (None, "method", "method", "method", "body_gone"),
    Cause.SILENT: (None, "method", "method", "method", "body_gone"),
    Cause.BAD_ANSWER: (None, "method", "method", "method", "body_gone"),
    Cause.LATE: ("late", "late", "late", "late", "late"),
    Cause.MALFORMED: ("malformed", "malformed", "malformed", "malformed", "malformed"),
}


@pytest.mark.parametrize("cause", list(Cause))
def test_what_is_sent_again_to_another_replica(cause: Cause) -> None:
    """Scenario 9."""
    found = tuple(
        obstacle(request, cause, elsewhere=True, copied=False, seconds_left=5.0)
        for request in (GET, DELETE, POST, KEYED, STREAMED)
    )
    assert found == ELSEWHERE[cause]


@pytest.mark.parametrize(
    ("cause", "may"),
    [
        (Cause.REFUSED, False),
        (Cause.UNANSWERED, False),
        (Cause.CLOSED, True),
        (Cause.BROKEN, False),
        (Cause.CUT, False),
        (Cause.SILENT, False),
        (Cause.BAD_ANSWER, True),
    ],
)
def test_where_there_is_no_other_replica_only_some_failures_are_worth_a_second_try(cause: Cause, may: bool) -> None:
    found = obstacle(GET, cause, elsewhere=False, copied=False, seconds_left=5.0)
    assert found == (None if may else "nowhere")


def test_a_replica_that_says_when_to_come_back_is_not_asked_again_before() -> None:
    asked = {"elsewhere": False, "copied": False, "seconds_left": 5.0, "invited": False}
    assert obstacle(GET, Cause.BAD_ANSWER, **asked) == "nowhere"  # type: ignore[arg-type]
    assert obstacle(GET, Cause.BAD_ANSWER, **(asked | {"elsewhere": True})) is None  # type: ignore[arg-type]


def test_there_is_one_copy_and_none_when_time_is_up_though_a_refusal_may_always_go_elsewhere() -> None:
    assert obstacle(GET, Cause.BROKEN, elsewhere=True, copied=True, seconds_left=5.0) == "copied"
    assert obstacle(GET, Cause.BROKEN, elsewhere=True, copied=False, seconds_left=0.01) == "late"
    assert obstacle(POST, Cause.REFUSED, elsewhere=True, copied=True, seconds_left=0.01) is None
    assert obstacle(POST, Cause.REFUSED, elsewhere=True, copied=True, seconds_left=0.0) == "nowhere"


def test_the_time_that_is_left_goes_with_the_request() -> None:
    request = Request("GET", b"GET /a HTTP/1.1\r\nhost: x\r\n\r\nbody\r\n")
    assert request.data_within(1.2345) == b"GET /a HTTP/1.1\r\nx-lanyard-deadline-ms: 1234\r\nhost: x\r\n\r\nbody\r\n"
    assert b"deadline-ms: 0\r\n" in request.data_within(-1)


def test_copies_are_a_share_of_the_requests_of_the_last_ten_seconds() -> None:
    """Scenario 9."""
    budget = Budget(0.2, 3)
    budget.note(100.0)
    granted = 0
    for second in range(60):
        budget.asked += 50
        budget.note(100.0 + second)
        granted += sum(budget.grants(100.0 + second) for _ in range(25))
    assert granted <= 0.2 * budget.asked
    assert granted >= 0.15 * budget.asked
    assert budget.exhausted == 60 * 25 - granted


def test_a_few_copies_are_granted_however_few_the_requests() -> None:
    budget = Budget(0.2, 3)
    budget.asked = 1
    assert [budget.grants(5.0) for _ in range(5)] == [True, True, True, False, False]
    budget.note(5.0)
    for second in range(6, 16):
        budget.note(float(second))
    assert [budget.grants(16.0) for _ in range(4)] == [True, True, True, False]


def test_a_service_is_taken_for_away_after_five_failures_without_a_success() -> None:
    breaker = Breaker()
    for _ in range(4):
        breaker.failed(10.0, 0.0)
    breaker.succeeded()
    for _ in range(4):
        breaker.failed(10.0, 0.0)
    ends = [breaker.open_until]
    breaker.failed(10.0, 0.0)
    ends.append(breaker.open_until)
    assert ends == [None, 10.5]
    breaker.failed(10.2, 0.0)
    assert breaker.open_until == 10.5, "those still under way do not make it longer"


def test_a_service_stays_away_for_doubling_times_and_any_answer_brings_it_back() -> None:
    breaker = Breaker()
    for _ in range(5):
        breaker.failed(10.0, 0.0)
    ends = []
    for now in (10.5, 11.5, 13.5, 15.5):
        breaker.stay_open(now, 0.0)
        ends.append(breaker.open_until)
    assert ends == [11.5, 13.5, 15.5, 17.5]
    breaker.stay_open(20.0, 1.0)
    assert breaker.open_until == 22.5
    breaker.succeeded()
    ends = [breaker.open_until]
    for _ in range(5):
        breaker.failed(30.0, 0.0)
    assert [*ends, breaker.open_until] == [None, 30.5]
