"""What is written down about who did what."""

from sqlalchemy import insert

from common.db import Transaction
from identity.tables import audit_entries


async def record(
    tx: Transaction, actor: str, action: str, target: str, *, address: str | None = None, **details: object
) -> None:
    """Write an entry. `action` reads `thing.past_tense`; `details` hold no secret."""
    values = {"at": tx.now, "actor": actor, "action": action, "target": target, "address": address}
    await tx.execute(insert(audit_entries).values(**values, details=details))
