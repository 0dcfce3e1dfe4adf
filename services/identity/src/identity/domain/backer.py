"""Someone who backed the crowdfunding and may come in with a name and an access code."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from common.ids import BackerId, UserId


@dataclass(frozen=True, slots=True)
class Backer:
    """A backer; `tier` gives the discount that commerce applies later."""

    id: BackerId
    username: str
    tier: str
    used_by_user_id: UserId | None
    used_at: datetime | None
    added_at: datetime
    version: int


def folded(text: str) -> str:
    """How names and access codes are compared: trimmed, without regard to case or width of letters."""
    return unicodedata.normalize("NFKC", text).strip().casefold()
