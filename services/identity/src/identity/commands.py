"""What operators run at the machine, under the names people knew from the system before."""

from typing import Any

from common.ids import OrganizationId
from common.principal import OPERATOR
from common.schemas import Body
from common.service import Commands
from identity.actions.administer import (
    add_admin,
    add_backer,
    remove_admin,
    set_app_state,
    set_platform_role,
)
from identity.actions.desk import Desk
from identity.actions.found_organization import suspend_organization
from identity.actions.means import Means
from identity.schemas.admin import AddressBody, AppStateBody, NewAdminBody, NewBackerBody, PlatformRoleBody
from identity.store import platform


class OrganizationBody(Body):
    """Which organisation."""

    organization_id: OrganizationId


class Operator:
    """An operator's commands. Each answers with what it left behind."""

    def __init__(self, desk: Desk, means: Means) -> None:
        self._desk = desk
        self._means = means

    def commands(self) -> Commands:
        """The table: name → command."""
        return {
            "appState:get": self.get_app_state,
            "appState:set": self.set_app_state,
            "crowdfundingBackers:addBacker": self.add_backer,
            "admins:add": self.add_admin,
            "admins:remove": self.remove_admin,
            "platformRoles:grant": lambda values: self.set_role(values, granted=True),
            "platformRoles:revoke": lambda values: self.set_role(values, granted=False),
            "organizations:suspend": lambda values: self.suspend(values, suspended=True),
            "organizations:unsuspend": lambda values: self.suspend(values, suspended=False),
        }

    async def get_app_state(self, values: dict[str, Any]) -> object:
        """The platform's state."""
        async with self._desk.database.transaction() as tx:
            return {"crowdfundingActive": await platform.crowdfunding_active(tx)}

    async def set_app_state(self, values: dict[str, Any]) -> object:
        """Turn the gate on or off."""
        body = AppStateBody.model_validate(values)
        async with self._desk.database.transaction() as tx:
            await set_app_state(tx, OPERATOR, crowdfunding_active=body.crowdfunding_active)
        return {"crowdfundingActive": body.crowdfunding_active}

    async def add_backer(self, values: dict[str, Any]) -> object:
        """Put a backer on the list."""
        body = NewBackerBody.model_validate(values)
        database = self._desk.database
        backer = await add_backer(database, self._means, OPERATOR, body.username, body.access_code, body.tier)
        return {"id": backer.id, "username": backer.username, "tier": backer.tier}

    async def add_admin(self, values: dict[str, Any]) -> object:
        """Let whoever proves an address administer the platform."""
        body = NewAdminBody.model_validate(values)
        async with self._desk.transaction() as (tx, after):
            admin = await add_admin(tx, after, OPERATOR, body.email, body.note)
        return {"id": admin.id, "email": admin.email}

    async def remove_admin(self, values: dict[str, Any]) -> object:
        """Take an address off the list."""
        body = AddressBody.model_validate(values)
        async with self._desk.transaction() as (tx, after):
            admin = await remove_admin(tx, after, OPERATOR, body.email.key)
        return {"removed": admin.email}

    async def set_role(self, values: dict[str, Any], *, granted: bool) -> object:
        """Give or take a role on the platform other than admin."""
        body = PlatformRoleBody.model_validate(values)
        async with self._desk.transaction() as (tx, after):
            user = await set_platform_role(tx, after, OPERATOR, body.email, body.role, granted=granted)
        return {"userId": user.id, "role": body.role, "granted": granted}

    async def suspend(self, values: dict[str, Any], *, suspended: bool) -> object:
        """Leave an organisation nothing but reading, or give it back what it had."""
        body = OrganizationBody.model_validate(values)
        async with self._desk.transaction() as (tx, after):
            changed = await suspend_organization(tx, after, OPERATOR, body.organization_id, suspended=suspended)
        return {"id": changed.id, "suspended": suspended}
