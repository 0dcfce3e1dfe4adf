"""So many requests in so many seconds, told in the fields of the draft."""

import pytest

from gateway.limits import LOOPBACK, PUBLIC_READ, READ, Limits, TrustedProxies, client_address, network_of

OURS = TrustedProxies(("10.0.0.0/8",))


def test_request_101_of_100_is_refused_until_the_window_ends() -> None:
    limits = Limits({"read": (100, 60)})
    for number in range(100):
        verdict = limits.check(READ, "usr_a", "net", now=10.0)
        assert verdict is not None and verdict.passes
        assert verdict.headers == (
            (b"ratelimit-policy", b'"read";q=100;w=60'),
            (b"ratelimit", b'"read";r=%d;t=60' % (99 - number)),
        )
    refused = limits.check(READ, "usr_a", "net", now=30.0)
    assert refused is not None and not refused.passes
    assert refused.retry_after == 40
    assert refused.headers[1] == (b"ratelimit", b'"read";r=0;t=40')
    again = limits.check(READ, "usr_a", "net", now=70.0)
    assert again is not None and again.passes


def test_each_principal_and_each_class_has_its_own_window() -> None:
    limits = Limits({"read": (1, 60), "public-read": (1, 60)})
    verdicts = [
        limits.check(asked[0], asked[1], "n", now=0.0) for asked in ((READ, "a"), (READ, "b"), (PUBLIC_READ, None))
    ]
    assert [verdict and verdict.passes for verdict in verdicts] == [True, True, True]


def test_what_is_counted_per_network_ignores_who_asks() -> None:
    limits = Limits({"public-read": (1, 60)})
    assert limits.check(PUBLIC_READ, "a", "n", now=0.0)
    refused = limits.check(PUBLIC_READ, "b", "n", now=0.0)
    assert refused is not None and not refused.passes


def test_loopback_is_exempt_from_network_limits_only_where_the_setting_says_so() -> None:
    exempt = Limits({"public-read": (0, 60), "read": (0, 60)}, exempt_loopback=True)
    assert exempt.check(PUBLIC_READ, None, LOOPBACK, now=0.0) is None
    counted = exempt.check(READ, "usr_a", LOOPBACK, now=0.0)
    assert counted is not None and not counted.passes
    strict = Limits({"public-read": (0, 60)}).check(PUBLIC_READ, None, LOOPBACK, now=0.0)
    assert strict is not None and not strict.passes


def test_a_class_nobody_knows_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no such rate class: raed"):
        Limits({"raed": (1, 1)})


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("127.0.0.1", LOOPBACK),
        ("::1", LOOPBACK),
        ("::ffff:127.0.0.1", LOOPBACK),
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("nonsense", "unknown"),
    ],
)
def test_a_network_is_an_address_or_the_first_half_of_one(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.7", None, "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.9", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, nonsense", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_proxy_of_ours(
    peer: str, forwarded: str | None, client: str
) -> None:
    assert client_address(peer, forwarded, OURS) == client
