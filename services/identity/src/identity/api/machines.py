"""The devices and API keys of an organisation."""

from typing import Annotated

from fastapi import APIRouter, Path

from common.capabilities import Capability, Scope, require_capability
from common.ids import ApiKeyId, DeviceId, OrganizationId
from common.principal import Principal
from common.schemas import Cursor, Limit, Page
from common.service import CurrentPrincipal, Db
from identity.actions.enrol_machine import enrol_machine, revoke_machine
from identity.api.parts import TheDesk
from identity.schemas.machines import EnrolledView, MachineView, NewMachineBody
from identity.store.machines import list_machines

router = APIRouter(prefix="/v1/organizations/{organizationId}", tags=["machines"])
Organization = Annotated[OrganizationId, Path(alias="organizationId")]


@router.post("/devices", status_code=201)
async def enrol_device(
    organization_id: Organization, body: NewMachineBody, principal: CurrentPrincipal, desk: TheDesk
) -> EnrolledView:
    """Enrol a device. Its token is shown this once."""
    async with desk.transaction() as (tx, _):
        enrolled = await enrol_machine(tx, principal, organization_id, DeviceId, body.enrolment())
    return EnrolledView.of_new(enrolled)


@router.get("/devices")
async def read_devices(
    organization_id: Organization,
    principal: CurrentPrincipal,
    database: Db,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[MachineView]:
    """Its devices, newest first."""
    _require_may_see(principal, organization_id)
    async with database.transaction() as tx:
        return await list_machines(tx, DeviceId, organization_id, cursor, limit, MachineView.of)


@router.delete("/devices/{deviceId}", status_code=204)
async def revoke_device(
    organization_id: Organization,
    device_id: Annotated[DeviceId, Path(alias="deviceId")],
    principal: CurrentPrincipal,
    desk: TheDesk,
) -> None:
    """Revoke a device; its very next call is refused."""
    async with desk.transaction() as (tx, after):
        await revoke_machine(tx, after, principal, organization_id, device_id)


@router.post("/api-keys", status_code=201)
async def make_api_key(
    organization_id: Organization, body: NewMachineBody, principal: CurrentPrincipal, desk: TheDesk
) -> EnrolledView:
    """Make an API key. Its token is shown this once."""
    async with desk.transaction() as (tx, _):
        enrolled = await enrol_machine(tx, principal, organization_id, ApiKeyId, body.enrolment())
    return EnrolledView.of_new(enrolled)


@router.get("/api-keys")
async def read_api_keys(
    organization_id: Organization,
    principal: CurrentPrincipal,
    database: Db,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[MachineView]:
    """Its API keys, newest first."""
    _require_may_see(principal, organization_id)
    async with database.transaction() as tx:
        return await list_machines(tx, ApiKeyId, organization_id, cursor, limit, MachineView.of)


@router.delete("/api-keys/{apiKeyId}", status_code=204)
async def revoke_api_key(
    organization_id: Organization,
    api_key_id: Annotated[ApiKeyId, Path(alias="apiKeyId")],
    principal: CurrentPrincipal,
    desk: TheDesk,
) -> None:
    """Revoke an API key; its very next call is refused."""
    async with desk.transaction() as (tx, after):
        await revoke_machine(tx, after, principal, organization_id, api_key_id)


def _require_may_see(principal: Principal, organization_id: OrganizationId) -> None:
    reading = Capability.IDENTITY_ORGANIZATION_READ
    require_capability(principal, Capability.IDENTITY_DEVICE_WRITE, Scope(organization_id), reading=reading)
