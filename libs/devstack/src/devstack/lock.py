"""`make lock`: writes requirements.lock for the workspace, for each member, and for building wheels in images.

Versions already locked stay unless `--upgrade` (all) or `--upgrade-package NAME` says otherwise. Each member's lock is its
own closure at the workspace's versions. All are hashed, good for Python 3.11 and later on every platform, and name no index:
where packages come from is each machine's own business.
"""

import argparse
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from devstack.stack import REPOSITORY

WORKSPACE_LOCK = "requirements.lock"
BUILD_LOCK = "deploy/build.lock"
BUILD_BACKEND = "hatchling"


class CannotLock(Exception):
    """uv found no set of versions; it says why."""


@dataclass(frozen=True)
class Lock:
    """One lock file: where it goes, and what uv is asked to resolve for it."""

    path: str
    arguments: tuple[str, ...]
    given: str = ""


def members(root: Path) -> dict[str, Path]:
    """The workspace's packages and their folders."""
    folders = [folder for pattern in _workspace(root) for folder in sorted(root.glob(pattern))]
    return {_name(folder): folder for folder in folders if (folder / "pyproject.toml").exists()}


def locks(root: Path) -> list[Lock]:
    """The locks of every member and of the build, which all follow the workspace's."""
    pinned = ("--constraint", WORKSPACE_LOCK)
    found = []
    for folder in members(root).values():
        relative = folder.relative_to(root)
        found.append(Lock(str(relative / "requirements.lock"), (str(relative / "pyproject.toml"), *pinned)))
    return [*found, Lock(BUILD_LOCK, ("-", *pinned), BUILD_BACKEND)]


def write(root: Path, upgrades: Sequence[str]) -> list[str]:
    """Write all of them; the paths that changed. Raises CannotLock."""
    workspace = Lock(WORKSPACE_LOCK, ("pyproject.toml", "--group", "dev", *upgrades))
    changed = [workspace.path] if _compile(root, workspace) else []
    with ThreadPoolExecutor(2) as pool:
        rest = locks(root)
        changed += [
            lock.path for lock, new in zip(rest, pool.map(lambda one: _compile(root, one), rest), strict=True) if new
        ]
    # uv's own lock names index hosts; ours are the ones that count.
    (root / "uv.lock").unlink(missing_ok=True)
    return changed


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all are written; what changed is printed."""
    parser = argparse.ArgumentParser(prog="python -m devstack.lock", description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions of everything")
    parser.add_argument("--upgrade-package", action="append", default=[], metavar="NAME", help="of this package")
    given = parser.parse_args(arguments)
    upgrades = ["--upgrade"] if given.upgrade else []
    for name in given.upgrade_package:
        upgrades += ["--upgrade-package", name]
    try:
        changed = write(REPOSITORY, upgrades)
    except CannotLock as refusal:
        print(refusal, file=sys.stderr)
        return 1
    print("\n".join(f"wrote {path}" for path in changed) or "every lock is as it was")
    return 0


def _compile(root: Path, lock: Lock) -> bool:
    path = root / lock.path
    before = path.read_text() if path.exists() else ""
    own = [word for name in members(root) for word in ("--no-emit-package", name)]
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--no-annotate", "--no-header", "--no-strip-markers", "--no-emit-index-url"]
    command += ["--no-emit-find-links", *own, "--output-file", lock.path, *lock.arguments]
    result = subprocess.run(command, cwd=root, input=lock.given, capture_output=True, text=True, check=False)
    if result.returncode:
        raise CannotLock(f"{lock.path}: {result.stderr.strip()}")
    return path.read_text() != before


def _workspace(root: Path) -> list[str]:
    settings = tomllib.loads((root / "pyproject.toml").read_text())
    return [str(pattern) for pattern in settings["tool"]["uv"]["workspace"]["members"]]


def _name(folder: Path) -> str:
    return str(tomllib.loads((folder / "pyproject.toml").read_text())["project"]["name"])


if __name__ == "__main__":
    sys.exit(main())
