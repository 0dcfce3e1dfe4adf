"""One stack per clone at a time: who holds the lock runs it, everyone else reads where it runs."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from devstack.servers.failures import CannotStart
from devstack.stack import Stack


class AlreadyUp(CannotStart):
    """Another process of this clone runs the stack."""

    def __init__(self, stack: Stack, pid: int) -> None:
        super().__init__(
            f"Lanyard is already up as process {pid}: {stack.address('gateway')}",
            "use it, look at it with ./lanyard status, or end it with Ctrl-C in its terminal",
        )
        self.pid = pid


@contextmanager
def the_only_one(stack: Stack) -> Iterator[None]:
    """Hold the clone's lock and say where the stack runs. Raises AlreadyUp. The kernel frees the lock of a killed process."""
    stack.state.mkdir(parents=True, exist_ok=True)
    note = stack.state / "running.json"
    with (stack.state / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyUp(running_stack(stack) or stack, running_pid(stack) or 0) from None
        partial = note.with_suffix(".part")
        partial.write_text(json.dumps({"pid": os.getpid(), "portBase": stack.port_base}))
        partial.rename(note)
        try:
            yield
        finally:
            note.unlink(missing_ok=True)


def is_up(stack: Stack) -> bool:
    """Whether some process holds the lock."""
    path = stack.state / "up.lock"
    if not path.exists():
        return False
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def running_pid(stack: Stack) -> int | None:
    """Who said it runs the stack."""
    return _note(stack).get("pid")


def running_stack(stack: Stack) -> Stack | None:
    """The stack at the ports of the one that runs, which may not be those of this shell."""
    base = _note(stack).get("portBase")
    return replace(stack, port_base=base) if base is not None and is_up(stack) else None


def _note(stack: Stack) -> dict[str, int]:
    try:
        return {name: int(value) for name, value in json.loads((stack.state / "running.json").read_text()).items()}
    except (OSError, ValueError):
        return {}
