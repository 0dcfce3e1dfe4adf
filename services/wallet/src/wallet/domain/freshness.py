"""When a phone may keep the package it has (RFC 9110, section 13)."""

from datetime import UTC, datetime, timedelta


def last_modified(modified_at: datetime, now: datetime) -> datetime:
    """The date to send with a package built at `now`, in whole seconds.

    HTTP dates have no fractions. In the second of a change, another change may still follow, so what is sent then is
    dated a second earlier, and asking again brings the newest state.
    """
    second = modified_at.astimezone(UTC).replace(microsecond=0)
    return second - timedelta(seconds=1) if now - second < timedelta(seconds=1) else second


def still_fresh(
    *,
    tag: str,
    modified_at: datetime,
    if_none_match: str | None,
    if_modified_since: datetime | None,
) -> bool:
    """Whether what the caller has is what we would send. A tag, where there is one, decides alone."""
    if if_none_match is not None:
        held = {candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")}
        return "*" in held or tag.removeprefix("W/") in held
    return if_modified_since is not None and modified_at.astimezone(UTC).replace(microsecond=0) <= if_modified_since
