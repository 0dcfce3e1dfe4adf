"""Runs programs that end by themselves, side by side."""

import threading
from collections.abc import Sequence

from devstack.supervision.program import Program
from devstack.supervision.supervisor import PartFailed, StopRequested

_LOOK_EVERY = 0.05


def run_all(programs: Sequence[Program], stopping: threading.Event) -> None:
    """Start all, wait for all. The first that fails ends the others and is named by PartFailed; `stopping` ends them with StopRequested."""
    for program in programs:
        program.start()
    try:
        waiting = list(programs)
        while waiting := [program for program in waiting if not _succeeded(program)]:
            if stopping.wait(_LOOK_EVERY):
                raise StopRequested
    finally:
        for program in programs:
            program.stop()


def _succeeded(program: Program) -> bool:
    status = program.process.poll() if program.process else None
    if status:
        program.stop()
        raise PartFailed(program, f"ended with status {status}")
    return status == 0
