"""A sign-in that was begun: a code or a link went to an address and waits to come back."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal

from common.ids import BackerId, ChallengeId
from identity.domain.address import Address
from identity.domain.policy import WRONG_GUESSES

Purpose = Literal["code", "link"]
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is known of it. The code itself is not: `digest` is its slow, peppered hash."""

    id: ChallengeId
    address: Address
    purpose: Purpose
    digest: bytes
    backer_id: BackerId | None
    expires_at: datetime
    wrong_guesses: int
    ended: bool


class Guess(Enum):
    """What to do about an answer to a challenge."""

    RIGHT = "right"
    WRONG = "wrong"
    BURNS = "burns"
    TOO_LATE = "too late"


def judge_guess(challenge: Challenge, digest: bytes, now: datetime) -> Guess:
    """Right once, within ten minutes, and never after the fifth wrong guess."""
    if challenge.ended or challenge.expires_at <= now:
        return Guess.TOO_LATE
    if hmac.compare_digest(challenge.digest, digest):
        return Guess.RIGHT
    return Guess.BURNS if challenge.wrong_guesses + 1 >= WRONG_GUESSES else Guess.WRONG


def draw_code(random: bytes) -> str:
    """Six digits out of at least eight unpredictable bytes."""
    return str(int.from_bytes(random) % 10**DIGITS).zfill(DIGITS)
