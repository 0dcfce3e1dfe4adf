"""Look at this machine for what keeps Lanyard from starting, and say what to do about each finding."""

import argparse

from devstack.examination import EXAMINATIONS
from devstack.stack import wanted_stack
from devstack.terminal import Terminal

HELP = "look for what keeps Lanyard from starting, each with its mend"


def configure(parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(given: argparse.Namespace, terminal: Terminal) -> int:
    """0 when nothing was found."""
    stack = wanted_stack()
    found = 0
    for name, examine in EXAMINATIONS:
        findings = list(examine(stack))
        found += len(findings)
        if not findings:
            terminal.say(f"✓ {name}", "green")
        for finding in findings:
            terminal.fail(f"✗ {name}: {finding.what}", finding.mend)
    return 1 if found else 0
