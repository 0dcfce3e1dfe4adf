"""How these routes name things and let callers keep what they have: references, ETags, If-None-Match."""

import hashlib
from typing import Annotated

from fastapi import Path, Request, Response
from pydantic import AfterValidator, BaseModel, TypeAdapter

from common.ids import EventId
from common.principal import Principal
from common.schemas import Slug

_SLUG: TypeAdapter[str] = TypeAdapter(Slug)


def _event_reference(text: str) -> str:
    """An id where it looks like one (a slug never has an underscore), else a slug."""
    return EventId(text) if "_" in text else _SLUG.validate_python(text)


_SHAPE = {"pattern": "^(?:evt_[0-7][0-9a-hjkmnp-tv-z]{25}|[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)$"}
EventRef = Annotated[
    str,
    AfterValidator(_event_reference),
    Path(alias="eventId", description="an event's id or slug", json_schema_extra=_SHAPE),
]


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
