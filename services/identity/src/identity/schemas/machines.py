"""Devices and API keys."""

from datetime import datetime
from typing import Literal

from common.ids import ApiKeyId, DeviceId
from common.schemas import Body, Moment, Name, View
from identity.actions.enrol_machine import Enrolled, Enrolment
from identity.domain.machine import Machine

MachineRole = Literal["admin", "manager", "finance", "scanner", "viewer"]


class NewMachineBody(Body):
    """A name for people, the role it acts with, and when it ends by itself."""

    name: Name
    role: MachineRole
    expires_at: Moment | None = None

    def enrolment(self) -> Enrolment:
        """The value the action works with."""
        return Enrolment(self.name, self.role, self.expires_at)


class MachineView(View):
    """A device or an API key."""

    id: DeviceId | ApiKeyId
    name: str
    role: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, machine: Machine) -> "MachineView":
        """From the domain's value."""
        return cls(
            id=machine.id,
            name=machine.name,
            role=machine.role,
            created_at=machine.created_at,
            expires_at=machine.expires_at,
            revoked_at=machine.revoked_at,
        )


class EnrolledView(View):
    """A new device or key, with the bearer token it shows at the gateway. It is answered this once."""

    id: DeviceId | ApiKeyId
    name: str
    role: str
    created_at: datetime
    expires_at: datetime | None
    token: str

    @classmethod
    def of_new(cls, enrolled: Enrolled) -> "EnrolledView":
        """From what the action made."""
        machine = enrolled.machine
        return cls(
            id=machine.id,
            name=machine.name,
            role=machine.role,
            created_at=machine.created_at,
            expires_at=machine.expires_at,
            token=enrolled.token,
        )
