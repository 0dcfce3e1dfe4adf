"""Start the whole platform and stay until Ctrl-C. What it keeps lies in .lanyard; a second start takes seconds."""

import argparse
import threading
import time

from devstack.running import the_only_one
from devstack.stack import Stack, wanted_stack
from devstack.startup import Platform
from devstack.stopping import stop_signals
from devstack.supervision import StopRequested
from devstack.terminal import Terminal

HELP = "start the whole platform and stay until Ctrl-C"


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--gateways", type=int, default=1, metavar="N", help="how many gateways to run (1)")
    parser.add_argument("--quiet", action="store_true", help="leave the services' logs to .lanyard/logs")


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    """0 after an orderly stop."""
    stack, began = wanted_stack(), time.monotonic()
    stopping = threading.Event()
    platform = Platform(stack, terminal, stopping, given.gateways)
    with the_only_one(stack), stop_signals(stopping, lambda: at_once(platform, terminal)):
        try:
            platform.start()
            welcome(platform, terminal, time.monotonic() - began)
            terminal.show_logs = not given.quiet
            platform.watch()
        except StopRequested:
            pass
        finally:
            farewell(platform, terminal, stopping, stack)
    return 0


def welcome(platform: Platform, terminal: Terminal, seconds: float) -> None:
    """Where everything is."""
    terminal.table(f"Lanyard is up after {seconds:.1f} s", ("what", "where"), platform.addresses())
    terminal.say("Ctrl-C stops everything and keeps the data.", "dim")


def farewell(platform: Platform, terminal: Terminal, stopping: threading.Event, stack: Stack) -> None:
    """Stop in order; from here on a signal means at once."""
    stopping.set()
    terminal.show_logs = False
    terminal.say("Stopping: gateway, services, NATS, PostgreSQL. A second Ctrl-C does not wait.", "dim")
    platform.stop()
    terminal.say(f"Stopped. The data are in {stack.state}.", "dim")


def at_once(platform: Platform, terminal: Terminal) -> None:
    """The second signal."""
    platform.kill()
    terminal.restore()
