"""A copy of the tree at ports of its own: the real devstack with real servers around stand-in services."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from devstack.servers.ports import is_taken
from devstack.stack import OFFSETS, REPOSITORY, SERVICES

_HERE = Path(__file__).parent


class Clone:
    """The copy, and `lanyard` run in it as people would."""

    def __init__(self, root: Path, base: int) -> None:
        """Lay the copy out below `root`; `base` is its LANYARD_PORT_BASE."""
        self.root = root
        self.base = base
        self.state = root / ".lanyard"
        for name in (*SERVICES, "gateway"):
            self._stand_in(name)
            (root / "services" / name / "migrations").mkdir(parents=True)
        (root / "tests" / "e2e").mkdir(parents=True)
        shutil.copy(_HERE / "stand_in_journey.py", root / "tests" / "e2e" / "journey.py")
        copied = ("deploy", "libs/devstack/src", "libs/common/src")
        for folder in copied:
            shutil.copytree(REPOSITORY / folder, root / folder)
        paths = [root / "stand_ins", *(root / folder for folder in copied[1:])]
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LANYARD_")},
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "LANYARD_PORT_BASE": str(base),
        }

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """`lanyard …`, with both outputs in one pipe."""
        return subprocess.Popen(
            [sys.executable, "-m", "devstack.command", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**self._environment, **environment},
            cwd=self.root,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Its status and all it printed."""
        process = self.start(*arguments, **environment)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output

    def up(self) -> tuple[subprocess.Popen[str], str]:
        """Start and wait for the welcome; what was printed so far."""
        process, said = self.start("up"), ""
        assert process.stdout is not None
        for line in process.stdout:
            said += line
            if line.startswith("Ctrl-C stops"):
                return process, said
        process.communicate()
        raise AssertionError(said)

    def break_service(self, name: str, source: str) -> None:
        """Let a stand-in run `source` instead."""
        (self.root / "stand_ins" / name / "__main__.py").write_text(source)

    def open_ports(self) -> list[str]:
        """Which of the stack's ports something listens on."""
        return [name for name, offset in OFFSETS.items() if is_taken(self.base + offset)]

    def _stand_in(self, name: str) -> None:
        package = self.root / "stand_ins" / name
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        shutil.copy(_HERE / "stand_in.py", package / "__main__.py")


def free_base() -> int:
    """A port base all of whose ports are free, below those the system hands out; other processes start looking elsewhere."""
    return next(
        base
        for base in range(11_000 + os.getpid() % 100 * 200, 32_000, 200)
        if not any(is_taken(base + offset) for offset in OFFSETS.values())
    )
