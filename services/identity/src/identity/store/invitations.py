"""Invitations: places kept for addresses nobody has proved yet."""

from typing import Any

from sqlalchemy import exists, insert, select, update
from sqlalchemy.engine import Row

from common.db import Transaction
from common.ids import InvitationId
from identity.domain.address import Address
from identity.domain.organization import Invitation, Place
from identity.tables import invitations


async def insert_invitation(
    tx: Transaction, invitation: Invitation, address: Address, digest: bytes, *, opens_gate: bool
) -> None:
    """Keep an invitation; an open one for the same address and place makes way."""
    older = (
        (invitations.c.organization_id == invitation.place.organization_id)
        & invitations.c.workspace_id.is_not_distinct_from(invitation.place.workspace_id)
        & (invitations.c.email_key == address.key)
        & invitations.c.ended_at.is_(None)
    )
    await tx.execute(update(invitations).where(older).values(ended_at=tx.now, outcome="replaced"))
    await tx.execute(
        insert(invitations).values(
            id=invitation.id,
            organization_id=invitation.place.organization_id,
            workspace_id=invitation.place.workspace_id,
            email=address.typed,
            email_key=address.key,
            role=invitation.role,
            digest=digest,
            invited_by=invitation.invited_by,
            opens_gate=opens_gate,
            created_at=tx.now,
            expires_at=invitation.expires_at,
        )
    )


async def find_invitation(tx: Transaction, digest: bytes) -> Invitation | None:
    """The invitation of a token."""
    row = await tx.one(select(invitations).where(invitations.c.digest == digest))
    return _invitation(row) if row else None


async def lock_invitation(tx: Transaction, digest: bytes) -> Invitation | None:
    """The invitation of a token, locked: it is accepted once."""
    row = await tx.one(select(invitations).where(invitations.c.digest == digest).with_for_update())
    return _invitation(row) if row else None


async def mark_accepted(tx: Transaction, invitation_id: InvitationId) -> None:
    """It was used."""
    accepted = update(invitations).where(invitations.c.id == invitation_id)
    await tx.execute(accepted.values(ended_at=tx.now, outcome="accepted"))


async def invited_by_platform(tx: Transaction, address: Address) -> bool:
    """Whether an administrator of the platform wants this address in, so that the gate does not hold it up."""
    open_ones = exists().where(
        invitations.c.email_key == address.key,
        invitations.c.opens_gate,
        invitations.c.ended_at.is_(None),
        invitations.c.expires_at > tx.now,
    )
    return bool(await tx.scalar(select(open_ones)))


def _invitation(row: Row[Any]) -> Invitation:
    return Invitation(
        id=row.id,
        place=Place(row.organization_id, row.workspace_id),
        role=row.role,
        invited_by=row.invited_by,
        expires_at=row.expires_at,
        ended=row.ended_at is not None,
    )
