"""Nothing that says who is asking comes from outside, and nothing of one hop goes to the next."""

import pytest

from gateway.headers import pass_out, with_own
from gateway.testing.wire import inbound_of


def test_ordinary_fields_go_on_as_they_came() -> None:
    inbound = inbound_of(
        [(b"accept", b"*/*"), (b"if-none-match", b'"a"'), (b"cookie", b"r=1"), (b"x-cron-secret", b"s")]
    )
    assert inbound.lines() == (b'accept: */*\r\nif-none-match: "a"\r\ncookie: r=1\r\nx-cron-secret: s\r\n')


@pytest.mark.parametrize(
    "name",
    [b"authorization", b"x-user-id", b"x-user", b"x-internal-token", b"x-forwarded-for", b"x-forwarded-host", b"forwarded",
     b"x-real-ip", b"x_user_id", b"x_forwarded_for", b"user_id", b"x-request-id", b"traceparent", b"tracestate", b"baggage",
     b"x-original-url", b"x-http-method-override", b"true-client-ip", b"via", b"x-lanyard-anything"],
)  # fmt: skip
def test_fields_that_say_who_or_where_from_are_dropped(name: bytes) -> None:
    assert inbound_of([(name, b"1"), (name, b"2")]).lines() == b""


@pytest.mark.parametrize(
    "name",
    [b"connection", b"keep-alive", b"te", b"trailer", b"upgrade", b"proxy-authorization", b"proxy-connection"],
)
def test_fields_of_one_hop_are_dropped(name: bytes) -> None:
    assert inbound_of([(name, b"x")]).lines() == b""


def test_fields_that_connection_names_are_dropped_wherever_they_stand() -> None:
    headers = [(b"x-hop", b"1"), (b"connection", b"keep-alive, X-Hop"), (b"connection", b"x-other"), (b"x-other", b"2")]
    assert inbound_of([*headers, (b"accept", b"*/*")]).lines() == b"accept: */*\r\n"


def test_a_body_is_known_by_its_length_or_its_chunks() -> None:
    assert inbound_of([(b"content-length", b"3")]).has_body
    assert inbound_of([(b"transfer-encoding", b"chunked")]).has_body
    assert not inbound_of([(b"content-length", b"0")]).has_body
    assert not inbound_of([]).has_body


def test_an_answer_keeps_its_fields_and_gains_the_gateways_own() -> None:
    passed = [(b"etag", b'"1"'), (b"x-frame-options", b"SAMEORIGIN")]
    assert with_own(passed, ((b"x-frame-options", b"DENY"), (b"x", b"1"))) == (
        b'etag: "1"\r\nx-frame-options: SAMEORIGIN\r\nx: 1\r\n'
    )


def test_an_answer_loses_what_belongs_to_its_hop() -> None:
    headers = [
        (b"server", b"u"),
        (b"date", b"d"),
        (b"transfer-encoding", b"chunked"),
        (b"x-hop", b"1"),
        (b"connection", b"x-hop, close"),
    ]
    assert pass_out([*headers, (b"vary", b"accept")], 200) == ([(b"vary", b"accept")], False)


@pytest.mark.parametrize(("status", "kept"), [(200, True), (204, False), (304, False)])
def test_a_length_is_kept_only_where_a_body_may_be(status: int, kept: bool) -> None:
    passed, counted = pass_out([(b"content-length", b"5")], status)
    assert (bool(passed), counted) == (kept, kept)
