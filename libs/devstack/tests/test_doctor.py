"""`lanyard doctor`: what keeps the stack from starting is found and comes with its mend; a sound machine is called sound."""

import socket

import pytest

from devstack.stack import OFFSETS
from devstack.testing import Clone


@pytest.fixture
def sound(new_clone: Clone) -> Clone:
    """A clone with an environment of its own that is newer than its lock."""
    (new_clone.root / "requirements.lock").touch()
    (new_clone.root / ".venv").mkdir()
    (new_clone.root / ".venv" / ".installed").touch()
    return new_clone


def lines_about(said: str, name: str) -> list[str]:
    return [line for line in said.splitlines() if line.startswith((f"✓ {name}", f"✗ {name}"))]


def test_a_sound_machine_is_called_sound(sound: Clone) -> None:
    said = sound.run("doctor")[1]
    for name in ("Python", "environment", "servers", "ports", "disk", "permissions", "account for postgres"):
        assert lines_about(said, name) == [f"✓ {name}"]


def test_a_taken_port_is_named_with_who_holds_it(sound: Clone) -> None:
    with socket.create_server(("127.0.0.1", sound.base + OFFSETS["mailbox"])):
        status, said = sound.run("doctor")
    assert status == 1
    (line,) = lines_about(said, "ports")
    assert f"{sound.base + 25} for mailbox is taken by" in line
    assert "→ stop it, or move all ports with LANYARD_PORT_BASE" in said


def test_secrets_that_others_can_read_are_found(sound: Clone) -> None:
    sound.state.mkdir()
    secrets = sound.state / "secrets.json"
    secrets.write_text("{}")
    secrets.chmod(0o644)
    status, said = sound.run("doctor")
    assert status == 1
    assert lines_about(said, "permissions") == [f"✗ permissions: others can read {secrets}"]
    assert f"→ chmod 600 {secrets}" in said


def test_an_environment_older_than_its_lock_is_found(sound: Clone) -> None:
    (sound.root / ".venv" / ".installed").unlink()
    status, said = sound.run("doctor")
    assert status == 1
    assert lines_about(said, "environment") == [
        "✗ environment: .venv is older than requirements.lock, or was never finished"
    ]
    assert "→ make install" in said
