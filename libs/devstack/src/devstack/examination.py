"""What `doctor` looks at: each examination yields what it found wrong, with its mend."""

import os
import pwd
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from devstack.delegate import CommandFailed, operate
from devstack.ports_check import ports_of
from devstack.processes import processes
from devstack.running import is_up, running_stack
from devstack.servers.failures import CannotStart
from devstack.servers.nats import nats_binary
from devstack.servers.observed import command_line, listener_of
from devstack.servers.ports import is_taken
from devstack.servers.postgres_home import ROOT_HOME, USERS, wheel_binaries
from devstack.stack import Stack

_NEEDED_BYTES = 1024**3
_OLDEST_PYTHON: tuple[int, int] = (3, 11)


@dataclass(frozen=True)
class Finding:
    """Something wrong, and what to do about it."""

    what: str
    mend: str


def _python(stack: Stack) -> Iterator[Finding]:
    if sys.version_info[:2] < _OLDEST_PYTHON:
        yield Finding(f"this is Python {sys.version.split()[0]}", "install Python 3.11 or later, then: make install")


def _environment(stack: Stack) -> Iterator[Finding]:
    made, lock = stack.root / ".venv" / ".installed", stack.root / "requirements.lock"
    if not made.exists() or made.stat().st_mtime < lock.stat().st_mtime:
        yield Finding(".venv is older than requirements.lock, or was never finished", "make install")


def _servers(stack: Stack) -> Iterator[Finding]:
    for look in (wheel_binaries, nats_binary):
        try:
            look()
        except CannotStart as missing:
            yield Finding(str(missing.args[0]), missing.mend)


def _ports(stack: Stack) -> Iterator[Finding]:
    if is_up(stack):
        return
    for name, port in ports_of(stack, [process.name for process in processes()]).items():
        if is_taken(port):
            held = listener_of(port) or "another process"
            yield Finding(f"{port} for {name} is taken by {held}", "stop it, or move all ports with LANYARD_PORT_BASE")


def _disk(stack: Stack) -> Iterator[Finding]:
    places = [stack.root, *([ROOT_HOME] if ROOT_HOME.exists() else [])]
    for place in places:
        if (free := shutil.disk_usage(place).free) < _NEEDED_BYTES:
            yield Finding(
                f"{free // 1024**2} MiB are free below {place}", "free a gigabyte; make clean removes our data"
            )


def _permissions(stack: Stack) -> Iterator[Finding]:
    if not os.access(stack.root, os.W_OK):
        yield Finding(f"{stack.root} is not yours to write", "clone it into a folder of your own")
    secrets = stack.state / "secrets.json"
    if secrets.exists() and secrets.stat().st_mode & 0o077:
        yield Finding(f"others can read {secrets}", f"chmod 600 {secrets}")
    me = os.geteuid()
    strangers = (file for file in _files(stack.state) if me != 0 and file.lstat().st_uid != me)
    for stranger in list(strangers)[:1]:
        mend = f"give it to yourself: sudo chown -R {pwd.getpwuid(me).pw_name} {stack.state}"
        yield Finding(f"{stranger} belongs to another user", mend)


def _account(stack: Stack) -> Iterator[Finding]:
    known = {entry.pw_name for entry in pwd.getpwall()}
    if os.geteuid() == 0 and not known.intersection(USERS):
        yield Finding(
            f"none of the users {', '.join(USERS)} exists, and postgres will not run as root", "run as an ordinary user"
        )


def _root_homes() -> list[Path]:
    """Data directories below /var/lib/lanyard: root's affair, and root's alone to look into."""
    return [origin.parent for origin in ROOT_HOME.glob("data-*/origin")] if os.geteuid() == 0 else []


def _leftovers(stack: Stack) -> Iterator[Finding]:
    for home in _root_homes():
        if not Path((home / "origin").read_text().strip()).exists():
            yield Finding(f"{home} belongs to a clone that is gone", f"rm -r {home}")
    for pid in _orphans(stack):
        yield Finding(f"process {pid} is left over from a killed stack", f"kill {pid}")


def _orphans(stack: Stack) -> Iterable[int]:
    """Postmasters of this clone that run although no stack does."""
    homes = [stack.state / "postgres", *_root_homes()]
    if is_up(stack):
        return
    for home in homes:
        lock = home / "data" / "postmaster.pid"
        ours = home == homes[0] or Path((home / "origin").read_text().strip()).is_relative_to(stack.root)
        if ours and lock.exists():
            pid = int(lock.read_text().splitlines()[0])
            if str(home / "data") in command_line(pid):
                yield pid


def _books(stack: Stack) -> Iterator[Finding]:
    """Whether stock and ledger say what the orders say; only a running platform can be asked."""
    running = running_stack(stack)
    if running is None:
        return
    try:
        operate(running, "commerce", "invariants:check", {})
    except CommandFailed as broken:
        yield Finding(str(broken.args[0]), "stop selling, keep the data, and look at the orders it names")


def _files(folder: Path) -> Iterator[Path]:
    yield from folder.rglob("*") if folder.exists() else ()


EXAMINATIONS: tuple[tuple[str, Callable[[Stack], Iterable[Finding]]], ...] = (
    ("Python", _python),
    ("environment", _environment),
    ("servers", _servers),
    ("ports", _ports),
    ("disk", _disk),
    ("permissions", _permissions),
    ("account for postgres", _account),
    ("leftovers", _leftovers),
    ("stock and ledger", _books),
)
