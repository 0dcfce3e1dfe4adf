"""Signals to a real process that supervises stand-ins: one stops in order, two stop at once, a second stack is turned away."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devstack.running import AlreadyUp, is_up, running_stack, the_only_one
from devstack.servers.observed import command_line
from devstack.stack import Stack

Eventually = Callable[[Callable[[], bool]], None]

SUPERVISES = """
import sys, threading
from pathlib import Path
from devstack.stopping import stop_signals
from devstack.supervision import Program, Supervisor

folder, source, patience = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
stopping, ready = threading.Event(), threading.Event()
supervisor = Supervisor(lambda name, text: None, stopping)
program = Program('child', [sys.executable, '-c', source, str(folder / 'ended')], environment={}, directory=folder,
                  log=folder / 'child.log', sink=lambda name, line: ready.set(), patience=patience)
with stop_signals(stopping, supervisor.kill_all):
    supervisor.start([(program, ready.is_set)], 0)
    print(program.process.pid, flush=True)
    supervisor.watch()
    print('stopping', flush=True)
    supervisor.stop_all()
"""
POLITE = """
import signal, sys, time
def leave(*_):
    open(sys.argv[1], 'w').write('in order')
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print('ready', flush=True)
time.sleep(60)
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[[str, float], tuple[subprocess.Popen[str], int]]]:
    started: list[subprocess.Popen[str]] = []

    def start(source: str, patience: float) -> tuple[subprocess.Popen[str], int]:
        command = [sys.executable, "-c", SUPERVISES, str(tmp_path), source, str(patience)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1], int(line(started[-1]))

    yield start
    for process in started:
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


Supervise = Callable[[str, float], tuple[subprocess.Popen[str], int]]


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_stops_the_children_in_order(supervise: Supervise, tmp_path: Path, sign: signal.Signals) -> None:
    process, child = supervise(POLITE, 30)
    process.send_signal(sign)
    assert process.wait(10) == 0
    assert (tmp_path / "ended").read_text() == "in order"
    assert command_line(child) == []


def test_a_second_signal_does_not_wait_for_anyone(supervise: Supervise, eventually: Eventually) -> None:
    process, child = supervise(STUBBORN, 60)
    process.send_signal(signal.SIGINT)
    assert line(process) == "stopping"
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 130
    eventually(lambda: command_line(child) == [])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_children_do_not_outlive_a_killed_supervisor(supervise: Supervise, eventually: Eventually) -> None:
    process, child = supervise(POLITE, 30)
    process.kill()
    process.wait()
    eventually(lambda: command_line(child) == [])


def test_a_second_stack_of_the_same_clone_is_turned_away_and_told_where_the_first_is(tmp_path: Path) -> None:
    first, second = Stack(tmp_path, 8100), Stack(tmp_path, 8000)
    assert not is_up(second)
    with the_only_one(first):
        assert is_up(second)
        with (
            pytest.raises(AlreadyUp, match=rf"process {os.getpid()}: http://127\.0\.0\.1:8100") as refusal,
            the_only_one(second),
        ):
            pytest.fail("two stacks at once")
        assert refusal.value.pid == os.getpid()
        assert running_stack(second) == first
    assert not is_up(second)
    assert running_stack(second) is None


def test_a_killed_stack_leaves_no_lock_behind(tmp_path: Path) -> None:
    note = tmp_path / ".lanyard" / "running.json"
    hold = (
        "import sys, time; from pathlib import Path; from devstack.running import the_only_one; "
        "from devstack.stack import Stack\n"
        "with the_only_one(Stack(Path(sys.argv[1]), 8100)): print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", hold, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert line(process) == "held"
    assert is_up(Stack(tmp_path, 8000))
    process.kill()
    process.communicate()
    assert json.loads(note.read_text())["portBase"] == 8100
    assert running_stack(Stack(tmp_path, 8000)) is None
    with the_only_one(Stack(tmp_path, 8000)):
        assert is_up(Stack(tmp_path, 8000))
