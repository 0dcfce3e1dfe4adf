"""`If-Match`: how callers say which version of a thing they read, so that nobody's change is lost.

The refusals (428 where it is missing, 412 where it is stale) are each service's own, with its own codes.
"""

import re
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from common.openapi import problem_answer

_TAG = re.compile(r'^(?:W/)?"([1-9]\d{0,17})(?:-[a-z_]+)?"$', re.ASCII)


async def expected_version(request: Request) -> int | None:
    """The version a caller read: None when they do not say, 0 for `*`, -1 when it is none of ours and so matches nothing.

    A weak tag counts as well: whatever compressed the answer on its way weakened it.
    """
    if_match = request.headers.get("if-match")
    if if_match is None:
        return None
    if if_match.strip() == "*":
        return 0
    found = _TAG.match(if_match.strip())
    return int(found.group(1)) if found else -1


IfMatch = Annotated[int | None, Depends(expected_version)]


def version_tag(version: int, state: str | None = None) -> str:
    """The ETag of a version; `state` tells apart what is shown beside it and has no part in If-Match."""
    return f'"{version}-{state}"' if state else f'"{version}"'


def _told(*, required: bool) -> dict[str, Any]:
    stale = problem_answer("Somebody changed it since you read it. Read it again, then repeat your change.")
    missing = problem_answer("Say what you read, in `If-Match`, so that nobody's change is lost.")
    return {
        "parameters": [
            {
                "name": "If-Match",
                "in": "header",
                "required": required,
                "description": "the `ETag` that was read; `*` changes whatever there is",
                "schema": {"type": "string"},
            }
        ],
        "responses": {"412": stale, "428": missing} if required else {"412": stale},
    }


IF_MATCH_REQUIRED: Final = _told(required=True)
IF_MATCH_TAKEN: Final = _told(required=False)
"""What such a route says of it, as its `openapi_extra`. Absent where required is a 428, which FastAPI's own parameters cannot
say: they would make it a 422."""
