"""What states mean to people."""

from typing import Final

from gateway.routes import COMMERCE, DP, EVENTS, IDENTITY, RELEASES, WALLET
from gateway.status.doorway import Mood

NAMES: Final = {
    IDENTITY: "Accounts",
    EVENTS: "Events and passes",
    COMMERCE: "Orders",
    DP: "Display pictures",
    WALLET: "Wallet passes",
    RELEASES: "Releases",
}
WITHOUT: Final = {
    IDENTITY: "Nobody can sign in, and what needs a sign-in is refused. What is public goes on.",
    EVENTS: "Events and passes cannot be seen or changed, and doors cannot check anyone in.",
    COMMERCE: "Nothing can be ordered or paid for.",
    DP: "No display pictures can be made or seen.",
    WALLET: "No wallet passes or badges can be fetched. Passes on phones stay valid.",
    RELEASES: "Releases cannot be read. Apps keep working.",
}
SIGNS: Final[dict[Mood, str]] = {"good": "✓", "warn": "!", "bad": "✕"}
"""Colour is never the only difference."""
STATES: Final[dict[str, tuple[Mood, str]]] = {
    "ready": ("good", "Works"),
    "degraded": ("warn", "Limited"),
    "unready": ("bad", "Not ready"),
    "away": ("bad", "No answer"),
}
DEPENDENCIES: Final = {"database": "Database", "nats": "Message broker", "outbox": "Outbox"}
PARTS: Final[dict[str, tuple[Mood, str]]] = {"ok": ("good", "works"), "late": ("warn", "late"), "away": ("bad", "away")}

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


def duration(seconds: float) -> str:
    """`4 s`, `3 min`, `2 h`, `5 days`: as much as people want to know."""
    whole = int(seconds)
    for size, unit in ((_DAY, "days"), (_HOUR, "h"), (_MINUTE, "min")):
        if whole >= 2 * size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def amount(count: int, thing: str) -> str:
    """`1 dead letter`, `1,204 dead letters`."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
