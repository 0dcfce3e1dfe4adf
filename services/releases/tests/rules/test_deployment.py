"""A deployment's state follows from the set of its reports: by their own times, whatever the order they came in."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releases.domain.deployment import Heard, Report, State, summed_up
from releases.domain.words import STAGES

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def heard(word: str, minute: float, *, came: datetime | None = None, **said: str | bool) -> Heard:
    at = NOON + timedelta(minutes=minute)
    report = Report(provider="railway", external_id="one", word=word, reported_at=at, **said)  # type: ignore[arg-type]  # values by name
    return Heard(report, came or at)


def state(*reports: Heard) -> State:
    return summed_up(reports)


def test_the_latest_word_by_its_own_time_is_the_state() -> None:
    found = state(heard("deployed", 9), heard("building", 1), heard("deploying", 5))
    assert (found.status, found.last_word) == ("deployed", "deployed")
    assert (found.started_at, found.occurred_at) == (NOON + timedelta(minutes=1), NOON + timedelta(minutes=9))
    assert (found.deployed_at, found.failed_at) == (NOON + timedelta(minutes=9), None)


@pytest.mark.parametrize("word", ["slept", "resumed", "restarted", "removed", "removing"])
def test_what_happens_to_something_deployed_is_no_deploy(word: str) -> None:
    found = state(heard("deployed", 1), heard(word, 30))
    assert (found.status, found.last_word) == ("deployed", word)
    assert (found.occurred_at, found.deployed_at) == (NOON + timedelta(minutes=1), NOON + timedelta(minutes=1))
    alone = state(heard(word, 30))
    assert (alone.status, alone.last_word, alone.deployed_at, alone.failed_at) == ("unknown", word, None, None)


def test_an_unknown_word_is_kept_and_moves_nothing() -> None:
    found = state(heard("deployed", 1), heard("beamedup", 2))
    assert (found.status, found.last_word) == ("deployed", "beamedup")


def test_of_two_words_at_one_instant_the_one_further_on_counts() -> None:
    assert state(heard("deployed", 1), heard("deploying", 1)).status == "deployed"
    assert state(heard("crashed", 1), heard("deployed", 1)).status == "crashed"


def test_a_failure_counts_from_the_time_it_ran_or_else_of_the_attempt() -> None:
    crash_loop = state(heard("crashed", 1), heard("deployed", 5), heard("crashed", 60), heard("crashed", 90))
    assert crash_loop.failed_at == NOON + timedelta(minutes=60)
    assert state(heard("building", 1), heard("failed", 3)).failed_at == NOON + timedelta(minutes=3)


def test_a_report_dated_far_ahead_counts_from_the_moment_it_came() -> None:
    tomorrow = heard("failed", 24 * 60, came=NOON)
    assert tomorrow.occurred_at == NOON
    assert state(tomorrow, heard("deployed", 10)).status == "deployed"
    a_little_ahead = heard("building", 4, came=NOON)
    assert a_little_ahead.occurred_at == NOON + timedelta(minutes=4)


def test_a_report_without_a_time_counts_from_the_moment_it_came() -> None:
    report = Report(provider="railway", external_id="one", word="deployed")
    assert Heard(report, NOON).occurred_at == NOON


def test_what_a_later_report_leaves_out_stays_known() -> None:
    found = state(heard("building", 1, commit_hash="4bf92f3", service="events"), heard("deployed", 2, service="doors"))
    assert (found.commit_hash, found.service) == ("4bf92f3", "doors")


def test_once_ephemeral_always_ephemeral() -> None:
    assert state(heard("building", 1, ephemeral=True), heard("deployed", 2, ephemeral=False)).ephemeral is True


REPORTS = st.builds(
    heard,
    st.sampled_from([*STAGES, "beamedup", "unknown"]),
    st.integers(0, 5),
    commit_hash=st.sampled_from(["4bf92f3", "aabbccd"]),
    service=st.sampled_from(["events", "doors"]),
)


@given(st.lists(REPORTS, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_order_and_repetition_of_reports_never_matter(reports: list[Heard], chance: object) -> None:
    shuffled = [*reports, reports[0]]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands out a random.Random
    assert summed_up(shuffled) == summed_up(reports)
    assert summed_up(reports).status in {*STAGES, "unknown"}


def test_the_same_report_has_the_same_digest_and_another_one_another() -> None:
    assert heard("deployed", 1).report.digest() == heard("deployed", 1, came=NOON).report.digest()
    assert heard("deployed", 1).report.digest() != heard("deployed", 2).report.digest()
