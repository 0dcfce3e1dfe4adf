"""Client policies and who changed them."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from common.db import Transaction
from releases.domain.client_policy import ClientPolicy, Platform
from releases.tables import client_policies, client_policy_changes


async def find(tx: Transaction, platform: Platform) -> ClientPolicy:
    """A platform's policy; one that was never set asks for nothing."""
    row = await tx.one(select(client_policies).where(client_policies.c.platform == platform))
    return ClientPolicy(platform) if row is None else _policy(row)


async def lock(tx: Transaction, platform: Platform) -> ClientPolicy:
    """A platform's policy; whoever else would change it waits, also where none was set yet and there is no row to lock."""
    await tx.execute(
        text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"releases client policy {platform}"}
    )
    return await find(tx, platform)


async def save(tx: Transaction, before: ClientPolicy, after: ClientPolicy, actor: str) -> None:
    """Keep a locked policy's next version, and who changed it from what."""
    values = asdict(after) | {"blocked": list(after.blocked)}
    statement = upsert(client_policies).values(**values)
    await tx.execute(statement.on_conflict_do_update(constraint="pk_client_policies", set_=values))
    change = insert(client_policy_changes).values(
        platform=after.platform,
        version=after.version,
        actor=actor,
        changed_at=after.changed_at,
        before=_plain(before) if before.version else None,
        after=_plain(after),
    )
    await tx.execute(change)


async def every_policy(tx: Transaction) -> list[ClientPolicy]:
    """Every policy that was ever set."""
    return [_policy(row) for row in await tx.all(select(client_policies).order_by(client_policies.c.platform))]


def _policy(row: Row[Any]) -> ClientPolicy:
    values = dict(zip(client_policies.c.keys(), row, strict=True))
    return ClientPolicy(**{**values, "blocked": tuple(values["blocked"])})


def _plain(policy: ClientPolicy) -> dict[str, Any]:
    moments = {"deadline_at": policy.deadline_at, "changed_at": policy.changed_at}
    return asdict(policy) | {name: moment and moment.isoformat() for name, moment in moments.items()}
