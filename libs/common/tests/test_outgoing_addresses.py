"""Which addresses the platform refuses to call, however they are written and whenever a name turns to them."""

import ipaddress
from collections.abc import Sequence

import pytest

from common.outgoing import DestinationRefused, Outgoing, is_public
from common.outgoing.addresses import PinnedLookup


class Names:
    """A look-up whose answers a test writes, one list per question, the last one repeated."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = answers
        self.questions: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.questions.append(host)
        return self.answers[min(len(self.questions), len(self.answers)) - 1]


@pytest.mark.parametrize(
    "host",
    [
        "10.1.2.3",
        "100.64.0.1",
        "169.254.169.254",
        "172.31.255.255",
        "192.168.0.1",
        "198.19.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:8.8.8.8]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2001::1]",
        "[fe80::1]",
        "[fe80::1%25lo]",
        "[fc00::1]",
        "[ff02::1]",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "127.0.0.1.",
        "localhost",
    ],
)
async def test_every_way_to_write_an_inner_address_is_refused(host: str) -> None:
    async with Outgoing(deadline=5) as outgoing:
        with pytest.raises(DestinationRefused):
            await outgoing.request("GET", f"https://{host}/")


@pytest.mark.parametrize(
    "url", ["", "/path", "ftp://example.org/", "https://", "https://me:secret@example.org/", "https://[::1/"]
)
async def test_an_address_that_is_not_plain_https_is_refused(url: str) -> None:
    async with Outgoing(lookup=Names(["8.8.8.8"])) as outgoing:
        with pytest.raises(DestinationRefused):
            await outgoing.request("GET", url)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::1", "100.128.0.1", "172.32.0.1"]
)
def test_hosts_of_the_public_internet_are_public(address: str) -> None:
    assert is_public(address)


def test_what_python_calls_not_global_is_not_public_either() -> None:
    spans = [
        "10.0.0.0/30",
        "192.0.0.0/29",
        "198.51.100.0/30",
        "203.0.113.8/30",
        "240.0.0.0/30",
        "fd00::/126",
        "2001:db8::/126",
    ]
    addresses = [address for span in spans for address in ipaddress.ip_network(span)]
    assert [str(address) for address in addresses if is_public(str(address))] == []


async def test_a_name_with_one_inner_address_among_public_ones_is_refused() -> None:
    names = Names(["8.8.8.8", "10.0.0.1"])
    async with Outgoing(lookup=names) as outgoing:
        with pytest.raises(DestinationRefused):
            await outgoing.request("GET", "https://mixed.test/")
    assert names.questions == ["mixed.test"]


async def test_a_name_that_later_points_inside_is_refused_when_it_does() -> None:
    pinned = PinnedLookup(Names(["8.8.8.8"], ["127.0.0.1"]), guarded=True)
    assert [found["host"] for found in await pinned.resolve("shop.test", 443)] == ["8.8.8.8"]
    with pytest.raises(DestinationRefused):
        await pinned.resolve("shop.test", 443)
