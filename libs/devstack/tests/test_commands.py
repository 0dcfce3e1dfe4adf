"""The subcommands of `lanyard` beside a stack that is up, with stand-in services that repeat what they are told."""

import pytest

from devstack.stack import OFFSETS
from devstack.testing import Clone


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


@pytest.mark.parametrize("word", ["80", "eight thousand", "65500", ""])
def test_a_port_base_that_is_none_is_refused_by_name(clone: Clone, word: str) -> None:
    status, said = clone.run("doctor", LANYARD_PORT_BASE=word)
    assert status == 1
    assert "LANYARD_PORT_BASE" in said
