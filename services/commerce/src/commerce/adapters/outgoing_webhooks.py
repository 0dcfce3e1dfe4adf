"""What this process calls organisers' systems with."""

from collections.abc import Callable
from dataclasses import dataclass

from common.outgoing import Outgoing


@dataclass(frozen=True)
class OutgoingWebhooks:
    """The client, which knows what may be called; and who is woken when there is something to tell."""

    outgoing: Outgoing
    wake: Callable[[], None]
