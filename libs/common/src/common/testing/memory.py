"""A folder in memory for what test servers write, where the machine offers one.

A database is some four hundred files and a broker writes through to the disk for every message: on a busy disk that is most of
a test's time. No test pulls the plug of the machine, and what a killed server wrote is in memory as well.
"""

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM_WANTED = 512 * 1024 * 1024
_PREFIX = "lanyard-tests-"


def folder_in_memory() -> Path | None:
    """A new folder that other users may pass through, for this process to remove in the end; None without enough room."""
    if not (_MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM_WANTED):
        return None
    _forget_those_of_dead_processes()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_MEMORY))
    folder.chmod(0o711)
    return folder


def _forget_those_of_dead_processes() -> None:
    """What a killed run left would take up memory until the machine restarts."""
    for left in _MEMORY.glob(f"{_PREFIX}*-*"):
        pid = left.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(left, ignore_errors=True)
