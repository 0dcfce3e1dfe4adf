"""The embedded PostgreSQL: comes up after every kind of end, asks everyone for a password, leaves the machine as it was."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from devstack.servers import DirectoryInUse, EmbeddedPostgres, PortTaken, SqlScriptFailed
from devstack.servers.children import Account, spawn
from devstack.servers.observed import command_line, is_orphan
from devstack.servers.ports import free_port
from devstack.servers.postgres_home import find_home

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="concerns what root does")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")

Make = Callable[[Path], EmbeddedPostgres]
Eventually = Callable[[Callable[[], bool]], None]


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes servers and destroys them after the test."""
    made: list[EmbeddedPostgres] = []

    def new(directory: Path) -> EmbeddedPostgres:
        made.append(EmbeddedPostgres(directory, durable=False))
        return made[-1]

    yield new
    for server in made:
        server.destroy()


def value(server: EmbeddedPostgres, query: str) -> object:
    with psycopg.connect(server.url()) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_it_is_postgres_18_in_utf8_with_a_locale_every_machine_has(postgres: EmbeddedPostgres) -> None:
    assert str(value(postgres, "SHOW server_version")).startswith("18.")
    assert value(postgres, "SHOW server_encoding") == "UTF8"
    assert value(postgres, "SELECT datlocale FROM pg_database WHERE datname = 'postgres'") == "C.UTF-8"
    assert value(postgres, "SELECT lower('ÀÉ')") == "àé"
    assert value(postgres, "SHOW max_connections") == "300"


def test_it_listens_on_the_loopback_address_and_nowhere_else(postgres: EmbeddedPostgres) -> None:
    assert value(postgres, "SHOW listen_addresses") == "127.0.0.1"
    assert value(postgres, "SHOW unix_socket_directories") == ""


@pytest.mark.parametrize("password", ["", "wrong"])
def test_nobody_gets_in_without_the_password(postgres: EmbeddedPostgres, password: str) -> None:
    url = postgres.url(user="postgres", password=password)
    with pytest.raises(psycopg.OperationalError, match=r"no password supplied|password authentication failed"):
        psycopg.connect(url)


def test_every_line_of_the_access_rules_asks_for_scram(postgres: EmbeddedPostgres) -> None:
    assert value(postgres, "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules") == "scram-sha-256"


def test_data_survive_a_stop_and_a_kill(tmp_path: Path, make: Make) -> None:
    server = EmbeddedPostgres(tmp_path / "durable")
    try:
        server.start()
        with psycopg.connect(server.url()) as connection:
            connection.execute("CREATE TABLE kept (word text)")
            connection.execute("INSERT INTO kept VALUES ('lanyard')")
        server.kill()
        assert not server.running
        server.start()
        assert value(server, "SELECT word FROM kept") == "lanyard"
        server.stop()
        assert not server.running
        server.start()
        assert value(server, "SELECT word FROM kept") == "lanyard"
    finally:
        server.destroy()


def test_a_pid_file_whose_number_belongs_to_another_process_now_blocks_nothing(tmp_path: Path, make: Make) -> None:
    server = make(tmp_path)
    server.start()
    server.kill()
    stale = find_home(tmp_path).data / "postmaster.pid"
    lines = stale.read_text().splitlines()
    stale.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    server.start()
    assert server.running


def test_a_server_orphaned_by_a_killed_stack_is_ended_and_replaced(tmp_path: Path, make: Make) -> None:
    server = make(tmp_path)
    server.start()
    server.stop()
    home = find_home(tmp_path)
    options = f"-c listen_addresses=127.0.0.1 -c port={free_port()} -c unix_socket_directories=''"
    start = [str(home.binaries / "pg_ctl"), "-D", str(home.data), "-o", options, "-w", "start"]
    assert spawn(start, output=subprocess.DEVNULL, account=home.account).wait(30) == 0
    orphan = int((home.data / "postmaster.pid").read_text().splitlines()[0])
    assert is_orphan(orphan)

    server.start()

    assert command_line(orphan) == []
    assert value(server, "SELECT 1") == 1


def test_a_second_server_on_the_same_data_is_refused_and_the_first_goes_on(tmp_path: Path, make: Make) -> None:
    first, second = make(tmp_path), make(tmp_path)
    first.start()
    with pytest.raises(DirectoryInUse):
        second.start()
    assert value(first, "SELECT 1") == 1


def test_a_taken_port_is_named_with_the_setting_that_moves_it(tmp_path: Path, make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port: int = other.getsockname()[1]
        server = EmbeddedPostgres(tmp_path, port=port, durable=False)
        try:
            with pytest.raises(PortTaken) as refusal:
                server.start()
        finally:
            server.destroy()
    assert refusal.value.port == port
    assert f"127.0.0.1:{port}" in str(refusal.value)
    assert f"pid {os.getpid()}" in str(refusal.value)
    assert "LANYARD_PORT_BASE" in refusal.value.mend


def test_a_script_that_fails_says_where(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    script = tmp_path / "broken.sql"
    script.write_text("SELECT 1;\nSELECT nonsense;\n")
    with pytest.raises(SqlScriptFailed, match=r"broken\.sql:2: ERROR: .*nonsense"):
        postgres.psql(script, {})


@pytest.mark.parametrize("word", ["plain", "o'clock", 'a "b"', "back\\slash", "\\n", "$x :y", "ümlaut"])
def test_psql_variables_arrive_as_they_are(postgres: EmbeddedPostgres, tmp_path: Path, word: str) -> None:
    script = tmp_path / "echo.sql"
    script.write_text("\\pset tuples_only\n\\pset format unaligned\nSELECT :'word';\n")
    assert postgres.psql(script, {"word": word}).splitlines()[-1] == word


@on_linux
def test_it_dies_with_the_process_that_started_it(tmp_path: Path, eventually: Eventually) -> None:
    program = (
        "import sys, time; from pathlib import Path; from devstack.servers import EmbeddedPostgres\n"
        "server = EmbeddedPostgres(Path(sys.argv[1]), durable=False); server.start()\n"
        "print(server.process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert command_line(pid)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    eventually(lambda: command_line(pid) == [])
    EmbeddedPostgres(tmp_path).destroy()


@as_root
def test_as_root_it_runs_as_another_user_below_a_home_nobody_else_may_enter(tmp_path: Path, make: Make) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    clone = home / "clone"
    clone.mkdir()
    before = {path: path.stat().st_mode for path in [*clone.parents, clone]}
    server = make(clone / ".lanyard" / "postgres")
    server.start()

    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    uids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
    assert "0" not in uids
    assert {path: path.stat().st_mode for path in before} == before
    password = find_home(clone / ".lanyard" / "postgres").password_file
    assert (password.stat().st_mode & 0o777, password.stat().st_uid) == (0o600, 0)


@as_root
def test_what_a_killed_test_run_left_is_removed_by_the_next_but_never_lasting_data(tmp_path: Path, make: Make) -> None:
    lost, kept = EmbeddedPostgres(tmp_path / "lost", durable=False), EmbeddedPostgres(tmp_path / "kept")
    for server in (lost, kept):
        server.start()
        server.kill()
    lost_home, kept_home = find_home(tmp_path / "lost").base, find_home(tmp_path / "kept").base
    shutil.rmtree(tmp_path / "lost")
    shutil.rmtree(tmp_path / "kept")

    make(tmp_path / "next").start()

    assert not lost_home.exists()
    assert kept_home.exists()
    kept.destroy()


@as_root
def test_a_child_of_another_account_has_none_of_roots_groups(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        spawn(["/usr/bin/id", "-G"], output=out, account=Account(65534, 65534, "nobody")).wait(10)
    assert (tmp_path / "out").read_text().split() == ["65534"]
