"""How long things last and how often they may be asked for. Sources: ASVS 5.0 sections 6.5, 7.3 and 10.4."""

from dataclasses import dataclass
from datetime import timedelta

CODE_LIFETIME = timedelta(minutes=10)
WRONG_GUESSES = 5
"""The fifth wrong guess burns the code."""
TICKET_LIFETIME = timedelta(minutes=15)
ACCESS_TOKEN_LIFETIME = timedelta(minutes=5)
RETRY_WINDOW = timedelta(seconds=10)
"""How long a refresh whose answer was lost may be repeated."""
ABSOLUTE_LIFETIME = timedelta(days=30)
IDLE_LIFETIME = timedelta(days=14)
INVITATION_LIFETIME = timedelta(days=14)
BACKER_ATTEMPTS = 10
BACKER_WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    """What the operator decided: one sign-in per person or several, and whether this machine's own clients are limited."""

    single: bool = False
    loopback_exempt: bool = False
