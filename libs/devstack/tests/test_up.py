"""`lanyard up` as people run it, on a copy of the tree whose services are small stand-ins: real PostgreSQL, NATS and mailbox."""

import json
import os
import re
import signal
import smtplib
import socket
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from devstack.servers.observed import command_line
from devstack.servers.postgres_home import root_home_of
from devstack.stack import OFFSETS, SERVICES
from devstack.supervision.readiness import ask
from devstack.testing import Clone

Eventually = Callable[[Callable[[], bool]], None]


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


def test_a_second_up_is_turned_away(first_words: str, clone: Clone) -> None:
    status, said = clone.run("up")
    assert status == 1
    assert re.search(rf"Lanyard is already up as process \d+: http://127\.0\.0\.1:{clone.base}", said)
    assert len(clone.open_ports()) == len(OFFSETS)


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
    clone.break_service("wallet", "raise SystemExit('No module named pkpass')")
    status, said = clone.run("up")
    assert status == 1
    assert "wallet ended with status 1" in said
    assert "No module named pkpass" in said
    assert "→ the environment is older than the code: make install" in said
    assert clone.open_ports() == []


def test_mail_sent_to_the_running_stack_is_caught(first_words: str, clone: Clone) -> None:
    with smtplib.SMTP("127.0.0.1", clone.base + 26, timeout=5) as connection:
        connection.sendmail("a@x.example", ["ada@example.org"], b"Subject: hello\r\n\r\nthere\r\n")
    with urllib.request.urlopen(f"http://127.0.0.1:{clone.base + 25}/api/v1/messages", timeout=5) as answer:
        assert json.load(answer)["messages"][0]["Subject"] == "hello"
