"""How the secrets that sign for organisers' systems lie in the database: sealed, each for its own webhook."""

from typing import Final

from commerce.domain.webhook import SECRET_BYTES
from common.clock import Entropy
from common.ids import WebhookEndpointId
from common.sealing import NONCE_BYTES, Sealing

PURPOSE: Final = "webhook secret"


class WebhookSecrets:
    """Makes, opens and seals them. One that was put into another webhook's row does not open there."""

    def __init__(self, sealing: Sealing) -> None:
        """`sealing` is also what answers are kept with that show a new secret."""
        self.sealing = sealing

    def new(self, endpoint_id: WebhookEndpointId, entropy: Entropy) -> tuple[bytes, bytes]:
        """A new secret of a webhook, and the same as it is kept."""
        secret = entropy.bytes(SECRET_BYTES)
        return secret, self._sealed(endpoint_id, secret, entropy)

    def open(self, endpoint_id: WebhookEndpointId, sealed: bytes) -> bytes:
        """The secret. Raises NotSealedHere."""
        return self.sealing.unseal(PURPOSE, sealed, endpoint_id.uuid.bytes)

    def renewed(self, endpoint_id: WebhookEndpointId, kept: bytes, entropy: Entropy) -> bytes:
        """The same secret sealed with the newest key; as it is where that is so. Raises NotSealedHere.

        What was kept before secrets were sealed is known by its length: a sealed one is longer by nonce and tag.
        """
        if self.sealing.is_newest(PURPOSE, kept, endpoint_id.uuid.bytes):
            return kept
        secret = kept if len(kept) == SECRET_BYTES else self.open(endpoint_id, kept)
        return self._sealed(endpoint_id, secret, entropy)

    def _sealed(self, endpoint_id: WebhookEndpointId, secret: bytes, entropy: Entropy) -> bytes:
        return self.sealing.seal(PURPOSE, secret, entropy.bytes(NONCE_BYTES), endpoint_id.uuid.bytes)
