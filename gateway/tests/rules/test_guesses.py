"""How wrong tokens are counted."""

import pytest

from gateway.auth import guesses
from gateway.auth.guesses import ALLOWED, WINDOW_SECONDS, Guesses
from gateway.errors import QuotaExceeded


class Monotonic:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time_passes() -> Monotonic:
    return Monotonic()


def test_a_network_may_show_so_many_wrong_tokens_and_not_one_more(time_passes: Monotonic) -> None:
    counted = Guesses(time_passes)
    for _ in range(ALLOWED):
        counted.count("192.0.2.1")
    time_passes.now += 20.5
    with pytest.raises(QuotaExceeded) as refused:
        counted.count("192.0.2.1")
    assert (refused.value.retry_after, refused.value.details["violated_policies"]) == (40, ["wrong-token"])
    assert refused.value.fields == (
        (b"ratelimit-policy", b'"wrong-token";q=30;w=60'),
        (b"ratelimit", b'"wrong-token";r=0;t=40'),
    )
    counted.count("192.0.2.2")


def test_when_the_window_has_passed_it_may_again(time_passes: Monotonic) -> None:
    counted = Guesses(time_passes)
    for _ in range(ALLOWED):
        counted.count("192.0.2.1")
    time_passes.now += WINDOW_SECONDS
    for _ in range(ALLOWED):
        counted.count("192.0.2.1")
    with pytest.raises(QuotaExceeded):
        counted.count("192.0.2.1")


def test_a_right_token_is_given_back(time_passes: Monotonic) -> None:
    counted = Guesses(time_passes)
    for _ in range(10 * ALLOWED):
        counted.count("192.0.2.1")
        counted.forgive("192.0.2.1")
    for _ in range(ALLOWED):
        counted.count("192.0.2.1")
    with pytest.raises(QuotaExceeded):
        counted.count("192.0.2.1")


def test_what_is_given_back_twice_allows_nothing_more(time_passes: Monotonic) -> None:
    counted = Guesses(time_passes)
    counted.forgive("192.0.2.1")
    counted.count("192.0.2.1")
    for _ in range(5):
        counted.forgive("192.0.2.1")
    for _ in range(ALLOWED):
        counted.count("192.0.2.1")
    with pytest.raises(QuotaExceeded):
        counted.count("192.0.2.1")


def test_this_machine_is_left_out_where_a_devstack_asks_for_it(time_passes: Monotonic) -> None:
    exempt, strict = Guesses(time_passes, exempt_loopback=True), Guesses(time_passes)
    for _ in range(ALLOWED):
        exempt.count("loopback")
        strict.count("loopback")
    exempt.count("loopback")
    with pytest.raises(QuotaExceeded):
        strict.count("loopback")


def test_networks_without_number_cost_no_memory_without_bound(time_passes: Monotonic) -> None:
    counted = Guesses(time_passes)
    for number in range(guesses.MAX_NETWORKS + 500):
        counted.count(f"network {number}")
    assert len(counted._windows) <= guesses.MAX_NETWORKS
