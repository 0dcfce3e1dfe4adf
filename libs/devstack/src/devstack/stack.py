"""One devstack: where its files lie, which ports it takes, and the secrets that open it. Every command starts from this."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from devstack.secrets import Secrets
from devstack.servers.failures import CannotStart
from devstack.servers.ports import LOOPBACK

REPOSITORY = Path(__file__).resolve().parents[4]
DEFAULT_PORT_BASE = 8000
SERVICES = ("identity", "events", "commerce", "dp", "wallet", "releases")

# Offsets from LANYARD_PORT_BASE. Further gateways listen from +101 on.
OFFSETS = {
    "gateway": 0,
    "identity": 1,
    "events": 2,
    "commerce": 3,
    "dp": 4,
    "wallet": 5,
    "releases": 6,
    "nats": 22,
    "nats monitor": 23,
    "mailbox": 25,
    "smtp": 26,
    "postgres": 32,
}
FURTHER_GATEWAYS = 100


@dataclass(frozen=True)
class Stack:
    """The stack of one clone at one port base."""

    root: Path
    port_base: int
    state_folder: str = ".lanyard"
    """Relative to `root`, or absolute: LANYARD_STATE gives a second stack of the same clone data of its own."""

    @property
    def state(self) -> Path:
        """Everything that outlives a run; `clean` removes it."""
        return self.root / self.state_folder

    @property
    def logs(self) -> Path:
        """One file per process."""
        return self.state / "logs"

    @cached_property
    def secrets(self) -> Secrets:
        """Passwords and keys, drawn when first asked for."""
        return Secrets(self.state / "secrets.json")

    @property
    def public_url(self) -> str:
        """What links in mails, callbacks and share pages start with."""
        return os.environ.get("LANYARD_PUBLIC_URL", self.address("gateway"))

    def port(self, name: str) -> int:
        """The port of a process; `gateway-2`, `gateway-3`, … are further gateways."""
        if name.startswith("gateway-"):
            return self.port_base + FURTHER_GATEWAYS + int(name.removeprefix("gateway-")) - 1
        return self.port_base + OFFSETS[name]

    def address(self, name: str) -> str:
        """The HTTP address of a process on this machine."""
        return f"http://{LOOPBACK}:{self.port(name)}"


def wanted_stack() -> Stack:
    """The stack of this clone that LANYARD_PORT_BASE and LANYARD_STATE describe. Raises CannotStart when that is no port."""
    word = os.environ.get("LANYARD_PORT_BASE", str(DEFAULT_PORT_BASE))
    highest = 65535 - max(OFFSETS.values()) - FURTHER_GATEWAYS
    if not word.isdecimal() or not 1024 <= int(word) <= highest:
        message = f"LANYARD_PORT_BASE is {word!r}, which leaves no room for the ports of the stack"
        raise CannotStart(message, f"set it to a number from 1024 to {highest}, or not at all for {DEFAULT_PORT_BASE}")
    return Stack(REPOSITORY, int(word), os.environ.get("LANYARD_STATE") or Stack.state_folder)
