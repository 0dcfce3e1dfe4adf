"""Any of the configured secrets opens the webhook, and nothing else does."""

import pytest

from releases.domain.webhook_secret import opens, secrets_of


@pytest.mark.parametrize("given", ["one", "two"])
def test_both_secrets_of_a_rotation_open(given: str) -> None:
    assert opens(given, secrets_of(" one ,two,"))


@pytest.mark.parametrize("given", ["", "on", "one,two", "One", "one ", "\ud800"])
def test_anything_else_stays_outside(given: str) -> None:
    assert not opens(given, secrets_of("one,two"))


@pytest.mark.parametrize("setting", ["", " ", ",", " , "])
def test_without_a_secret_nobody_comes_in(setting: str) -> None:
    assert secrets_of(setting) == ()
    assert not opens("", secrets_of(setting))
