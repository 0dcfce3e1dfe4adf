"""So many requests in so many seconds, told in the fields of the draft."""

from typing import Any

import http_sf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.limits import (
    CLASSES,
    LOOPBACK,
    NETWORK,
    PUBLIC_READ,
    READ,
    TICKETS,
    WRITE,
    Limits,
    RateClass,
    Refused,
    Verdict,
)
from gateway.refusing import problem_of


def told(verdict: Verdict | None) -> dict[str, dict[str, dict[str, Any]]]:
    """Both fields as an independent parser of structured fields (RFC 9651) reads them: field → policy → parameters."""
    assert verdict is not None
    parsed: Any = [(name.decode(), http_sf.parse(value, tltype="list")) for name, value in verdict.headers]
    return {name: dict(items) for name, items in parsed}


def refused(verdict: Verdict | None) -> Refused:
    assert isinstance(verdict, Refused)
    return verdict


def test_request_101_of_100_is_refused_until_the_window_ends() -> None:
    """Scenario 7."""
    limits = Limits({"read": (100, 60)})
    for number in range(100):
        verdict = limits.check((READ,), "usr_a", "net", now=10.0)
        assert verdict is not None and verdict.passes
        assert verdict.headers == (
            (b"ratelimit-policy", b'"read";q=100;w=60'),
            (b"ratelimit", b'"read";r=%d;t=60' % (99 - number)),
        )
    verdict = refused(limits.check((READ,), "usr_a", "net", now=30.0))
    assert (verdict.violated, verdict.retry_after) == (["read"], 40)
    assert verdict.headers[1] == (b"ratelimit", b'"read";r=0;t=40')
    again = limits.check((READ,), "usr_a", "net", now=70.0)
    assert again is not None and again.passes


@pytest.mark.parametrize(("now", "seconds"), [(69.0, 1), (69.999, 1), (68.999, 2), (10.001, 60)])
def test_whoever_waits_as_long_as_told_finds_a_new_window(now: float, seconds: int) -> None:
    limits = Limits({"read": (1, 60)})
    limits.check((READ,), "usr_a", "net", now=10.0)
    verdict = refused(limits.check((READ,), "usr_a", "net", now=now))
    assert verdict.retry_after == seconds
    later = limits.check((READ,), "usr_a", "net", now=now + seconds)
    assert later is not None and later.passes


def test_each_principal_and_each_class_has_its_own_window() -> None:
    limits = Limits({"read": (1, 60), "public-read": (1, 60)})
    asked = (((READ,), "a"), ((READ,), "b"), ((PUBLIC_READ,), None))
    verdicts = [limits.check(classes, principal, "n", now=0.0) for classes, principal in asked]
    assert [verdict and verdict.passes for verdict in verdicts] == [True, True, True]


def test_what_is_counted_per_network_ignores_who_asks() -> None:
    limits = Limits({"public-read": (1, 60)})
    assert limits.check((PUBLIC_READ,), "a", "n", now=0.0)
    assert refused(limits.check((PUBLIC_READ,), "b", "n", now=0.0)).violated == ["public-read"]


def test_every_policy_is_told_and_the_tightest_refuses() -> None:
    limits = Limits({"write": (5, 60), "tickets": (2, 600), "network": (100, 60)})
    policies = (WRITE, TICKETS, NETWORK)
    for _ in range(2):
        passed = limits.check(policies, "usr_a", "n", now=0.0)
    assert told(passed) == {
        "ratelimit-policy": {
            "write": {"q": 5, "w": 60},
            "tickets": {"q": 2, "w": 600},
            "network": {"q": 100, "w": 60},
        },
        "ratelimit": {"write": {"r": 3, "t": 60}, "tickets": {"r": 0, "t": 600}, "network": {"r": 98, "t": 60}},
    }
    verdict = refused(limits.check(policies, "usr_a", "n", now=10.0))
    assert (verdict.violated, verdict.retry_after) == (["tickets"], 590)
    assert told(verdict)["ratelimit"] == {
        "write": {"r": 3, "t": 50},
        "tickets": {"r": 0, "t": 590},
        "network": {"r": 98, "t": 50},
    }


def test_a_refused_request_leaves_the_other_quotas_as_they_were() -> None:
    limits = Limits({"read": (1, 60), "network": (3, 60)})
    asked = [limits.check((READ, NETWORK), "usr_a", "n", now=0.0) for _ in range(10)]
    assert [verdict and verdict.passes for verdict in asked] == [True] + [False] * 9
    assert told(asked[-1])["ratelimit"]["network"] == {"r": 2, "t": 60}
    for other in ("usr_b", "usr_c"):
        verdict = limits.check((READ, NETWORK), other, "n", now=0.0)
        assert verdict is not None and verdict.passes


def test_a_refused_request_opens_no_window_either() -> None:
    limits = Limits({"read": (0, 60)})
    refused(limits.check((NETWORK, READ), "usr_a", "n", now=0.0))
    assert len(limits) == 0


def test_all_policies_that_refuse_are_named_and_the_longest_wait_counts() -> None:
    limits = Limits({"read": (1, 60), "tickets": (1, 600)})
    limits.check((READ,), "a", "n", now=0.0)
    limits.check((TICKETS,), "a", "n", now=10.0)
    verdict = refused(limits.check((READ, TICKETS), "a", "n", now=20.0))
    assert (verdict.violated, verdict.retry_after) == (["read", "tickets"], 590)


def test_many_accounts_of_one_network_are_bounded_together() -> None:
    limits = Limits({"network": (10, 60)})
    verdicts = [limits.check((READ, NETWORK), f"usr_{number}", "n", now=0.0) for number in range(20)]
    assert sum(verdict is not None and verdict.passes for verdict in verdicts) == 10
    elsewhere = limits.check((READ, NETWORK), "usr_0", "elsewhere", now=0.0)
    assert elsewhere is not None and elsewhere.passes


def test_a_network_is_closed_only_once_its_ceiling_is_used_up() -> None:
    limits = Limits({"network": (1, 60)})
    assert limits.closed("n", now=0.0) is None
    limits.check((NETWORK,), None, "n", now=0.0)
    assert refused(limits.closed("n", now=20.0)).retry_after == 40
    assert limits.closed("other", now=20.0) is None
    assert limits.closed("n", now=60.0) is None


def test_loopback_is_exempt_from_network_limits_only_where_the_setting_says_so() -> None:
    exempt = Limits({"public-read": (0, 60), "read": (0, 60)}, exempt_loopback=True)
    assert exempt.check((PUBLIC_READ, NETWORK), None, LOOPBACK, now=0.0) is None
    assert refused(exempt.check((READ, NETWORK), "usr_a", LOOPBACK, now=0.0)).violated == ["read"]
    assert refused(exempt.check((PUBLIC_READ,), None, "192.0.2.1", now=0.0)).violated == ["public-read"]
    assert refused(Limits({"public-read": (0, 60)}).check((PUBLIC_READ,), None, LOOPBACK, now=0.0))


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        ({"raed": (1, 1)}, "no such rate class: raed"),
        ({"read": (1, 0)}, "no rate: read, 1 requests in 0 s"),
        ({"read": (-1, 60)}, "no rate: read, -1 requests in 60 s"),
    ],
)
def test_numbers_that_are_no_rate_are_a_mistake(overrides: dict[str, tuple[int, int]], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Limits(overrides)


@pytest.mark.parametrize(
    ("rate", "code", "problem_type"),
    [
        (READ, "gateway.quota_exceeded", "quota-exceeded"),
        (TICKETS, "gateway.abnormal_usage", "abnormal-usage-detected"),
    ],
    ids=["a quota", "a velocity class"],
)
def test_a_refusal_is_a_problem_of_the_draft(rate: RateClass, code: str, problem_type: str) -> None:
    """The draft's sections 5.1 and 5.3: type, and the member `violated-policies`."""
    refusal = refused(Limits({rate.name: (0, 60)}).check((rate,), "a", "n", now=0.0)).refusal()
    headers, body = problem_of(refusal, "trace")
    assert (refusal.status, refusal.code) == (429, code)
    assert (b"retry-after", b"60") in headers
    assert f'"type":"https://iana.org/assignments/http-problem-types#{problem_type}"'.encode() in body
    assert f'"violated-policies":["{rate.name}"]'.encode() in body


def test_the_fields_of_every_class_parse_as_structured_fields() -> None:
    fields = told(Limits().check(CLASSES, "usr_a", "n", now=0.0))
    assert list(fields["ratelimit-policy"]) == list(fields["ratelimit"]) == [each.name for each in CLASSES]


MOMENTS = st.lists(
    st.tuples(
        st.sampled_from([(READ, NETWORK), (WRITE, NETWORK), (NETWORK,)]), st.sampled_from("abc"), st.floats(0, 30)
    ),
    max_size=60,
)


@given(MOMENTS)
def test_no_window_lets_more_pass_than_its_quota(moments: list[tuple[tuple[RateClass, ...], str, float]]) -> None:
    quotas = {"read": 3, "write": 2, "network": 5}
    limits = Limits({name: (quota, 10) for name, quota in quotas.items()})
    windows: dict[tuple[str, str], list[float]] = {}
    now = 0.0
    for classes, who, pause in moments:
        now += pause
        keys = [(each.name, "n" if each.per_network else who) for each in classes]
        live = [[at for at in windows.get(key, []) if windows[key][0] + 10 > now] for key in keys]
        verdict = limits.check(classes, who, "n", now)
        assert verdict is not None
        assert verdict.passes == all(len(at) < quotas[key[0]] for key, at in zip(keys, live, strict=True))
        assert isinstance(verdict, Refused) or told(verdict)["ratelimit"]["network"]["r"] == 4 - len(live[-1])
        for key, at in zip(keys, live, strict=True):
            windows[key] = [*at, now] if verdict.passes else at
