"""`python -m gateway serve | routes | errors`."""

import argparse
import sys

import uvloop

from common.errors_page import refusals_json
from gateway.main import serve
from gateway.routes_page import routes_page
from gateway.settings import GatewaySettings


def main() -> None:
    """Read the command and do it."""
    parser = argparse.ArgumentParser(prog="gateway", description="The one door of Lanyard")
    commands = parser.add_subparsers(required=True)
    commands.add_parser("serve", help="run until a signal ends it").set_defaults(command=_serve)
    commands.add_parser("routes", help="print docs/routes.md").set_defaults(command=routes_page)
    commands.add_parser("errors", help="print every refusal, as JSON").set_defaults(command=refusals_json)
    sys.stdout.write(parser.parse_args().command())


def _serve() -> str:
    uvloop.run(serve(GatewaySettings()))
    return ""


if __name__ == "__main__":
    main()
