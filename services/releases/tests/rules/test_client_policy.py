"""Versions are compared by number, nobody is locked out by a guess, and no policy leaves people nothing to update to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from releases.domain.client_policy import ClientPolicy, as_changed, check, require_fresh_sign_in, standing
from releases.domain.version import version_of
from releases.errors import FreshSignInNeeded, LatestBlocked, MinimumAboveLatest, NotAVersion

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
POLICY = ClientPolicy("ios", minimum="2.9", minimum_build=300, latest="2.10.1", blocked=("2.9.5",))


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
    assert standing(ClientPolicy("web"), "0.1", None) == "ok"
    assert standing(ClientPolicy("web"), None, None) == "recommended"


def test_a_policy_that_locks_everyone_out_is_refused() -> None:
    with pytest.raises(MinimumAboveLatest):
        check(replace(POLICY, minimum="2.10.2"))
    with pytest.raises(MinimumAboveLatest):
        check(replace(POLICY, latest=None))
    with pytest.raises(LatestBlocked):
        check(replace(POLICY, blocked=("2.10.1.0",)))
    assert check(replace(POLICY, minimum="2.10.1")).minimum == "2.10.1"


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [("minimum", "new", "/minimum"), ("latest", "1..2", "/latest"), ("blocked", ("2.1", "x"), "/blocked/1")],
)
def test_a_policy_holds_versions_only(field: str, value: object, pointer: str) -> None:
    changes = {field: value}
    with pytest.raises(NotAVersion) as refused:
        check(replace(POLICY, **changes))  # type: ignore[arg-type]  # one field by name
    assert refused.value.pointer == pointer


def test_a_change_counts_the_policy_up() -> None:
    assert as_changed(POLICY, NOON) == replace(POLICY, version=1, changed_at=NOON)


@pytest.mark.parametrize("signed_in_at", [None, NOON - timedelta(minutes=15, seconds=1)])
def test_an_old_sign_in_is_not_enough_to_change_a_policy(signed_in_at: datetime | None) -> None:
    require_fresh_sign_in(NOON - timedelta(minutes=15), NOON)
    with pytest.raises(FreshSignInNeeded):
        require_fresh_sign_in(signed_in_at, NOON)
