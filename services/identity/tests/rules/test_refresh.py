"""What becomes of a refresh token that somebody shows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from common.ids import SignInId, UserId
from common.testing import SeededEntropy
from identity.domain.sign_in import Refresh, RefreshToken, SignIn, judge_refresh

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
SIGN_IN = SignIn(
    id=SignInId.new(NOW, SeededEntropy()),
    user_id=UserId.new(NOW, SeededEntropy()),
    method="code",
    device=None,
    address=None,
    created_at=NOW,
    last_used_at=NOW,
    expires_at=NOW + timedelta(days=30),
    ended_at=None,
    end_reason=None,
    version=1,
)
UNUSED = RefreshToken(b"digest", SIGN_IN.id, None, None, None, None)
USED = replace(UNUSED, used_at=NOW, retry_id="retry-one", successor_nonce=b"nonce")


def test_an_unused_token_rotates() -> None:
    assert judge_refresh(SIGN_IN, UNUSED, None, NOW) is Refresh.ROTATE


@pytest.mark.parametrize(
    ("retry_id", "seconds", "verdict"),
    [
        ("retry-one", 0, Refresh.REPEAT),
        ("retry-one", 10, Refresh.REPEAT),
        ("retry-one", 11, Refresh.REUSED),
        ("retry-two", 1, Refresh.REUSED),
        (None, 1, Refresh.REUSED),
    ],
)
def test_a_used_token_repeats_for_its_retry_id_within_ten_seconds_and_is_stolen_otherwise(
    retry_id: str | None, seconds: int, verdict: Refresh
) -> None:
    assert judge_refresh(SIGN_IN, USED, retry_id, NOW + timedelta(seconds=seconds)) is verdict


def test_a_token_used_without_a_retry_id_is_never_repeated() -> None:
    assert judge_refresh(SIGN_IN, replace(USED, retry_id=None), None, NOW) is Refresh.REUSED


def test_thirty_days_after_signing_in_it_is_over_however_lively_it_was() -> None:
    lively = replace(SIGN_IN, last_used_at=NOW + timedelta(days=30))
    assert judge_refresh(lively, UNUSED, None, NOW + timedelta(days=30)) is Refresh.EXPIRED


def test_after_fourteen_idle_days_it_is_over() -> None:
    idle = NOW + timedelta(days=14)
    assert judge_refresh(SIGN_IN, UNUSED, None, idle - timedelta(seconds=1)) is Refresh.ROTATE
    assert judge_refresh(SIGN_IN, UNUSED, None, idle) is Refresh.EXPIRED


def test_a_sign_in_that_has_ended_gives_nothing_more() -> None:
    ended = replace(SIGN_IN, ended_at=NOW, end_reason="revoked")
    assert judge_refresh(ended, UNUSED, None, NOW) is Refresh.ENDED
    assert judge_refresh(ended, USED, "retry-one", NOW) is Refresh.ENDED
