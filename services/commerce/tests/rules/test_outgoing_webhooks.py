"""When organisers' systems are told, how often, and under which signature."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from commerce.domain.webhook import ATTEMPTS, Delivery, Endpoint, Outcome, judged, pause, rotated, tried, turned_on
from commerce.formats.standard_webhooks import body_text, headers, secret_text
from common.ids import MessageId, OrganizationId, WebhookEndpointId
from common.testing.clock import SeededEntropy

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
DRAW = SeededEntropy()
TAKEN, AWAY, GONE = Outcome(204, "204"), Outcome(None, "no answer in time"), Outcome(410, "410")
ENDPOINT = Endpoint(
    id=WebhookEndpointId.new(NOW, DRAW),
    organization_id=OrganizationId.new(NOW, DRAW),
    url="https://shop.example.org/hooks",
    types=(),
    sealed_secret=b"a" * 60,
    sealed_old_secret=None,
    old_secret_until=None,
    disabled_reason=None,
    next_number=1,
    failures=0,
    failing_since=None,
    made_at=NOW,
    version=1,
)
DELIVERY = Delivery(ENDPOINT.id, 1, MessageId.new(NOW, DRAW), "order.paid", "{}", NOW, 0, NOW, None, None, None)


def test_what_is_not_taken_is_tried_ten_times_within_about_three_days() -> None:
    delivery, waits = DELIVERY, []
    while delivery.next_attempt_at is not None:
        at = delivery.next_attempt_at
        delivery = tried(delivery, AWAY, at, 0)
        waits.append(None if delivery.next_attempt_at is None else delivery.next_attempt_at - at)
    hours = [timedelta(hours=count) for count in (2, 5, 10, 14, 20, 24)]
    assert waits == [timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), *hours, None]
    assert (delivery.attempts, delivery.state) == (ATTEMPTS, "given_up")
    assert delivery.last_attempt_at == NOW + timedelta(hours=75, minutes=35, seconds=5)


def test_chance_lengthens_a_wait_by_less_than_a_tenth() -> None:
    waits = [tried(DELIVERY, AWAY, NOW, draw).next_attempt_at for draw in (0, 128, 255)]
    assert waits == [NOW + timedelta(seconds=5) * (2560 + draw) // 2560 for draw in (0, 128, 255)]
    assert max(at for at in waits if at is not None) < NOW + timedelta(seconds=5.5)


@pytest.mark.parametrize("status", [199, 300, 301, 302, 400, 404, 429, 500, 503])
def test_only_an_answer_of_two_hundred_and_something_is_taken(status: int) -> None:
    assert not Outcome(status, str(status)).taken
    assert [Outcome(one, str(one)).taken for one in (200, 202, 204, 299)] == [True] * 4


def test_an_endpoint_that_takes_nothing_for_five_days_is_told_no_more() -> None:
    failing = judged(ENDPOINT, (AWAY,), NOW)
    assert (failing.failures, failing.failing_since, failing.disabled_reason) == (1, NOW, None)
    nearly = judged(failing, (AWAY, AWAY), NOW + timedelta(days=5) - timedelta(microseconds=1))
    assert (nearly.failures, nearly.failing_since, nearly.disabled_reason) == (2, NOW, None)
    assert judged(nearly, (AWAY,), NOW + timedelta(days=5)).disabled_reason == "failing"
    assert judged(nearly, (AWAY, TAKEN), NOW + timedelta(days=5)) == ENDPOINT
    assert turned_on(judged(nearly, (AWAY,), NOW + timedelta(days=5))) == ENDPOINT


def test_an_endpoint_that_says_it_is_gone_is_told_no_more() -> None:
    assert judged(ENDPOINT, (TAKEN, GONE), NOW).disabled_reason == "gone"


def test_a_failing_endpoint_is_left_alone_for_longer_and_longer_up_to_five_minutes() -> None:
    pauses = [pause(replace(ENDPOINT, failures=count)).total_seconds() for count in (0, 1, 2, 3, 6, 7, 8, 10_000)]
    assert pauses == [0, 5, 10, 20, 160, 300, 300, 300]


def test_the_signature_is_that_of_the_published_example() -> None:
    """Source: the example all Standard Webhooks libraries test with."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    said = headers("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', [secret], at)
    assert said["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert said["webhook-timestamp"] == "1614265330"
    assert secret_text(secret) == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_while_a_secret_is_replaced_both_sign_and_a_day_later_only_the_new_one() -> None:
    assert ENDPOINT.old_one_that_signs(NOW) is None
    changed = rotated(ENDPOINT, b"b" * 60, NOW)
    assert changed.sealed_secret == b"b" * 60
    assert changed.old_one_that_signs(NOW + timedelta(hours=24) - timedelta(microseconds=1)) == b"a" * 60
    assert changed.old_one_that_signs(NOW + timedelta(hours=24)) is None
    body = body_text("order.paid", NOW, 7, {"buyerName": "Žižkov"}).encode()
    real_now = datetime.now(UTC)
    said = headers("msg_1", body, (b"b" * 32, b"a" * 32), real_now)
    for secret in (b"a" * 32, b"b" * 32):
        verified = Webhook(secret_text(secret)).verify(body, said)
        assert verified == {
            "type": "order.paid",
            "timestamp": "2026-11-20T18:00:00Z",
            "number": 7,
            "data": {"buyerName": "Žižkov"},
        }
