"""A refusal as bytes: problem+json with code and trace id, as every service answers too."""

import json

from common.refusals import Refusal
from gateway.errors import (
    AbnormalUsage,
    AnswerUnusable,
    CapabilityMissing,
    DeadlinePassed,
    IdentityAway,
    MethodNotAllowed,
    NotSignedIn,
    QuotaExceeded,
    ServiceAway,
    SessionReplaced,
    TokenRefused,
    TooManyConnections,
)
from gateway.headers import Header

_CHALLENGES: dict[type[Refusal], bytes] = {
    NotSignedIn: b'Bearer realm="lanyard"',
    TokenRefused: b'Bearer realm="lanyard", error="invalid_token"',
    SessionReplaced: b'Bearer realm="lanyard", error="invalid_token"',
}

_PROXY_ERRORS: dict[type[Refusal], bytes] = {
    ServiceAway: b"destination_unavailable",
    DeadlinePassed: b"http_response_timeout",
    AnswerUnusable: b"http_protocol_error",
    IdentityAway: b"proxy_internal_error",
}
"""What went wrong behind the gateway (RFC 9209 section 2.3): by it programs tell our 502 from one that a service gave."""


def problem_of(refusal: Refusal, trace_id: str | None) -> tuple[list[Header], bytes]:
    """The headers (without the security headers) and the body of the answer to a refused request."""
    body = _body(refusal, trace_id)
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
    ]
    error = _PROXY_ERRORS.get(type(refusal))
    if error is not None:
        headers.append((b"proxy-status", b"lanyard; error=" + error))
    if refusal.retry_after is not None or refusal.status == 503:
        headers.append((b"retry-after", b"%d" % (refusal.retry_after or 1)))
    challenge = _CHALLENGES.get(type(refusal))
    if challenge is not None:
        headers.append((b"www-authenticate", challenge))
    elif isinstance(refusal, CapabilityMissing):
        headers.append((b"www-authenticate", b'Bearer realm="lanyard", error="insufficient_scope"'))
    elif isinstance(refusal, MethodNotAllowed):
        headers.append((b"allow", str(refusal.details["allow"]).encode()))
    elif isinstance(refusal, QuotaExceeded):
        headers += refusal.fields
    return headers, body


def _body(refusal: Refusal, trace_id: str | None) -> bytes:
    """The shape of `common.problems`, which is not imported because it brings a whole web framework along."""
    problem: dict[str, object] = {
        "type": _TYPES.get(type(refusal), f"https://lanyard.dev/problems/{refusal.code}"),
        "title": refusal.title(),
        "status": refusal.status,
        "detail": str(refusal),
        "code": refusal.code,
        "traceId": trace_id,
    }
    for name, value in refusal.details.items():
        problem.setdefault(_MEMBERS.get(name) or _camel(name), value)
    return json.dumps(problem, ensure_ascii=False, separators=(",", ":")).encode()


_TYPES: dict[type[Refusal], str] = {
    QuotaExceeded: "https://iana.org/assignments/http-problem-types#quota-exceeded",
    AbnormalUsage: "https://iana.org/assignments/http-problem-types#abnormal-usage-detected",
    TooManyConnections: "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity",
}
"""The problem types of the RateLimit draft, section 5."""
_MEMBERS = {"violated_policies": "violated-policies"}
"""Members that a standard names otherwise than we would."""


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
