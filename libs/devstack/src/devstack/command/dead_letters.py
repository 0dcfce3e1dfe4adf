"""Messages that could not be worked off: list them, show one with its error, or run its action again."""

import argparse

from devstack.delegate import call, demand_up
from devstack.stack import SERVICES
from devstack.terminal import Terminal

HELP = "list, show or replay messages that could not be worked off"


def configure(parser: argparse.ArgumentParser) -> None:
    """What to do, with which service, and which message."""
    parser.add_argument("what", choices=("list", "show", "replay"))
    parser.add_argument("service", nargs="?", choices=SERVICES, help="all of them when only listing")
    parser.add_argument("id", nargs="?", help="the message, as `list` names it")
    parser.set_defaults(misunderstood=parser.error)


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    """The highest status of the services asked."""
    if given.what != "list" and not (given.service and given.id):
        given.misunderstood(f"{given.what} needs a service and an id: ./lanyard dead-letters list")
    stack = demand_up()
    identity = [given.id] if given.id else []
    statuses = []
    for service in [given.service] if given.service else SERVICES:
        if not given.service:
            terminal.say(service, "bold")
        statuses.append(call(stack, service, "dead-letters", given.what, *identity))
    return max(statuses)
