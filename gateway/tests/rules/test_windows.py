"""Memory for windows is bounded, and filling it forgets nobody's exhausted window cheaply."""

from gateway.limits import NETWORK, PUBLIC_READ, READ, Limits
from gateway.limits.windows import COMPARED


def passes(limits: Limits, principal: str | None, network: str, now: float = 0.0) -> bool:
    classes = (PUBLIC_READ,) if principal is None else (READ,)
    verdict = limits.check(classes, principal, network, now)
    return verdict is not None and verdict.passes


def test_no_more_windows_are_remembered_than_there_is_room_for() -> None:
    limits = Limits(most=100)
    for number in range(1000):
        limits.check((PUBLIC_READ, NETWORK), None, f"net-{number}", now=0.0)
        assert len(limits) <= 100


def test_windows_that_have_ended_make_room_by_themselves() -> None:
    limits = Limits(most=1_000_000)
    for number in range(1000):
        limits.check((PUBLIC_READ,), None, f"net-{number}", now=float(number))
    assert len(limits) <= 61


def test_an_exhausted_window_outlasts_a_flood_of_made_up_networks() -> None:
    limits = Limits({"public-read": (5, 60)}, most=100)
    while passes(limits, None, "mine"):
        continue
    for number in range(10_000):
        passes(limits, None, f"made-up-{number}")
        assert not passes(limits, None, "mine")


def test_a_flood_of_networks_forgets_no_window_of_a_principal() -> None:
    limits = Limits({"read": (5, 60)}, most=100)
    for _ in range(5):
        passes(limits, "usr_victim", "n")
    for number in range(10_000):
        passes(limits, None, f"made-up-{number}")
    assert not passes(limits, "usr_victim", "n")


def test_forgetting_ones_own_window_costs_more_requests_than_it_gives_back() -> None:
    """As many windows as are compared must be exhausted before one of them goes, and then it is only the oldest."""
    quota = 5
    limits = Limits({"public-read": (quota, 60)}, most=2 * COMPARED)
    sent = 0
    for name in ["mine", *(f"other-{number}" for number in range(COMPARED - 1))]:
        while passes(limits, None, name):
            sent += 1
    assert not passes(limits, None, "mine")
    for number in range(2 * COMPARED):
        sent += passes(limits, None, f"made-up-{number}")
    assert passes(limits, None, "mine")
    assert sent >= COMPARED * quota


def test_what_a_store_has_closed_ends_with_its_window() -> None:
    limits = Limits({"network": (5, 60)})
    table = limits._tables.of(NETWORK)
    table.close("n", 20.0, now=0.0)
    assert limits.closed("n", now=19.0) is not None
    assert limits.closed("n", now=20.0) is None
