"""`./lanyard env` gives docker compose all that it demands, the same every time."""

import re
from pathlib import Path

from devstack.command.env import compose_environment
from devstack.stack import Stack

REPOSITORY = Path(__file__).parents[3]


def test_every_variable_compose_demands_is_given(tmp_path: Path) -> None:
    compose = (REPOSITORY / "docker-compose.yml").read_text()
    demanded = set(re.findall(r"\$\{([A-Z_]+):\?", compose))
    assert len(demanded) > 30
    assert demanded - set(compose_environment(Stack(tmp_path, 8000))) == set()


def test_it_is_the_same_every_time_and_needs_no_quoting_but_single_quotes(tmp_path: Path) -> None:
    stack = Stack(tmp_path, 8000)
    first = compose_environment(stack)
    assert compose_environment(stack) == first
    assert not any("'" in value or "\n" in value for value in first.values())


def test_certificates_can_be_read_by_a_container_but_not_by_other_users_here(tmp_path: Path) -> None:
    folder = Path(compose_environment(Stack(tmp_path, 8000))["LANYARD_CERTIFICATES"])
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()} == {0o644}
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert (folder / "apple" / "key.pem").exists()
    assert (folder / "google-service-account.json").exists()
