"""Write the current state of every aggregate of a service to its outbox, so that every listener can rebuild its copy."""

import argparse

from devstack.delegate import call, demand_up
from devstack.stack import SERVICES
from devstack.terminal import Terminal

HELP = "say the current state of everything a service owns once more"


def configure(parser: argparse.ArgumentParser) -> None:
    """Which service."""
    parser.add_argument("service", choices=SERVICES)


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    """The service's own status."""
    return call(demand_up(), given.service, "republish")
