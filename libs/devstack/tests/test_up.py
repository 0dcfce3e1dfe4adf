"""`lanyard up` as people run it, on a copy of the tree whose services are small stand-ins: real PostgreSQL, NATS and mailbox."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from devstack.servers.observed import command_line
from devstack.servers.ports import is_taken
from devstack.servers.postgres_home import root_home_of
from devstack.stack import OFFSETS, SERVICES
from devstack.supervision.readiness import ask

Eventually = Callable[[Callable[[], bool]], None]

REPOSITORY = Path(__file__).parents[3]
STAND_IN = """
import http.server, json, os, pathlib, psycopg, sys

NAME, COMMAND = pathlib.Path(__file__).parent.name, sys.argv[1]
if COMMAND == "migrate":
    url = os.environ["LANYARD_MIGRATIONS_DATABASE_URL"].replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS runs (at timestamptz DEFAULT now())")
        connection.execute("INSERT INTO runs DEFAULT VALUES")
elif COMMAND == "serve":
    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = {"service": NAME, "status": "ready", "outboxOldestUnsentSeconds": 1.5, "deadLetters": 2,
                    "dependencies": {"database": {"status": "ok"}, "nats": {"status": "away"}}}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())
        def log_message(self, *_):
            pass
    print(NAME, "serves", flush=True)
    http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["LANYARD_PORT"])), Answers).serve_forever()
elif sys.argv[1:] == ["run", "--list"]:
    print({"identity": "appState:set\\nadmins:add", "commerce": "orders:expire"}.get(NAME, ""))
else:
    print(NAME, *sys.argv[1:])
"""
JOURNEY = """
import os
print("1 sign in", flush=True)
if os.environ.get("BREAKS"):
    raise SystemExit("2 order: 500 instead of 201")
print("2 order at", os.environ["LANYARD_URL"], os.environ["LANYARD_MAILBOX_URL"], flush=True)
"""


class Clone:
    """A copy of the tree, at ports of its own."""

    def __init__(self, root: Path, base: int) -> None:
        self.root = root
        self.base = base
        stand_ins = root / "stand_ins"
        for name in (*SERVICES, "gateway"):
            (stand_ins / name).mkdir(parents=True)
            (stand_ins / name / "__init__.py").touch()
            (stand_ins / name / "__main__.py").write_text(STAND_IN)
            (root / "services" / name / "migrations").mkdir(parents=True)
        (root / "tests" / "e2e").mkdir(parents=True)
        (root / "tests" / "e2e" / "journey.py").write_text(JOURNEY)
        shutil.copytree(REPOSITORY / "deploy", root / "deploy")
        shutil.copytree(REPOSITORY / "libs" / "devstack" / "src", root / "libs" / "devstack" / "src")
        shutil.copytree(REPOSITORY / "libs" / "common" / "src", root / "libs" / "common" / "src")
        paths = [stand_ins, root / "libs" / "devstack" / "src", root / "libs" / "common" / "src"]
        self.environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "LANYARD_PORT_BASE": str(base),
        }

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "devstack.command", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**self.environment, **environment},
            cwd=self.root,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
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

    def open_ports(self) -> list[str]:
        return [name for name, offset in OFFSETS.items() if is_taken(self.base + offset)]


def free_base() -> int:
    """A port base all of whose ports are free; below the ports the system hands out by itself."""
    return next(
        base
        for base in range(11000 + os.getpid() % 100 * 200, 32000, 200)
        if not any(is_taken(base + offset) for offset in OFFSETS.values())
    )


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    made = Clone(tmp_path_factory.mktemp("clone"), free_base())
    yield made
    made.run("clean")


@pytest.fixture
def new_clone(tmp_path: Path) -> Iterator[Clone]:
    """A clone that nothing was started in."""
    made = Clone(tmp_path / "clone", free_base())
    yield made
    made.run("clean")


@pytest.fixture(scope="module")
def first_words(clone: Clone) -> Iterator[str]:
    """The stack of the clone, up; what it printed on the way."""
    process, said = clone.up()
    yield said
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)


def pids_serving(clone: Clone, service: str) -> list[int]:
    """The children of the running stack that serve as `service`."""
    supervisor = json.loads((clone.root / ".lanyard" / "running.json").read_text())["pid"]
    children = Path(f"/proc/{supervisor}/task").glob("*/children")
    pids = [int(pid) for file in children for pid in file.read_text().split()]
    return [pid for pid in pids if command_line(pid)[-2:] == [service, "serve"]]


def test_steps_are_numbered_with_their_seconds(first_words: str) -> None:
    steps = re.findall(r"^\[(\d+)/(\d+)\] .+  \d+\.\d s$", first_words, re.MULTILINE)
    assert steps == [(str(number), "10") for number in range(1, 11)]


def test_the_welcome_says_where_to_look(first_words: str, clone: Clone) -> None:
    assert f"http://127.0.0.1:{clone.base}/docs" in first_words
    assert f"http://127.0.0.1:{clone.base + 25}" in first_words


def test_every_port_of_the_contract_listens(first_words: str, clone: Clone) -> None:
    assert clone.open_ports() == list(OFFSETS)


def test_status_shows_state_outbox_and_dead_letters(first_words: str, clone: Clone) -> None:
    status, said = clone.run("status")
    assert status == 0
    line = next(line for line in said.splitlines() if line.startswith("commerce"))
    assert line.split() == ["commerce", str(clone.base + 3), "ready", "1.5", "s", "2", "nats", "away"]


def test_commands_find_the_service_that_knows_them(first_words: str, clone: Clone) -> None:
    assert clone.run("run", "appState:set", '{"crowdfundingActive": true}') == (
        0,
        'identity run appState:set {"crowdfundingActive": true}\n',
    )
    assert clone.run("run", "orders:expire") == (0, "commerce run orders:expire {}\n")
    status, said = clone.run("run", "no:such")
    assert status == 2
    assert "no service knows a command no:such" in said
    status, said = clone.run("run", "admins:add", "{email}")
    assert status == 2
    assert "not a JSON object" in said


def test_the_other_ports_of_this_shell_do_not_matter_to_a_running_stack(first_words: str, clone: Clone) -> None:
    status, said = clone.run("status", LANYARD_PORT_BASE="9000")
    assert status == 0
    assert str(clone.base + 3) in said


def test_dead_letters_and_republish_reach_the_service(first_words: str, clone: Clone) -> None:
    assert clone.run("dead-letters", "replay", "wallet", "7") == (0, "wallet dead-letters replay 7\n")
    assert clone.run("republish", "events") == (0, "events republish\n")
    status, said = clone.run("dead-letters", "show", "wallet")
    assert (status, "needs a service and an id" in said) == (2, True)


def test_a_second_up_is_turned_away(first_words: str, clone: Clone) -> None:
    status, said = clone.run("up")
    assert status == 1
    assert re.search(rf"Lanyard is already up as process \d+: http://127\.0\.0\.1:{clone.base}", said)
    assert len(clone.open_ports()) == len(OFFSETS)


def test_clean_takes_nothing_from_under_a_running_stack(first_words: str, clone: Clone) -> None:
    status, said = clone.run("clean")
    assert status == 1
    assert "end it first" in said
    assert (clone.root / ".lanyard" / "secrets.json").exists()


def test_the_demo_uses_the_stack_that_is_up(first_words: str, clone: Clone) -> None:
    status, said = clone.run("demo")
    assert status == 0
    assert f"2 order at http://127.0.0.1:{clone.base} http://127.0.0.1:{clone.base + 25}" in said
    assert len(clone.open_ports()) == len(OFFSETS)


def test_a_step_of_the_journey_that_fails_is_named(first_words: str, clone: Clone) -> None:
    status, said = clone.run("demo", BREAKS="yes")
    assert status == 1
    assert "the journey failed (status 1)" in said
    assert "2 order: 500 instead of 201" in said


@pytest.mark.skipif(sys.platform != "linux", reason="finds the child in /proc")
def test_a_crashed_service_comes_back(first_words: str, clone: Clone, eventually: Eventually) -> None:
    (crashed,) = pids_serving(clone, "dp")
    os.kill(crashed, signal.SIGKILL)
    eventually(lambda: pids_serving(clone, "dp") not in ([], [crashed]))
    eventually(lambda: ask(f"http://127.0.0.1:{clone.base + OFFSETS['dp']}/readyz").ready)


def migration_runs(clone: Clone) -> dict[str, int]:
    """How often each service migrated its database, as the stand-in counts it there."""
    secrets = json.loads((clone.root / ".lanyard" / "secrets.json").read_text())
    counts = {}
    for service in SERVICES:
        login = f"{service}:{secrets[f'postgres {service}']}"
        with psycopg.connect(f"postgresql://{login}@127.0.0.1:{clone.base + 32}/{service}") as connection:
            row = connection.execute("SELECT count(*) FROM runs").fetchone()
            assert row is not None
            counts[service] = row[0]
    return counts


def test_an_orderly_stop_keeps_data_and_secrets_and_the_next_start_migrates_only_what_changed(new_clone: Clone) -> None:
    clone = new_clone
    secrets = clone.root / ".lanyard" / "secrets.json"
    process, _ = clone.up()
    before = secrets.read_text()
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert clone.open_ports() == []
    order = [line.split()[0] for line in rest.splitlines() if "stopped after" in line]
    assert order[0] == "gateway"
    assert sorted(order[1:7]) == sorted(SERVICES)
    assert order[7:] == ["mailbox", "nats", "postgres"]

    (clone.root / "services" / "wallet" / "migrations" / "0002_more.py").write_text("")
    process, _ = clone.up()
    assert secrets.read_text() == before
    assert migration_runs(clone) == {**dict.fromkeys(SERVICES, 1), "wallet": 2}
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0

    assert clone.run("clean")[0] == 0
    assert not (clone.root / ".lanyard").exists()
    assert not root_home_of(clone.root / ".lanyard" / "postgres").exists()


def test_a_taken_port_is_named_before_anything_starts(new_clone: Clone) -> None:
    clone = new_clone
    with socket.create_server(("127.0.0.1", clone.base + OFFSETS["commerce"])):
        status, said = clone.run("up")
    assert status == 1
    assert f"commerce cannot listen on 127.0.0.1:{clone.base + 3}: the port is taken by" in said
    assert f"(pid {os.getpid()})" in said
    assert "LANYARD_PORT_BASE" in said
    assert not (clone.root / ".lanyard" / "postgres").exists()


def test_a_service_that_cannot_start_is_named_and_everything_else_stopped(new_clone: Clone) -> None:
    clone = new_clone
    (clone.root / "stand_ins" / "wallet" / "__main__.py").write_text("raise SystemExit('No module named pkpass')")
    status, said = clone.run("up")
    assert status == 1
    assert "wallet ended with status 1" in said
    assert "No module named pkpass" in said
    assert "→ the environment is older than the code: make install" in said
    assert clone.open_ports() == []


@pytest.mark.parametrize("word", ["80", "eight thousand", "65500", ""])
def test_a_port_base_that_is_none_is_refused_by_name(clone: Clone, word: str) -> None:
    status, said = clone.run("doctor", LANYARD_PORT_BASE=word)
    assert status == 1
    assert "LANYARD_PORT_BASE" in said


def test_mail_sent_to_the_running_stack_is_caught(first_words: str, clone: Clone) -> None:
    import smtplib

    with smtplib.SMTP("127.0.0.1", clone.base + 26, timeout=5) as connection:
        connection.sendmail("a@x.example", ["ada@example.org"], b"Subject: hello\r\n\r\nthere\r\n")
    with urllib.request.urlopen(f"http://127.0.0.1:{clone.base + 25}/api/v1/messages", timeout=5) as answer:
        assert json.load(answer)["messages"][0]["Subject"] == "hello"
