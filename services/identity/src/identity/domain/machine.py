"""Devices and API keys: principals that are no people. Each acts with one role of one organisation until it ends."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from common.ids import ApiKeyId, DeviceId, OrganizationId
from identity.errors import EndsInThePast

MachineId = DeviceId | ApiKeyId


@dataclass(frozen=True, slots=True)
class Machine:
    """A device or an API key. `digest` is the hash of its secret, which was shown once."""

    id: MachineId
    organization_id: OrganizationId
    name: str
    role: str
    digest: bytes
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    version: int

    def lives(self, now: datetime) -> bool:
        """Whether it is neither revoked nor past its end."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def owns(self, digest: bytes) -> bool:
        """Whether a secret with that hash is its own."""
        return hmac.compare_digest(self.digest, digest)


def require_future_end(expires_at: datetime | None, now: datetime) -> None:
    """A machine that would be dead at birth is a mistake."""
    if expires_at is not None and expires_at <= now:
        raise EndsInThePast(pointer="/expiresAt")
