"""Whose request it is as far as addresses tell."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.limits import LOOPBACK, TrustedProxies, client_address, network_of

OURS = TrustedProxies(("10.0.0.0/8", "2001:db8:aaaa::/48"))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("127.0.0.1", LOOPBACK),
        ("127.9.9.9", LOOPBACK),
        ("::1", LOOPBACK),
        ("::ffff:127.0.0.1", LOOPBACK),
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("64:ff9b::192.0.2.7", "192.0.2.7"),
        ("64:ff9b::c000:207", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("2001:DB8:1:2::", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("::5", "::"),
        ("nonsense", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_network_is_an_address_or_the_first_half_of_one(address: str, network: str) -> None:
    """G19."""
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.7", None, "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.9", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6,198.51.100.1,::ffff:10.0.0.9", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "2001:db8:1::7, 2001:db8:aaaa::1", "2001:db8:1::7"),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_proxy_of_ours(
    peer: str, forwarded: str | None, client: str
) -> None:
    """G19."""
    assert client_address(peer, forwarded, OURS) == client


@pytest.mark.parametrize(
    ("entry", "client"),
    [
        ("198.51.100.1:8080", "198.51.100.1"),
        ("[2001:db8:1::7]", "2001:db8:1::7"),
        ("[2001:db8:1::7]:443", "2001:db8:1::7"),
        ("2001:DB8:1:0::7", "2001:db8:1::7"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("[::ffff:198.51.100.1]:443", "198.51.100.1"),
        ("\t198.51.100.1 ", "198.51.100.1"),
    ],
)
def test_ports_and_brackets_as_proxies_write_them_are_understood(entry: str, client: str) -> None:
    assert client_address("10.0.0.1", f"6.6.6.6, {entry}", OURS) == client


@pytest.mark.parametrize(
    "garbage",
    [
        *("", " ", "unknown", "_hidden", "nonsense", "localhost"),
        *("198.51.100", "198.51.100.256", "0198.51.100.1", "198.51.100.1/32", "0x7f.1", "3232235521", "198.51.100.1:"),
        *("198.51.100.1:port", "198.51.100.1:123456", "198.51.100.1:80:80", "[198.51.100.1]", "[198.51.100.1]:80"),
        *("[2001:db8::1", "2001:db8::1]", "[2001:db8::1]443", "[2001:db8::1]:", "[[2001:db8::1]]", "[fe80::1%eth0]"),
        *("fe80::1%eth0", "2001:db8:::1", "for=198.51.100.1", '"[2001:db8::1]"', "198.51.100.1;by=x", "\xb9.1.1.1"),
        *("198.51.100.1\x00", "198.51.100.1\r", "198.51.100.1 6.6.6.6"),
    ],
)
def test_garbage_ends_the_walk_at_the_nearest_address_known(garbage: str) -> None:
    """G19: what cannot be read hides nobody: the request counts for the hop that wrote it down."""
    assert client_address("10.0.0.1", f"6.6.6.6, {garbage}, 10.0.0.2", OURS) == "10.0.0.2"
    assert client_address("10.0.0.1", f"6.6.6.6, {garbage}", OURS) == "10.0.0.1"


WRITTEN_BY_ANYONE = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=60)
ADDRESSES = st.ip_addresses()
STRANGERS = ADDRESSES.filter(lambda address: not OURS.holds(str(address)))
PROXIES = st.one_of(
    st.integers(0, 2**24 - 1).map(lambda number: str(IPv4Address((10 << 24) + number))),
    st.integers(0, 2**80 - 1).map(lambda number: str(IPv6Address(int(IPv6Address("2001:db8:aaaa::")) + number))),
)


def usual(address: IPv4Address | IPv6Address) -> str:
    """IPv4 inside IPv6 is IPv4."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    inside = address in ip_network("64:ff9b::/96") if isinstance(address, IPv6Address) else False
    return str(IPv4Address(int(address) & 0xFFFFFFFF) if inside else mapped or address)


@given(WRITTEN_BY_ANYONE, STRANGERS, st.lists(PROXIES, max_size=4), PROXIES)
def test_nothing_a_client_writes_changes_who_it_is(
    written: str, client: IPv4Address | IPv6Address, hops: list[str], peer: str
) -> None:
    """G19."""
    forwarded = ", ".join([written, str(client), *hops])
    assert client_address(peer, forwarded, OURS) == usual(client)


@given(WRITTEN_BY_ANYONE, STRANGERS)
def test_a_stranger_is_believed_nothing(written: str, peer: IPv4Address | IPv6Address) -> None:
    """G19."""
    assert client_address(str(peer), written, OURS) == str(peer)


@given(WRITTEN_BY_ANYONE, PROXIES)
def test_whatever_is_written_the_answer_is_an_address(written: str, peer: str) -> None:
    assert ip_address(client_address(peer, written, OURS))


@given(ADDRESSES, st.integers(0, 2**64 - 1))
def test_no_choice_within_a_home_network_makes_another_network(
    address: IPv4Address | IPv6Address, interface: int
) -> None:
    network = network_of(str(address))
    if isinstance(address, IPv6Address) and usual(address) == str(address) and not address.is_loopback:
        neighbour = IPv6Address((int(address) >> 64 << 64) + interface)
        if usual(neighbour) == str(neighbour) and not neighbour.is_loopback:
            assert network_of(str(neighbour)) == network
    assert network == LOOPBACK or ip_address(network)
