"""Secrets are drawn once, never twice alike, and readable by their owner alone."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from common.tokens import InvalidToken, VerifyingKeys
from devstack.secrets import Secrets


def test_a_secret_stays_the_same_from_start_to_start(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first, second = Secrets(path).word("cron"), Secrets(path).word("cron")
    assert first == second
    assert len(first) == 33


def test_every_name_opens_something_else(tmp_path: Path) -> None:
    kept = Secrets(tmp_path / "secrets.json")
    assert len({kept.word(f"name-{number}") for number in range(50)}) == 50


def test_every_word_begins_with_a_letter_as_nats_demands_of_environment_references(tmp_path: Path) -> None:
    kept = Secrets(tmp_path / "secrets.json")
    assert {kept.word(f"name-{number}")[0] for number in range(50)} == {"L"}


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secrets.json"
    kept = Secrets(path)
    kept.word("one")
    assert path.stat().st_mode & 0o777 == 0o600
    kept.word("two")
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(json.loads(path.read_text())) == ["one", "two"]
    assert [file.name for file in path.parent.iterdir()] == ["secrets.json"]


def test_a_key_signs_what_its_public_half_verifies_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    now = datetime.now(UTC)
    claims = {"iss": "a", "aud": "b", "iat": int(now.timestamp()), "exp": int((now + timedelta(minutes=1)).timestamp())}
    token = Secrets(path).key("access").sign(claims)
    again = Secrets(path)
    assert VerifyingKeys(again.key("access").public_jwks()).verify(token, issuer="a", audience="b", now=now) == claims
    with pytest.raises(InvalidToken):
        VerifyingKeys(again.key("other").public_jwks()).verify(token, issuer="a", audience="b", now=now)
