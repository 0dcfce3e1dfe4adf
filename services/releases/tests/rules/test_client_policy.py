"""No policy leaves people nothing to update to, and changing one takes a fresh sign-in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from releases.domain.client_policy import ClientPolicy, as_changed, check, require_fresh_sign_in
from releases.errors import FreshSignInNeeded, LatestBlocked, MinimumAboveLatest, NotAVersion

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
POLICY = ClientPolicy("ios", minimum="2.9", minimum_build=300, latest="2.10.1", blocked=("2.9.5",))


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
