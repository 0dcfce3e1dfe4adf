"""Moments a gathering can have: far years are typing mistakes, and would overflow what is reckoned from them.

Whatever offset a client wrote, a moment is kept and told in UTC, so that one state always reads alike.
"""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator

from common.schemas import Moment


def _within_reach(moment: datetime) -> datetime:
    if not 2000 <= moment.year < 2200:
        raise ValueError("must lie between the years 2000 and 2199")
    return moment.astimezone(UTC)


NearMoment = Annotated[Moment, AfterValidator(_within_reach)]
