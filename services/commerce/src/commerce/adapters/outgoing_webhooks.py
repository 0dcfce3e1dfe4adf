"""What this process calls organisers' systems with."""

from collections.abc import Callable
from dataclasses import dataclass

from commerce.formats.webhook_secrets import WebhookSecrets
from common.outgoing import Outgoing


@dataclass(frozen=True)
class OutgoingWebhooks:
    """The client, which knows what may be called; who seals what signs; who is woken when there is something to tell."""

    outgoing: Outgoing
    secrets: WebhookSecrets
    wake: Callable[[], None]
