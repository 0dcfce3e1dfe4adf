"""How these routes name things and let callers keep what they have: references, ETags, If-Match, If-None-Match."""

import hashlib
import re
from typing import Annotated, Any, Final

from fastapi import Depends, Path, Request, Response
from pydantic import AfterValidator, BaseModel, TypeAdapter

from common.ids import EventId
from common.openapi import problem_answer
from common.principal import Principal
from common.schemas import Slug

_SLUG: TypeAdapter[str] = TypeAdapter(Slug)
_VERSION = re.compile(r'^(?:W/)?"(\d{1,18})(?:-[a-z_]+)?"$')


def _event_reference(text: str) -> str:
    """An id where it looks like one (a slug never has an underscore), else a slug."""
    return EventId(text) if "_" in text else _SLUG.validate_python(text)


_SHAPE = {"pattern": "^(?:evt_[0-7][0-9a-hjkmnp-tv-z]{25}|[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)$"}
EventRef = Annotated[
    str,
    AfterValidator(_event_reference),
    Path(alias="eventId", description="an event's id or slug", json_schema_extra=_SHAPE),
]


async def expected_version(request: Request) -> int | None:
    """The version a caller read: None when they do not say, 0 for `*`, -1 when it is none of ours and so matches nothing."""
    if_match = request.headers.get("if-match")
    if if_match is None:
        return None
    if if_match.strip() == "*":
        return 0
    found = _VERSION.match(if_match.strip())
    return int(found.group(1)) if found else -1


IfMatch = Annotated[int | None, Depends(expected_version)]
IF_MATCH: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "If-Match",
            "in": "header",
            "required": True,
            "description": "the `ETag` that was read; `*` changes whatever there is",
            "schema": {"type": "string"},
        }
    ],
    "responses": {"428": problem_answer("Say what you read, in `If-Match`, so that nobody's change is lost.")},
}
"""What such a route says of it. Absent is a 428, which FastAPI's own parameters cannot say: they would make it a 422."""


def version_tag(version: int, state: str | None = None) -> str:
    """The ETag of a version; `state` tells apart what is shown beside it and has no part in If-Match."""
    return f'"{version}-{state}"' if state else f'"{version}"'


def answer(
    request: Request, view: BaseModel, tag: str | None = None, status: int = 200, *, shown_to: Principal | None = None
) -> Response:
    """The view with its ETag (of its content where none is given), or 304 when the caller has it already.

    Args:
        shown_to: who reads. What everyone may see may be kept for a second, anything else is asked for again each time.
    """
    body = view.model_dump_json(by_alias=True)
    tag = tag or f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    # A cancelled event looks alive in a cache, so a second it is: enough for the crowd that opens a sale.
    kept = "public, max-age=1" if shown_to is not None and shown_to.kind == "anonymous" else "private, no-cache"
    headers = {"ETag": tag, "Cache-Control": kept}
    held = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if request.method == "GET" and (tag in held or "*" in held):
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers, "application/json")
