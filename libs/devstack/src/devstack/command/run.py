"""Run an operator's command, for example: ./lanyard run appState:set '{"crowdfundingActive": true}'. Without a name, list them all."""

import argparse
import json

from devstack.delegate import all_commands, call, demand_up
from devstack.migrations import fingerprint
from devstack.stack import SERVICES, Stack
from devstack.terminal import Terminal

HELP = "run an operator's command: NAME JSON"


def configure(parser: argparse.ArgumentParser) -> None:
    """Name and arguments."""
    parser.add_argument("name", nargs="?", help="such as appState:set, crowdfundingBackers:addBacker, admins:add")
    parser.add_argument("json", nargs="?", default="{}", help="its arguments as one JSON object")


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    """The command's own status; 2 for a name nobody knows or arguments that are no JSON object."""
    stack = demand_up()
    known = _known(stack)
    if not given.name:
        terminal.table("Operator commands", ("name", "service"), sorted(known.items()))
        return 0
    if given.name not in known:
        terminal.fail(f"no service knows a command {given.name}", "./lanyard run lists them")
        return 2
    if not _is_object(given.json):
        terminal.fail(f"the arguments are not a JSON object: {given.json}", """quote them whole: '{"name": "value"}'""")
        return 2
    return call(stack, known[given.name], "run", given.name, given.json)


def _known(stack: Stack) -> dict[str, str]:
    """Which service knows which command, asked anew only when a service's code changed: asking starts six interpreters."""
    note = stack.state / "commands.json"
    sources = [stack.root / "services" / service / "src" for service in SERVICES]
    now = fingerprint(stack.root / "libs" / "common" / "src", *sources)
    if note.exists():
        seen = json.loads(note.read_text())
        if seen["sources"] == now:
            return {str(name): str(service) for name, service in seen["commands"].items()}
    commands = all_commands(stack)
    note.write_text(json.dumps({"sources": now, "commands": commands}))
    return commands


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
