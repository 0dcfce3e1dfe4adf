"""Enrols devices and makes API keys, and revokes them."""

from dataclasses import dataclass
from datetime import datetime

from common.capabilities import Capability
from common.db import Transaction
from common.ids import OrganizationId
from common.principal import Principal
from common.refusals import NotFound
from identity.actions.authority import enter
from identity.actions.desk import After
from identity.domain.machine import Machine, MachineId, require_future_end
from identity.domain.organization import Place
from identity.formats.vault import TOKEN_BYTES, token_digest, url_text
from identity.store import audit, machines


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What somebody wants to enrol."""

    name: str
    role: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A new machine, and the bearer token it shows at the gateway: nobody sees it again."""

    machine: Machine
    token: str


async def enrol_machine(
    tx: Transaction,
    principal: Principal,
    organization_id: OrganizationId,
    kind: type[MachineId],
    enrolment: Enrolment,
) -> Enrolled:
    """Enrol a device, or make a key.

    Raises:
        NotFound, MissingCapability: see `authority.enter`.
        MayNotGrant: the role holds more than the principal does.
        EndsInThePast.
    """
    place = Place(organization_id)
    _, authority = await enter(tx, principal, place, Capability.IDENTITY_DEVICE_WRITE)
    authority.require_may_grant(place, enrolment.role)
    require_future_end(enrolment.expires_at, tx.now)
    secret = url_text(tx.entropy.bytes(TOKEN_BYTES))
    machine = Machine(
        id=tx.new_id(kind),
        organization_id=organization_id,
        name=enrolment.name,
        role=enrolment.role,
        digest=token_digest(secret),
        created_by=principal.actor,
        created_at=tx.now,
        expires_at=enrolment.expires_at,
        revoked_at=None,
        version=1,
    )
    await machines.insert_machine(tx, machine)
    await audit.record(tx, principal.actor, "machine.enrolled", machine.id, role=machine.role)
    return Enrolled(machine, f"{machine.id}.{secret}")


async def revoke_machine(
    tx: Transaction, after: After, principal: Principal, organization_id: OrganizationId, machine_id: MachineId
) -> None:
    """Revoke a device or a key; its very next call is refused."""
    await enter(tx, principal, Place(organization_id), Capability.IDENTITY_DEVICE_WRITE)
    if not await machines.revoke_machine(tx, organization_id, machine_id):
        raise NotFound()
    await audit.record(tx, principal.actor, "machine.revoked", machine_id)
    after.forget(machine_id)


async def end_expired_machines(tx: Transaction, after: After) -> int:
    """End those whose time has come, because a gateway may still know them from before; how many."""
    ended = await machines.end_expired_machines(tx)
    after.forget(*ended)
    return len(ended)
