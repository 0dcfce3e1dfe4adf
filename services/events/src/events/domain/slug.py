"""The readable address of an event, made once from its name and kept when the name changes, so that links stay good."""

import re
import unicodedata

_LONGEST = 50
_FALLBACK = "event"


def slug_of(name: str) -> str:
    """Lower-case letters, digits and single hyphens; `event` where a name has none of the first two in Latin script."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return words[:_LONGEST].rstrip("-") or _FALLBACK


def slug_beside(slug: str, event_id: str) -> str:
    """Another address for a name that is taken: the end of the event's id, which is its random part, sets it apart."""
    return f"{slug}-{event_id[-6:]}"
