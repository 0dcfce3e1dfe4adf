"""Hands work to a service's own command line, in the environment the running stack gave that service."""

import json
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from devstack.environments import service_environment
from devstack.processes import python
from devstack.running import running_stack
from devstack.servers.failures import CannotStart
from devstack.stack import SERVICES, Stack, wanted_stack


class NotUp(CannotStart):
    """The command needs the databases, and they do not run."""

    def __init__(self) -> None:
        super().__init__("Lanyard is not up", "start it in another terminal: ./lanyard up")


def demand_up() -> Stack:
    """The running stack. Raises NotUp."""
    running = running_stack(wanted_stack())
    if running is None:
        raise NotUp
    return running


def call(stack: Stack, service: str, *arguments: str) -> int:
    """Run `python -m <service> …` on this terminal and answer its status."""
    return subprocess.run(
        python(service, *arguments), env=service_environment(stack, service), cwd=stack.root, check=False
    ).returncode


class CommandFailed(CannotStart):
    """An operator's command refused."""

    def __init__(self, service: str, name: str, said: str) -> None:
        super().__init__(
            f"{service} did not do {name}:\n{said}", f"read what it says; ./lanyard run {name} does it by hand"
        )


def operate(stack: Stack, service: str, name: str, values: Mapping[str, str]) -> None:
    """Run an operator's command in silence. Raises CommandFailed."""
    answer = _capture(stack, service, "run", name, json.dumps(values))
    if answer.returncode:
        raise CommandFailed(service, name, answer.stderr.strip())


class CannotList(CannotStart):
    """A service does not say which commands it knows."""

    def __init__(self, service: str, said: str) -> None:
        super().__init__(f"{service} does not list its commands:\n{said}", f"python -m {service} run --list must work")


def commands_of(stack: Stack, service: str) -> list[str]:
    """The operator commands a service knows. Raises CannotList."""
    answer = _capture(stack, service, "run", "--list")
    if answer.returncode:
        raise CannotList(service, answer.stderr.strip())
    return answer.stdout.split()


def all_commands(stack: Stack) -> dict[str, str]:
    """Every operator command and the service that knows it."""
    with ThreadPoolExecutor(len(SERVICES)) as pool:
        lists = pool.map(lambda service: commands_of(stack, service), SERVICES)
    return {name: service for service, names in zip(SERVICES, lists, strict=True) for name in names}


def _capture(stack: Stack, service: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = service_environment(stack, service)
    return subprocess.run(
        python(service, *arguments), env=environment, cwd=stack.root, capture_output=True, text=True, check=False
    )
