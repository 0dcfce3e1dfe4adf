"""What the door itself promises on every row: who may pass, which refusals and headers to expect, which header it asks for."""

from collections.abc import Collection

from common.openapi import CONTENT_TAG, NOT_MODIFIED, Json, problem_answer
from gateway.limits import MACHINE, REFRESH, SIGN_IN
from gateway.routes import GATEWAY
from gateway.routing import Public, Row

TAGS: dict[str, str] = {
    "identity": "Who people are: sign-in, sign-ins, organisations, workspaces, members, devices, API keys, notifications.",
    "events": "What happens when: events, agenda, ticket tiers, passes, check-ins.",
    "commerce": "Money: orders, what is left, payments.",
    "dp": "Display pictures: templates, campaigns, the pictures people make of themselves.",
    "wallet": "Passes on phones and lapels: Apple Wallet, Google Wallet, badges.",
    "releases": "What shipped where: releases, deployments, and which app versions may go on.",
    GATEWAY: "The door itself: how everything is, and what can be asked for.",
}

SCHEMES: dict[str, Json] = {
    "accessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A person: the `accessToken` of `POST /v1/auth/email/verify`. It lives five minutes; "
        "`POST /v1/auth/refresh` gives the next one.",
    },
    "machineToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "A device or an API key of an organisation: the `token` it was given when it was made "
        "(`POST /v1/organizations/{organizationId}/devices` or `…/api-keys`).",
    },
}

_SAFE_IN_A_PATH = "^[A-Za-z0-9_~-][A-Za-z0-9._~-]*$"
"""No slash, backslash, control character or dot segment: the door refuses those before anyone else looks at them."""

_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "The same key sent again within 24 h has one effect and gets one answer (`Idempotency-Replayed: true`). "
    "1 to 255 visible characters, bare or as a quoted string: both are the same key.",
    "schema": {"type": "string", "pattern": '^(?:"[#-\\[\\]-~!]{1,255}"|[!#-~][!-~]{0,254})$'},
}

HEADERS: dict[str, Json] = {
    "RateLimit": {
        "description": 'What is left of the quota, and seconds until it is whole again: `"read";r=1199;t=60`.',
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": 'The quota that applies here, and its window in seconds: `"read";q=1200;w=60`.',
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Seconds after which trying again makes sense.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "WWW-Authenticate": {
        "description": "Which kind of proof is wanted, and what is wrong with the one given.",
        "required": True,
        "schema": {"type": "string"},
    },
    "ETag": {"description": "Stands for this very answer; see `If-None-Match`.", "schema": {"type": "string"}},
    "Deprecation": {"description": "Since when this is on its way out (RFC 9745).", "schema": {"type": "string"}},
    "Sunset": {"description": "When it ends (RFC 8594).", "schema": {"type": "string"}},
    "X-Request-Id": {
        "description": "The trace id of this request, for support.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    },
}


def _header(name: str) -> Json:
    return {"$ref": f"#/components/headers/{name}"}


_ALWAYS = {"X-Request-Id": _header("X-Request-Id")}
_LIMITED = {name: _header(name) for name in ("RateLimit", "RateLimit-Policy")}
_LEAVING = {name: _header(name) for name in ("Deprecation", "Sunset")}
_TAGGED = {"ETag": _header("ETag")}


def _refusal(description: str, *more: str) -> Json:
    headers = _ALWAYS | _LIMITED | {name: _header(name) for name in more}
    return problem_answer(description) | {"headers": headers}


RESPONSES: dict[str, Json] = {
    "BadRequest": _refusal("The request cannot be understood: its address, its headers or its body is malformed."),
    "NotSignedIn": _refusal(
        "The door does not know who asks: no token, or one that is not valid any more.", "WWW-Authenticate"
    ),
    "Forbidden": _refusal("We know who asks, and they may not; `capability` names what is missing, where one is."),
    "NotFound": _refusal("There is none, or none you may know of."),
    "TooSlow": _refusal("The request did not arrive in time."),
    "Conflict": _refusal("Not in the present state, or the first request with this key is still running."),
    "Retired": _refusal("This came to its end; the refusal names what takes its place."),
    "PreconditionFailed": _refusal("Someone else changed it first. Read it again, then repeat your change."),
    "TooLarge": _refusal("More bytes than accepted here."),
    "UnsupportedMedia": _refusal("Not a kind of content accepted here."),
    "Unprocessable": _refusal("Understood, but a value is not acceptable; `errors` names each."),
    "AppTooOld": _refusal(
        "The app names itself in `X-App-Platform`, `X-App-Version` and `X-App-Build`, and is too old; `upgradeUrl` leads to its store."
    ),
    "TooManyRequests": _refusal("Slower, please.", "Retry-After"),
    "Unavailable": _refusal("Not now: the service, or what tells who you are, is away.", "Retry-After"),
    "Fault": _refusal("Something went wrong on our side; it is recorded under the trace id."),
}


def security_of(row: Row) -> list[Json]:
    """What a caller proves: a person's token or a machine's, none on public routes, either where it is looked at if sent."""
    proofs: list[Json] = [{"accessToken": []}, {"machineToken": []}]
    if not isinstance(row.who, Public):
        return proofs
    return [{}, *proofs] if row.who.knows_caller else []


def in_path(parameter: Json) -> Json:
    """A parameter in the path; where its service says nothing of its shape, what the door lets through."""
    schema = parameter.get("schema", {"type": "string"})
    if not schema.keys() & {"pattern", "enum", "const", "anyOf", "$ref", "format"}:
        schema = schema | {"pattern": _SAFE_IN_A_PATH}
    return parameter | {"in": "path", "required": True, "schema": schema}


def parameters_of(row: Row, known: Collection[str]) -> list[Json]:
    """What the door itself asks for, where the service did not say so (`known`: what it named, in lower case)."""
    asked = [_KEY] if row.key_needed else []
    if row.cache is not None and CONTENT_TAG["name"].lower() not in known:
        asked.append(CONTENT_TAG)
    return asked


def answers_of(row: Row, operation: Json, parameters: list[Json]) -> Json:
    """Every answer of a row by its status: the service's, with the door's headers, and the refusals that can happen there."""
    told = {str(status): answer for status, answer in operation.get("responses", {}).items()}
    if row.cache is not None:
        told = {str(status): answer for status, answer in NOT_MODIFIED.items()} | told
    answers: Json = {}
    for status, answer in told.items():
        answers[status] = answer | {"headers": _headers_of(row, status) | answer.get("headers", {})}
    for status, name in _refusals_of(row, operation, parameters).items():
        if status not in answers or status == "422":
            answers[status] = {"$ref": f"#/components/responses/{name}"}
    return dict(sorted(answers.items()))


def _headers_of(row: Row, status: str) -> Json:
    headers = _ALWAYS | _LIMITED
    if row.cache is not None and status in ("200", "304"):
        headers |= _TAGGED
    return headers | _LEAVING if row.deprecated is not None else headers


def _refusals_of(row: Row, operation: Json, parameters: list[Json]) -> dict[str, str]:
    """Status → component. A 403 without a capability comes from the service, which decides by the row at hand."""
    knows = not isinstance(row.who, Public) or row.who.knows_caller
    proves = knows or _proves_otherwise(row)
    body = "requestBody" in operation
    possible = {
        "400": ("BadRequest", True),
        "401": ("NotSignedIn", proves),
        "403": ("Forbidden", proves),
        "404": ("NotFound", bool(parameters) or body),
        "408": ("TooSlow", body),
        "409": ("Conflict", row.method not in ("GET", "HEAD")),
        "410": ("Retired", row.deprecated is not None and row.deprecated.sunset is not None),
        "412": ("PreconditionFailed", any(each["name"].lower() == "if-match" for each in parameters)),
        "413": ("TooLarge", row.body_limit > 0),
        "415": ("UnsupportedMedia", body),
        "422": ("Unprocessable", bool(parameters) or body),
        "426": ("AppTooOld", not row.any_app),
        "429": ("TooManyRequests", True),
        "503": ("Unavailable", True),
        "5XX": ("Fault", True),
    }
    return {status: name for status, (name, happens) in possible.items() if happens}


def _proves_otherwise(row: Row) -> bool:
    """Whether a public route has a proof of its own: a code, a refresh token, cron's secret, a provider's signature."""
    return row.limit in (SIGN_IN, REFRESH, MACHINE)
