"""How often sign-in mails may be asked for: they cost money, and a full mailbox hurts its owner.

The pause between two mails holds for an address and a network together, so that a stranger who asks for someone's code
does not keep that person from asking at once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from identity.domain.client import LOOPBACK
from identity.domain.policy import SignInPolicy
from identity.errors import TooManyMails

WINDOW = timedelta(hours=1)
PAUSE = timedelta(seconds=30)
PER_ADDRESS = 5
PER_ADDRESS_ON_LOOPBACK = 60
PER_NETWORK = 20


@dataclass(frozen=True, slots=True)
class MailHistory:
    """The sign-in mails of the last hour: their moments, oldest first."""

    to_address: tuple[datetime, ...]
    from_network: tuple[datetime, ...]
    last_of_both: datetime | None
    """The newest to this address that this network asked for."""


def require_mail_allowed(history: MailHistory, network: str, policy: SignInPolicy, now: datetime) -> None:
    """Let another mail go out, or refuse with the seconds to wait. Known and unknown addresses are alike to this rule."""
    exempt = policy.loopback_exempt and network == LOOPBACK
    waits = [_until_fewer(history.to_address, PER_ADDRESS_ON_LOOPBACK if exempt else PER_ADDRESS, now)]
    if not exempt:
        waits.append(_until_fewer(history.from_network, PER_NETWORK, now))
        waits.append(_seconds(history.last_of_both + PAUSE - now) if history.last_of_both else 0)
    if max(waits) > 0:
        raise TooManyMails(retry_after=max(waits))


def _until_fewer(moments: tuple[datetime, ...], limit: int, now: datetime) -> int:
    if len(moments) < limit:
        return 0
    return max(1, _seconds(moments[-limit] + WINDOW - now))


def _seconds(span: timedelta) -> int:
    return -int(-span.total_seconds() // 1)
