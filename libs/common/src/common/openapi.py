"""What the OpenAPI documents of all services and of the gateway say alike: how a refusal looks. Plain data, no framework."""

from typing import Any, Final

Json = dict[str, Any]

PROBLEM_TYPE: Final = "application/problem+json"

PROBLEM: Final[Json] = {
    "title": "Problem",
    "description": "A refusal (RFC 9457). `code` is what programs rely on, `detail` is for people, `traceId` is for support. "
    "Further members depend on the code; docs/errors.md lists all of them.",
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "names the kind of problem"},
        "title": {"type": "string", "description": "the kind in words"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "what is wrong this time"},
        "code": {"type": "string", "pattern": "^[a-z_]+\\.[a-z0-9_]+$"},
        "traceId": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "errors": {
            "description": "with a 422: every value at fault",
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string", "description": "a JSON pointer into the body; empty is all of it"},
                    "detail": {"type": "string"},
                },
                "required": ["pointer", "detail"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code", "traceId"],
}

NOT_MODIFIED: Final[dict[int | str, Json]] = {304: {"description": "What you have is still right."}}
"""For routes that answer `If-None-Match`."""

CONTENT_TAG: Final[Json] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "the `ETag` of what you have",
    "schema": {"type": "string"},
}
"""The parameter beside it, where a route reads the header without declaring it."""


def problem_answer(description: str) -> Json:
    """The response object of a refusal."""
    return {
        "description": description,
        "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
