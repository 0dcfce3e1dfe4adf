"""The embedded nats-server: ready means healthy, restarts keep address and streams, a taken port is named."""

import json
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devstack.servers import EmbeddedNats, PortTaken, ServerDied


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[EmbeddedNats]:
    server = EmbeddedNats(tmp_path, config=None, environment={})
    server.start()
    yield server
    server.kill()


def monitor(server: EmbeddedNats, page: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.monitor_port}/{page}", timeout=5) as answer:
        return dict(json.load(answer))


def greeting(server: EmbeddedNats) -> str:
    with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
        return connection.recv(4096).decode()


def test_it_offers_jetstream_on_the_loopback_address(nats: EmbeddedNats) -> None:
    info = json.loads(greeting(nats).removeprefix("INFO "))
    assert (info["host"], info["jetstream"]) == ("127.0.0.1", True)
    assert nats.url == f"nats://127.0.0.1:{nats.port}"
    assert monitor(nats, "healthz") == {"status": "ok"}


def test_a_restart_keeps_ports_and_storage(nats: EmbeddedNats) -> None:
    before = (nats.port, nats.monitor_port, monitor(nats, "jsz")["config"]["store_dir"])
    first = monitor(nats, "varz")["server_id"]
    nats.restart()
    assert (nats.port, nats.monitor_port, monitor(nats, "jsz")["config"]["store_dir"]) == before
    assert monitor(nats, "varz")["server_id"] != first


def test_it_starts_again_after_a_kill(nats: EmbeddedNats) -> None:
    nats.kill()
    assert not nats.running
    nats.start()
    assert "INFO" in greeting(nats)


def test_the_configuration_reads_passwords_from_the_environment(tmp_path: Path) -> None:
    config = tmp_path / "nats.conf"
    config.write_text("jetstream: enabled\nauthorization { users: [{user: wallet, password: $WALLET_PASSWORD}] }\n")
    server = EmbeddedNats(tmp_path, config=config, environment={"WALLET_PASSWORD": "secret"})
    server.start()
    try:
        assert '"auth_required":true' in greeting(server)
        with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
            connection.recv(4096)
            connection.sendall(b'CONNECT {"user":"wallet","pass":"secret","verbose":false}\r\nPING\r\n')
            assert connection.recv(64) == b"PONG\r\n"
    finally:
        server.kill()


def test_a_configuration_it_cannot_read_is_quoted(tmp_path: Path) -> None:
    config = tmp_path / "nats.conf"
    config.write_text("authorization { users: [{user: wallet, password: $NOT_THERE}] }\n")
    server = EmbeddedNats(tmp_path, config=config, environment={})
    with pytest.raises(ServerDied, match="NOT_THERE"):
        server.start()
    assert not server.running


def test_a_taken_port_is_named_with_the_setting_that_moves_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port: int = other.getsockname()[1]
        server = EmbeddedNats(tmp_path, config=None, environment={}, port=port)
        with pytest.raises(PortTaken) as refusal:
            server.start()
    assert refusal.value.port == port
    assert "LANYARD_PORT_BASE" in refusal.value.mend
    assert server.process is None
