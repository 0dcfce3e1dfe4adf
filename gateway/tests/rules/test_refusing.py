"""The gateway's problems have the shape of everyone's problems."""

import json
from typing import Any

import http_sf
import pytest

from common.problems import problem
from common.refusals import Refusal, every_refusal
from gateway import errors
from gateway.refusing import problem_of


def test_a_problem_is_the_one_of_the_house() -> None:
    refusal = errors.CapabilityMissing(capability="events:event:write")
    _, body = problem_of(refusal, None)
    assert json.loads(body) == problem(refusal)


def test_a_problem_names_its_trace() -> None:
    _, body = problem_of(errors.NoSuchRoute(), "4bf92f3577b34da6a3ce929d0e0e4736")
    assert json.loads(body)["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_401_says_how_to_sign_in_and_a_405_what_there_is() -> None:
    assert (b"www-authenticate", b'Bearer realm="lanyard"') in problem_of(errors.NotSignedIn(), None)[0]
    refused = problem_of(errors.TokenRefused(), None)[0]
    assert (b"www-authenticate", b'Bearer realm="lanyard", error="invalid_token"') in refused
    headers, _ = problem_of(errors.MethodNotAllowed(method="PUT", allow="GET, HEAD"), None)
    assert (b"allow", b"GET, HEAD") in headers


def test_every_503_says_when_to_try_again() -> None:
    assert (b"retry-after", b"1") in problem_of(errors.IdentityAway(), None)[0]


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (errors.ServiceAway(service="events", retry_after=1), "destination_unavailable"),
        (errors.DeadlinePassed(service="events"), "http_response_timeout"),
        (errors.AnswerUnusable(service="events"), "http_protocol_error"),
        (errors.IdentityAway(), "proxy_internal_error"),
    ],
)
def test_what_went_wrong_behind_the_gateway_is_told_to_programs(refusal: Refusal, error: str) -> None:
    """RFC 9209: so that nobody takes it for an answer of the service's own."""
    (told,) = [value for name, value in problem_of(refusal, None)[0] if name == b"proxy-status"]
    items: Any = http_sf.parse(told, tltype="list")
    ((proxy, parameters),) = items
    assert (str(proxy), {name: str(value) for name, value in parameters.items()}) == ("lanyard", {"error": error})


@pytest.mark.parametrize("refusal", [errors.NoSuchRoute(), errors.NotSignedIn(), errors.Draining(retry_after=1)])
def test_what_the_gateway_refuses_by_itself_blames_nobody(refusal: Refusal) -> None:
    assert b"proxy-status" not in dict(problem_of(refusal, None)[0])


def test_every_refusal_of_the_gateway_has_a_code_of_its_own() -> None:
    codes = [refusal.code for refusal in every_refusal() if refusal.__module__ == "gateway.errors"]
    assert len(codes) == len(set(codes)) > 15
    assert all(code.startswith("gateway.") for code in codes)
