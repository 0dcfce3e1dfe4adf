"""How these routes name things and let callers keep what they have: references, ETags, If-Match, If-None-Match."""

import hashlib
import re
from typing import Annotated

from fastapi import Depends, Header, Path, Request, Response
from pydantic import AfterValidator, BaseModel, TypeAdapter

from common.ids import EventId
from common.schemas import Slug

_SLUG: TypeAdapter[str] = TypeAdapter(Slug)
_VERSION = re.compile(r'^(?:W/)?"(\d{1,18})(?:-[a-z_]+)?"$')


def _event_reference(text: str) -> str:
    """An id where it looks like one (a slug never has an underscore), else a slug."""
    return EventId(text) if "_" in text else _SLUG.validate_python(text)


EventRef = Annotated[str, AfterValidator(_event_reference), Path(alias="eventId", description="an event's id or slug")]


async def expected_version(if_match: Annotated[str | None, Header()] = None) -> int | None:
    """The version a caller read: None when they do not say, 0 for `*`, -1 when it is none of ours and so matches nothing."""
    if if_match is None:
        return None
    if if_match.strip() == "*":
        return 0
    found = _VERSION.match(if_match.strip())
    return int(found.group(1)) if found else -1


IfMatch = Annotated[int | None, Depends(expected_version)]


def version_tag(version: int, state: str | None = None) -> str:
    """The ETag of a version; `state` tells apart what is shown beside it and has no part in If-Match."""
    return f'"{version}-{state}"' if state else f'"{version}"'


def answer(request: Request, view: BaseModel, tag: str | None = None, status: int = 200) -> Response:
    """The view with its ETag (of its content where none is given), or 304 when the caller has it already."""
    body = view.model_dump_json(by_alias=True)
    tag = tag or f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    # What is shown depends on who asks, and must be asked for again each time: a cancelled event looks alive in a cache.
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    held = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if request.method == "GET" and (tag in held or "*" in held):
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers, "application/json")
