"""Remove .lanyard and the databases. Secrets and certificates go with them and are made anew at the next start."""

import argparse
import shutil

from devstack.running import is_up, running_pid
from devstack.servers.failures import CannotStart
from devstack.servers.postgres_home import root_home_of
from devstack.stack import wanted_stack
from devstack.terminal import Terminal

HELP = "remove all data, secrets and logs of this clone's stack"


class StillUp(CannotStart):
    """Its data cannot be taken away from under a running stack."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(f"Lanyard is up as process {pid}", "end it first, with Ctrl-C in its terminal")


def configure(parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    """0, also when there was nothing."""
    stack = wanted_stack()
    if is_up(stack):
        raise StillUp(running_pid(stack))
    for folder in (root_home_of(stack.state / "postgres"), stack.state):
        if folder.exists():
            shutil.rmtree(folder)
            terminal.say(f"removed {folder}")
    return 0
