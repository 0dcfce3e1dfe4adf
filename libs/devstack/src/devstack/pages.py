"""`make docs`: writes every file that is generated from code. `--check` only says which are stale, and fails when any is.

Two kinds of generators: modules that write their own files (and know `--check`), and commands whose output is a file.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from devstack.processes import python
from devstack.stack import REPOSITORY, SERVICES


@dataclass(frozen=True)
class Outcome:
    """What one generator found or did: lines for people, and whether all is well."""

    lines: list[str]
    well: bool


class Generator(Protocol):
    """Something that writes generated files."""

    def run(self, root: Path, *, check: bool) -> Outcome:
        """Write what is stale below `root`, or with `check` only name it."""


@dataclass(frozen=True)
class Module:
    """`python -m NAME [--check]`, run at the root: it knows its own files."""

    name: str

    def run(self, root: Path, *, check: bool) -> Outcome:
        """Its own words and verdict."""
        result = _run(root, (*python(self.name), *(["--check"] if check else [])))
        return Outcome((result.stdout + result.stderr).splitlines(), result.returncode == 0)


@dataclass(frozen=True)
class Output:
    """A file that holds exactly what a command prints."""

    path: str
    argv: tuple[str, ...]

    def run(self, root: Path, *, check: bool) -> Outcome:
        """Compare, and write unless only checking."""
        result, file = _run(root, self.argv), root / self.path
        if result.returncode:
            return Outcome([f"{self.path} could not be generated:", *result.stderr.splitlines()[-12:]], well=False)
        if file.exists() and file.read_text() == result.stdout:
            return Outcome([], well=True)
        if check:
            return Outcome([f"{self.path} is stale; run `make docs`"], well=False)
        file.write_text(result.stdout)
        return Outcome([f"wrote {self.path}"], well=True)


GENERATORS: tuple[Generator, ...] = (
    Module("common.pages"),
    *(Output(f"services/{service}/openapi.json", python(service, "openapi")) for service in SERVICES),
    Output("docs/routes.md", python("gateway", "routes")),
    Output("docs/errors.md", python("devstack.errors_page")),
)


def generate(root: Path, generators: Sequence[Generator], *, check: bool) -> list[Outcome]:
    """Run them all, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda one: one.run(root, check=check), generators))


def main(arguments: Sequence[str] | None = None) -> int:
    """1 when something is stale or could not be generated."""
    parser = argparse.ArgumentParser(prog="python -m devstack.pages", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when something is stale")
    given = parser.parse_args(arguments)
    outcomes = generate(REPOSITORY, GENERATORS, check=given.check)
    print("\n".join(line for one in outcomes for line in one.lines) or "every generated file is as it was")
    return 0 if all(one.well for one in outcomes) else 1


def _run(root: Path, argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, cwd=root, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
