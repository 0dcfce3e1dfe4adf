"""When a code is right, and how often one may be asked for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from common.ids import ChallengeId
from common.testing import SeededEntropy
from identity.domain.address import Address
from identity.domain.challenge import Challenge, Guess, draw_code, judge_guess
from identity.domain.client import LOOPBACK
from identity.domain.mail_limits import MailHistory, require_mail_allowed
from identity.domain.policy import SignInPolicy
from identity.errors import TooManyMails

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
STRICT = SignInPolicy()
NOTHING = MailHistory((), (), None)
CHALLENGE = Challenge(
    id=ChallengeId.new(NOW, SeededEntropy()),
    address=Address("ada@example.org", "ada@example.org"),
    purpose="code",
    digest=b"right",
    backer_id=None,
    expires_at=NOW + timedelta(minutes=10),
    wrong_guesses=0,
    ended=False,
)


def test_the_right_code_is_right_until_its_ten_minutes_are_over() -> None:
    last = CHALLENGE.expires_at - timedelta(microseconds=1)
    assert judge_guess(CHALLENGE, b"right", last) is Guess.RIGHT
    assert judge_guess(CHALLENGE, b"right", CHALLENGE.expires_at) is Guess.TOO_LATE


def test_the_fifth_wrong_guess_burns_the_code() -> None:
    verdicts = [judge_guess(replace(CHALLENGE, wrong_guesses=made), b"wrong", NOW) for made in range(5)]
    assert verdicts == [Guess.WRONG] * 4 + [Guess.BURNS]


def test_a_code_that_has_ended_is_never_right_again() -> None:
    assert judge_guess(replace(CHALLENGE, ended=True), b"right", NOW) is Guess.TOO_LATE


def test_codes_have_six_digits_with_leading_zeros() -> None:
    assert draw_code((7).to_bytes(8)) == "000007"
    assert draw_code((10**6 + 42).to_bytes(8)) == "000042"


def _mails(count: int) -> tuple[datetime, ...]:
    return tuple(NOW - timedelta(minutes=50 - minute) for minute in range(count))


def test_the_first_mail_is_allowed() -> None:
    require_mail_allowed(NOTHING, "203.0.113.9", STRICT, NOW)


def test_a_sixth_mail_within_the_hour_waits_for_the_first_to_be_an_hour_old() -> None:
    require_mail_allowed(MailHistory(_mails(4), (), None), "203.0.113.9", STRICT, NOW)
    with pytest.raises(TooManyMails) as refused:
        require_mail_allowed(MailHistory(_mails(5), (), None), "203.0.113.9", STRICT, NOW)
    assert refused.value.retry_after == 600


def test_a_network_may_ask_for_twenty_mails_an_hour() -> None:
    require_mail_allowed(MailHistory((), _mails(19), None), "203.0.113.9", STRICT, NOW)
    with pytest.raises(TooManyMails):
        require_mail_allowed(MailHistory((), _mails(20), None), "203.0.113.9", STRICT, NOW)


def test_between_two_mails_to_one_address_from_one_network_lie_thirty_seconds() -> None:
    history = MailHistory((), (), NOW - timedelta(seconds=10))
    with pytest.raises(TooManyMails) as refused:
        require_mail_allowed(history, "203.0.113.9", STRICT, NOW)
    assert refused.value.retry_after == 20
    require_mail_allowed(history, "203.0.113.9", STRICT, NOW + timedelta(seconds=20))


def test_on_an_exempt_loopback_an_address_gets_sixty_mails_an_hour_without_a_pause() -> None:
    exempt = SignInPolicy(loopback_exempt=True)
    require_mail_allowed(MailHistory(_mails(59), _mails(59), NOW), LOOPBACK, exempt, NOW)
    with pytest.raises(TooManyMails):
        require_mail_allowed(MailHistory(_mails(60), _mails(60), NOW), LOOPBACK, exempt, NOW)


def test_the_exemption_is_for_loopback_alone() -> None:
    with pytest.raises(TooManyMails):
        require_mail_allowed(MailHistory(_mails(5), (), None), "203.0.113.9", SignInPolicy(loopback_exempt=True), NOW)
