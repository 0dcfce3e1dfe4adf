"""How callers say which version of a thing they read, so that nobody's change is lost."""

import re
from typing import Annotated

from fastapi import Depends, Request

_VERSION = re.compile(r'^(?:W/)?"(\d{1,18})"$')


async def expected_version(request: Request) -> int | None:
    """The version an `If-Match` names: None when they do not say, 0 for `*`, -1 when it is none of ours and so matches nothing."""
    if_match = request.headers.get("if-match")
    if if_match is None:
        return None
    if if_match.strip() == "*":
        return 0
    found = _VERSION.match(if_match.strip())
    return int(found.group(1)) if found else -1


IfMatch = Annotated[int | None, Depends(expected_version)]


def version_tag(version: int) -> str:
    """The ETag of a version."""
    return f'"{version}"'
