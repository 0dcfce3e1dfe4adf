"""Who sees a picture, and how a person's decision changes that."""

from typing import Literal

from common.refusals import NotFound
from dp.errors import NotYours

DpStatus = Literal["ready", "held", "rejected", "removed"]

REPORTS_THAT_HOLD = 3
"""Different signed-in people who have to report a picture before it is hidden until a moderator looks."""


def check_visible(status: DpStatus, *, owner: bool, moderator: bool) -> None:
    """Let someone see a picture: everyone once it is ready, else only its maker and moderators.

    Raises NotFound: to everyone else it is as if it were not there, so that nobody learns what was hidden.
    """
    if status != "ready" and not owner and not moderator:
        raise NotFound()


def check_removable(*, owner: bool, moderator: bool) -> None:
    """Let its maker or a moderator remove a picture. Raises NotYours."""
    if not owner and not moderator:
        raise NotYours()


def held_by_reports(status: DpStatus, reporters: int, *, judged: bool) -> bool:
    """Whether reports hide a picture. One that a moderator has judged stays as judged, whatever is reported."""
    return status == "ready" and not judged and reporters >= REPORTS_THAT_HOLD
