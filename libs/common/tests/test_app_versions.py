"""Versions are compared by number, and nobody is locked out by a guess."""

from dataclasses import dataclass

import pytest

from common.app_versions import standing, version_of


@dataclass(frozen=True)
class Policy:
    minimum: str | None = None
    minimum_build: int | None = None
    latest: str | None = None
    blocked: tuple[str, ...] = ()


POLICY = Policy(minimum="2.9", minimum_build=300, latest="2.10.1", blocked=("2.9.5",))


@pytest.mark.parametrize(
    ("lower", "higher"),
    [("2.9", "2.10"), ("2.9.9", "2.10"), ("9", "10"), ("1.2.3", "1.2.3.1"), ("1.99999", "2"), ("0", "0.0.1")],
)
def test_versions_are_compared_number_by_number(lower: str, higher: str) -> None:
    low, high = version_of(lower), version_of(higher)
    assert low is not None
    assert high is not None
    assert low < high
    assert not high < low


@pytest.mark.parametrize("same", ["2.10", "2.10.0", "v2.10", " 2.10.0.0 ", "2.10-beta.1", "2.10+345", "2.010"])
def test_spellings_of_one_version_are_equal(same: str) -> None:
    assert version_of(same) == version_of("2.10")


@pytest.mark.parametrize("text", ["", "latest", "2..1", "1.2.3.4.5", "-1", "2.x", "٢.١", "9" * 10, "1;drop"])
def test_what_is_no_version_is_none(text: str) -> None:
    assert version_of(text) is None


@pytest.mark.parametrize(
    ("version", "build", "told"),
    [
        ("2.10.1", None, "ok"),
        ("2.11", None, "ok"),
        ("2.10", None, "recommended"),
        ("2.9.5", None, "blocked"),
        ("2.9.5.0", "999", "blocked"),
        ("2.8.99", "999", "required"),
        ("2.9", "299", "required"),
        ("2.9", "300", "recommended"),
        ("2.9", None, "recommended"),
        ("2.9", "x", "recommended"),
        ("2.9.1", "1", "recommended"),
        (None, None, "recommended"),
        ("nightly", "7", "recommended"),
    ],
)
def test_an_app_is_told_what_its_version_is_worth(version: str | None, build: str | None, told: str) -> None:
    assert standing(POLICY, version, build) == told


def test_a_policy_that_was_never_set_asks_for_nothing() -> None:
    assert standing(Policy(), "0.1", None) == "ok"
    assert standing(Policy(), None, None) == "recommended"
