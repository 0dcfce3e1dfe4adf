"""Moments a gathering can have: far years are typing mistakes, and would overflow what is reckoned from them."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator

from common.schemas import Moment


def _within_reach(moment: datetime) -> datetime:
    if not 2000 <= moment.year < 2200:
        raise ValueError("must lie between the years 2000 and 2199")
    return moment


NearMoment = Annotated[Moment, AfterValidator(_within_reach)]
