"""`python -m gateway serve`."""

import argparse

import uvloop

from gateway.main import serve
from gateway.settings import GatewaySettings


def main() -> None:
    """Read the command and do it."""
    parser = argparse.ArgumentParser(prog="gateway", description="The one door of Lanyard")
    commands = parser.add_subparsers(required=True)
    commands.add_parser("serve", help="run until a signal ends it")
    parser.parse_args()
    uvloop.run(serve(GatewaySettings()))


if __name__ == "__main__":
    main()
