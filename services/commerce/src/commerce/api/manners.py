"""How callers say which version of a thing they read, so that nobody's change is lost."""

import re
from typing import Annotated, Any, Final

from fastapi import Depends, Header

from common.openapi import problem_answer

_VERSION = re.compile(r'^(?:W/)?"(\d{1,18})"$')


VERSIONED: Final[dict[int | str, dict[str, Any]]] = {
    412: problem_answer("Somebody changed it since you read it; read it again."),
    428: problem_answer("Send the version you read in `If-Match`."),
}
"""What a change by version may answer beside everything else."""


async def expected_version(
    if_match: Annotated[str | None, Header(description="the ETag that was read; `*` for whatever it is now")] = None,
) -> int | None:
    """The version an `If-Match` names: None when they do not say, 0 for `*`, -1 when it is none of ours and so matches nothing."""
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
