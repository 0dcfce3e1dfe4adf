"""Reads the command line and runs one subcommand. `./lanyard` at the root of the clone starts this."""

import argparse
import sys
from types import ModuleType

from devstack.command import clean, dead_letters, demo, doctor, env, republish, run, status, up
from devstack.servers.failures import CannotStart
from devstack.terminal import Terminal

COMMANDS: dict[str, ModuleType] = {
    "up": up,
    "demo": demo,
    "status": status,
    "doctor": doctor,
    "run": run,
    "dead-letters": dead_letters,
    "republish": republish,
    "env": env,
    "clean": clean,
}


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 done, 1 failed and said why, 2 misunderstood, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="./lanyard", description="The whole platform on this machine.")
    subcommands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        module.configure(subcommands.add_parser(name, help=module.HELP, description=module.__doc__))
    given = parser.parse_args(arguments)
    terminal = Terminal()
    try:
        return int(COMMANDS[given.command].run(given, terminal))
    except CannotStart as failure:
        terminal.fail(failure.args[0], failure.mend)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
