"""Start everything (or use what is up), run the main journey through the gateway, print its timeline and where to look next."""

import argparse
import sys
import threading
import time
from pathlib import Path

from devstack.command.up import at_once, farewell, welcome
from devstack.delegate import operate
from devstack.environments import JOURNEY_ADMIN, journey_environment
from devstack.running import is_up, running_stack, the_only_one
from devstack.servers.children import last_lines
from devstack.servers.failures import CannotStart
from devstack.stack import Stack, wanted_stack
from devstack.startup import Platform
from devstack.stopping import stop_signals
from devstack.supervision import Program, StopRequested
from devstack.terminal import Terminal

HELP = "start everything, run the main journey, print its timeline and the addresses"
JOURNEY = Path("tests/e2e/journey.py")


class JourneyFailed(CannotStart):
    """A step of the journey did not do what it should."""

    def __init__(self, status: int, log: Path) -> None:
        super().__init__(
            f"the journey failed (status {status}):\n{last_lines(log, 6)}",
            f"read {log} and the services' logs beside it",
        )


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--once", action="store_true", help="stop afterwards even on a terminal")


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    """0 when the journey went through; CannotStart names the step that did not."""
    wanted = wanted_stack()
    stopping = threading.Event()
    running = running_stack(wanted) if is_up(wanted) else None
    if running:
        with stop_signals(stopping, lambda: None):
            journey(running, terminal, stopping)
        return 0
    began = time.monotonic()
    platform = Platform(wanted, terminal, stopping)
    with the_only_one(wanted), stop_signals(stopping, lambda: at_once(platform, terminal)):
        try:
            platform.start()
            journey(wanted, terminal, stopping)
            welcome(platform, terminal, time.monotonic() - began)
            if terminal.interactive and not given.once:
                platform.watch()
        except StopRequested:
            return 130
        finally:
            farewell(platform, terminal, stopping, wanted)
    return 0


def journey(stack: Stack, terminal: Terminal, stopping: threading.Event) -> None:
    """Run it and print its lines as they come. Raises JourneyFailed, or StopRequested."""
    operate(stack, "identity", "admins:add", {"email": JOURNEY_ADMIN})
    log = stack.logs / "journey.log"
    log.unlink(missing_ok=True)
    program = Program(
        "journey",
        [sys.executable, str(stack.root / JOURNEY)],
        environment=journey_environment(stack),
        directory=stack.root,
        log=log,
        sink=lambda _name, line: terminal.plain(line),
    )
    program.start()
    assert program.process is not None
    while program.process.poll() is None:
        if stopping.wait(0.05):
            program.stop()
            raise StopRequested
    program.stop()
    if program.process.returncode:
        raise JourneyFailed(program.process.returncode, log)
