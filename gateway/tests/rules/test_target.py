"""A path means one thing, or it is refused."""

import pytest

from gateway.errors import HostRefused, MalformedRequest, TargetRefused
from gateway.target import decoded_path, fault_of
from gateway.testing.wire import inbound_of

HOST = [(b"host", b"api.example.org")]


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/v1/events", "/v1/events"),
        (b"/v1/events/lagos-nights.2", "/v1/events/lagos-nights.2"),
        (b"/v1/events/", "/v1/events/"),
        (b"/v1/%65vents", "/v1/events"),
        (b"/v1/events/caf%C3%A9", "/v1/events/café"),
        (b"/.well-known/x", "/.well-known/x"),
        (b"/a/%2e%2e%2e", "/a/..."),
        (b"/a/%252f", "/a/%2f"),
    ],
)
def test_a_path_is_read_once_as_the_services_read_it(raw: bytes, path: str) -> None:
    assert decoded_path(raw) == path


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"/a%2fb", "an encoded slash"),
        (b"/a%2Fb", "an encoded slash"),
        (b"/a%5cb", "a backslash"),
        (b"/a\\b", "a backslash"),
        (b"/a%00", "a control character"),
        (b"/a%0d%0aX", "a control character"),
        (b"/a%7f", "a control character"),
        (b"/a/../b", "a dot segment"),
        (b"/a/./b", "a dot segment"),
        (b"/a/..", "a dot segment"),
        (b"/a/%2e%2e/b", "a dot segment"),
        (b"/a/.%2e", "a dot segment"),
        (b"/a%zz", "a broken percent escape"),
        (b"/a%", "a broken percent escape"),
        (b"/a%ff", "an escape that is not UTF-8"),
        (b"/a%c0%af", "an escape that is not UTF-8"),
        (b"/a<b", "a character that a path cannot hold"),
        (b"a", "a character that a path cannot hold"),
    ],
)
def test_a_path_that_two_readers_could_read_differently_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(TargetRefused) as refused:
        decoded_path(raw)
    assert refused.value.details == {"reason": reason}


def test_a_well_formed_request_has_no_fault() -> None:
    assert fault_of(b"/v1/events?limit=2", inbound_of([*HOST, (b"transfer-encoding", b"chunked")]), "1.1") is None


@pytest.mark.parametrize(
    ("target", "headers", "version", "kind"),
    [
        (b"http://evil/v1/events", HOST, "1.1", TargetRefused),
        (b"*", HOST, "1.1", TargetRefused),
        (b"/a#b", HOST, "1.1", TargetRefused),
        (b"/" + b"a" * 9000, HOST, "1.1", TargetRefused),
        (b"/", [], "1.1", HostRefused),
        (b"/", [*HOST, *HOST], "1.1", HostRefused),
        (b"/", [(b"host", b"a b")], "1.1", HostRefused),
        (b"/", [(b"host", b"")], "1.1", HostRefused),
        (b"/", HOST, "0.9", MalformedRequest),
        (b"/", [*HOST, (b"transfer-encoding", b"gzip, chunked")], "1.1", MalformedRequest),
        (b"/", [*HOST, (b"transfer-encoding", b"chunked")], "1.0", MalformedRequest),
    ],
)
def test_what_the_parser_lets_pass_is_judged_again(
    target: bytes, headers: list[tuple[bytes, bytes]], version: str, kind: type[Exception]
) -> None:
    assert type(fault_of(target, inbound_of(headers), version)) is kind
