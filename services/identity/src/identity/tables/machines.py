"""Devices and API keys: principals that are no people."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, LargeBinary, Table, Text, text

from common.db import TypedId, moment
from common.ids import ApiKeyId, DeviceId, Id, OrganizationId
from identity.tables.base import metadata


def _machines(name: str, kind: type[Id]) -> Table:
    """A device and an API key differ in their kind of id alone."""
    table = Table(
        name,
        metadata,
        Column("id", TypedId(kind), primary_key=True),
        Column("organization_id", TypedId(OrganizationId), ForeignKey("organizations.id"), nullable=False),
        Column("name", Text, nullable=False),
        Column("role", Text, nullable=False),
        Column("digest", LargeBinary, nullable=False),
        Column("created_by", Text, nullable=False),
        Column("created_at", moment(), nullable=False),
        Column("expires_at", moment()),
        Column("revoked_at", moment()),
        Column("version", BigInteger, nullable=False, server_default=text("1")),
        CheckConstraint("role IN ('admin', 'manager', 'finance', 'scanner', 'viewer')", name="role_is_known"),
    )
    Index(f"ix_{name}_organization_id", table.c.organization_id)
    return table


devices = _machines("devices", DeviceId)
api_keys = _machines("api_keys", ApiKeyId)
