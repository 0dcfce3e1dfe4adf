"""The supervisor with small stand-in programs: order, readiness, crashes and restarts, and an end that is always reached."""

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devstack.servers.observed import command_line
from devstack.supervision import Backoff, PartFailed, Program, StopRequested, Supervisor
from devstack.supervision.once import run_all

Eventually = Callable[[Callable[[], bool]], None]

SERVES = """
import signal, sys, time
def leave(*_):
    open(sys.argv[2], 'a').write(sys.argv[1] + ' stopped\\n')
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
open(sys.argv[2], 'a').write(sys.argv[1] + ' started\\n')
print('serving', flush=True)
time.sleep(60)
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)
CRASHES = "import sys; print('no such table: orders', flush=True); sys.exit(3)"


class Stage:
    """A supervisor, what it said, and programs for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.diary = folder / "diary"
        self.said: list[tuple[str, str]] = []
        self.lines: list[tuple[str, str]] = []
        self.stopping = threading.Event()
        self.supervisor = Supervisor(
            lambda name, text: self.said.append((name, text)), self.stopping, Backoff(first=0.05, ceiling=0.2, calm=60)
        )

    def program(self, name: str, source: str = SERVES, patience: float = 5) -> Program:
        return Program(
            name,
            [sys.executable, "-c", source, name, str(self.diary)],
            environment={},
            directory=self.folder,
            log=self.folder / f"{name}.log",
            sink=lambda who, line: self.lines.append((who, line)),
            patience=patience,
        )

    def printed(self, name: str, line: str) -> Callable[[], bool]:
        return lambda: (name, line) in self.lines

    def start(self, *programs: Program, tier: int = 0) -> None:
        self.supervisor.start([(one, self.printed(one.name, "serving")) for one in programs], tier)

    def entries(self) -> list[str]:
        return self.diary.read_text().splitlines() if self.diary.exists() else []


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.stopping.set()
    made.supervisor.kill_all()


@pytest.fixture
def watching(stage: Stage) -> Iterator[None]:
    """The watch of the stage's supervisor, in a thread of its own."""
    thread = threading.Thread(target=stage.supervisor.watch)
    thread.start()
    yield
    stage.stopping.set()
    thread.join(10)


def pid_of(program: Program) -> int:
    assert program.process is not None
    return program.process.pid


def test_a_tier_is_started_when_all_of_it_is_ready(stage: Stage) -> None:
    stage.start(stage.program("a"), stage.program("b"))
    assert sorted(stage.lines) == [("a", "serving"), ("b", "serving")]


def test_parts_stop_from_the_top_tier_down(stage: Stage) -> None:
    stage.start(stage.program("database"), tier=0)
    stage.start(stage.program("service"), tier=1)
    stage.start(stage.program("gateway"), tier=2)
    stage.supervisor.stop_all()
    assert stage.entries()[3:] == ["gateway stopped", "service stopped", "database stopped"]


def test_a_part_that_will_not_stop_is_killed_after_its_patience(stage: Stage) -> None:
    stubborn = stage.program("stubborn", STUBBORN, patience=0.2)
    stage.supervisor.start([(stubborn, stage.printed("stubborn", "ready"))], 0)
    stage.supervisor.stop_all()
    assert stubborn.process is not None
    assert stubborn.process.returncode == -9


def test_a_crash_is_reported_with_its_last_words_and_mended_by_a_restart(
    stage: Stage, watching: None, eventually: Eventually
) -> None:
    program = stage.program("commerce")
    stage.start(program)
    first = pid_of(program)
    program.kill()
    eventually(lambda: stage.entries().count("commerce started") == 2)
    eventually(lambda: ("commerce", "is back") in stage.said)
    assert pid_of(program) != first
    assert stage.said[0] == ("commerce", "ended with status -9; starting it again in 0.05 s\n    serving")


def test_the_pause_grows_with_every_crash_up_to_its_ceiling() -> None:
    backoff = Backoff(first=0.5, ceiling=30, calm=30)
    assert [backoff.pause(crashes) for crashes in (1, 2, 3, 6, 7, 100)] == [0.5, 1.0, 2.0, 16.0, 30.0, 30.0]


def test_a_part_that_keeps_crashing_is_started_again_and_again(
    stage: Stage, watching: None, eventually: Eventually
) -> None:
    program = stage.program("wallet", CRASHES)
    with pytest.raises(PartFailed):
        stage.supervisor.start([(program, lambda: False)], 0)
    eventually(lambda: len(stage.said) >= 4)
    pauses = [text.split("again in ")[1].split("\n")[0] for _, text in stage.said[:4]]
    assert pauses == ["0.05 s", "0.1 s", "0.2 s", "0.2 s"]


def test_nothing_is_restarted_once_the_end_is_asked_for(stage: Stage, watching: None) -> None:
    program = stage.program("dp")
    stage.start(program)
    stage.stopping.set()
    stage.supervisor.stop_all()
    assert stage.entries() == ["dp started", "dp stopped"]
    assert program.process is not None
    assert program.process.poll() == 0


def test_a_part_that_ends_while_starting_is_named_with_its_last_lines(stage: Stage) -> None:
    with pytest.raises(PartFailed) as failure:
        stage.supervisor.start([(stage.program("identity", CRASHES), lambda: False)], 0)
    assert failure.value.part == "identity"
    assert "identity ended with status 3 while starting:\n    no such table: orders" in str(failure.value)
    assert f"read {stage.folder / 'identity.log'}" == failure.value.mend


def test_a_part_that_is_not_ready_in_time_is_named(stage: Stage) -> None:
    ready, slow = stage.program("ready"), stage.program("slow")
    with pytest.raises(PartFailed, match=r"slow was not ready after 0 s"):
        stage.supervisor.start([(ready, lambda: True), (slow, lambda: False)], 0, patience=0.3)


def test_a_wait_ends_when_the_end_is_asked_for(stage: Stage) -> None:
    threading.Timer(0.1, stage.stopping.set).start()
    with pytest.raises(StopRequested):
        stage.supervisor.start([(stage.program("never"), lambda: False)], 0, patience=60)
    stage.supervisor.stop_all()


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        ("OSError: [Errno 98] Address already in use", "LANYARD_PORT_BASE"),
        ("ModuleNotFoundError: No module named 'nats'", "make install"),
        ('FATAL: password authentication failed for user "wallet"', "./lanyard clean"),
    ],
)
def test_common_failures_come_with_their_mend(stage: Stage, said: str, mend: str) -> None:
    program = stage.program("identity", f"import sys; print({said!r}); sys.exit(1)")
    with pytest.raises(PartFailed) as failure:
        stage.supervisor.start([(program, lambda: False)], 0)
    assert mend in failure.value.mend


def test_the_log_file_keeps_what_every_run_printed(stage: Stage) -> None:
    program = stage.program("events")
    for _ in range(2):
        stage.lines.clear()
        stage.start(program)
        program.stop()
    assert (stage.folder / "events.log").read_text() == "serving\nserving\n"


def test_output_that_is_no_utf8_and_has_no_end_is_copied_too(stage: Stage) -> None:
    program = stage.program("odd", r"import sys; sys.stdout.buffer.write(b'caf\xe9\nlast words')")
    run_all([program], stage.stopping)
    assert stage.lines == [("odd", "caf\ufffd"), ("odd", "last words")]


def test_one_shot_programs_run_side_by_side_and_the_first_failure_ends_the_rest(
    stage: Stage, eventually: Eventually
) -> None:
    waits, fails = stage.program("waits"), stage.program("fails", CRASHES)
    with pytest.raises(PartFailed, match="fails ended with status 3"):
        run_all([waits, fails], stage.stopping)
    eventually(lambda: command_line(pid_of(waits)) == [])
