"""`make check`: format, lint, strict types, walls, migrations and generated files.

Each step is printed with its seconds, and with its output when it fails; the end names the failed ones.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from devstack.processes import python
from devstack.stack import REPOSITORY, SERVICES
from devstack.terminal import Terminal

SOURCES = ("libs", "gateway", "services", "tests", "bench")
# Rules of squawk that would say nothing here: counters that cannot pass two thousand million, and timeouts, which
# `common.migrations` sets on the connection rather than in every script.
NOT_OURS = (
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "require-lock-timeout",
    "require-statement-timeout",
)


@dataclass(frozen=True)
class Result:
    """How one step ended: what it printed, and whether it is content."""

    name: str
    well: bool
    output: str
    seconds: float


@dataclass(frozen=True)
class Step:
    """One thing to check; `run` answers its verdict and its words."""

    name: str
    run: Callable[[Path], tuple[bool, str]]


def command(*argv: str) -> Callable[[Path], tuple[bool, str]]:
    """A step that is one command, run at the root."""

    def run(root: Path) -> tuple[bool, str]:
        result = subprocess.run(argv, cwd=root, capture_output=True, text=True, check=False)
        return result.returncode == 0, result.stdout + result.stderr

    return run


def lint_migrations(root: Path) -> tuple[bool, str]:
    """squawk on the SQL of every revision of every service."""
    with tempfile.TemporaryDirectory() as folder:
        scripts: list[Path] = []
        for service in SERVICES:
            well, sql = command(*python(service, "migrate", "--sql"))(root)
            if not well:
                return False, f"{service}: {sql}"
            scripts += write_revisions(Path(folder), service, sql)
        return lint_sql(root, scripts)


def write_revisions(folder: Path, service: str, sql: str) -> list[Path]:
    """One script a revision. In a single script every table would count as new, and a lock on a full table pass unseen."""
    marked = re.split(r"^-- Running upgrade .*-> (\S+)$", sql, flags=re.MULTILINE)[1:]
    scripts = []
    for revision, body in zip(marked[::2], marked[1::2], strict=True):
        scripts.append(folder / f"{service}-{revision}.sql")
        scripts[-1].write_text(f"BEGIN;\n{body.strip().removesuffix('COMMIT;')}\nCOMMIT;\n")
    return scripts


def lint_sql(root: Path, scripts: Sequence[Path]) -> tuple[bool, str]:
    """squawk with the house's exceptions."""
    excluded = f"--exclude={','.join(NOT_OURS)}"
    return command(_tool("squawk"), "--pg-version=18.0", excluded, *map(str, scripts))(root)


def steps() -> list[Step]:
    """Everything, the slowest first."""
    return [
        Step("types", command(_tool("mypy"), *SOURCES)),
        Step("migrations", lint_migrations),
        Step("generated files", command(*python("devstack.pages", "--check"))),
        Step("walls", command(_tool("lint-imports"), "--no-cache")),
        Step("format", command(_tool("ruff"), "format", "--check", ".")),
        Step("lint", command(_tool("ruff"), "check", ".")),
    ]


def check(root: Path, wanted: Sequence[Step], terminal: Terminal) -> list[Result]:
    """Run the steps, two at a time, and say how each ended as soon as it did."""

    def one(step: Step) -> Result:
        began = time.monotonic()
        well, output = step.run(root)
        result = Result(step.name, well, output.strip(), time.monotonic() - began)
        _say(result, terminal)
        return result

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, wanted))


def main(arguments: Sequence[str] | None = None) -> int:
    """1 when any step is not content."""
    known = {step.name: step for step in steps()}
    parser = argparse.ArgumentParser(prog="python -m devstack.check", description=__doc__)
    parser.add_argument("only", nargs="*", help=f"of: {', '.join(known)}")
    given = parser.parse_args(arguments)
    if unknown := set(given.only) - set(known):
        parser.error(f"there is no step {', '.join(sorted(unknown))}")
    terminal = Terminal()
    results = check(REPOSITORY, [known[name] for name in given.only or known], terminal)
    failed = [result.name for result in results if not result.well]
    if failed:
        terminal.fail(
            f"failed: {', '.join(failed)}", "make fix mends format and much of lint; make docs the generated files"
        )
        return 1
    terminal.say("all is well", "green")
    return 0


def _say(result: Result, terminal: Terminal) -> None:
    mark, style = ("✓", "green") if result.well else ("✗", "red")
    terminal.say(f"{mark} {result.name}  {result.seconds:.1f} s", style)
    if not result.well:
        terminal.plain(result.output)


def _tool(name: str) -> str:
    """A program of this environment."""
    return str(Path(sys.executable).with_name(name))


if __name__ == "__main__":
    sys.exit(main())
