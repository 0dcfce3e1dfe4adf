"""The process table: what `up` runs after the two servers, in tiers that start one after the other and stop the other way round."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

from devstack.environments import Environment, gateway_environment, mailbox_environment, service_environment
from devstack.stack import SERVICES, Stack

POSTGRES_TIER, NATS_TIER, MAILBOX_TIER, SERVICE_TIER, GATEWAY_TIER = range(5)


@dataclass(frozen=True)
class Process:
    """One program of ours: what starts it, what it is told, and the path that answers 200 once it is ready."""

    name: str
    tier: int
    argv: tuple[str, ...]
    environment: Callable[[Stack], Environment]
    ready_path: str

    def ready_url(self, stack: Stack) -> str:
        """Where to ask whether it is ready."""
        return stack.address(self.name) + self.ready_path


def processes(gateways: int = 1) -> list[Process]:
    """The table, with as many gateways as wanted."""
    return [
        _mailbox(),
        *(_service(name) for name in SERVICES),
        *(_gateway(number) for number in range(1, gateways + 1)),
    ]


def python(*arguments: str) -> tuple[str, ...]:
    """A command line for a module of this environment."""
    return (sys.executable, "-m", *arguments)


def _mailbox() -> Process:
    return Process("mailbox", MAILBOX_TIER, python("devstack.mailbox"), mailbox_environment, "/readyz")


def _service(name: str) -> Process:
    return Process(name, SERVICE_TIER, python(name, "serve"), lambda stack: service_environment(stack, name), "/readyz")


def _gateway(number: int) -> Process:
    name = "gateway" if number == 1 else f"gateway-{number}"
    return Process(
        name, GATEWAY_TIER, python("gateway", "serve"), lambda stack: gateway_environment(stack, name), "/health"
    )
