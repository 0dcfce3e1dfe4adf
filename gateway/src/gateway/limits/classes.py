"""The rate classes: how many requests in how many seconds, for each principal or each network.

The numbers per network leave room for many people behind one address. A venue: 5,000 guests on one network who open their
pass (three reads) within ten minutes are 1,500 requests a minute; their apps refresh a sign-in every five minutes, another
1,000. Mobile carriers put as many behind one address. So `network`, which everyone's requests count towards, signed in or
not, is 12,000 a minute: four to five such venues at once, and still no more than 200 a second from one place.

Velocity classes stand beside a route's usual class where people run at it with programs (OWASP API6): they are slower
and longer. Who passes one is told of abnormal usage, not merely of a quota.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class RateClass:
    """So many requests in so many seconds, for each principal or (`per_network`) for each network.

    A window begins with the first request counted in it and ends `seconds` later, when the whole quota is there again.
    Compared by identity: classes are looked up on every request.
    """

    name: str
    requests: int
    seconds: int
    per_network: bool = False
    velocity: bool = False


READ = RateClass("read", 1200, 60)
WRITE = RateClass("write", 300, 60)
UPLOAD = RateClass("upload", 60, 60)
BUY = RateClass("buy", 60, 60)
SCAN = RateClass("scan", 1200, 60)
PUBLIC_READ = RateClass("public-read", 3000, 60, per_network=True)
PUBLIC_WRITE = RateClass("public-write", 120, 60, per_network=True)
SIGN_IN = RateClass("sign-in", 300, 60, per_network=True)
REFRESH = RateClass("refresh", 3000, 60, per_network=True)
MACHINE = RateClass("machine", 1200, 60, per_network=True)
NETWORK = RateClass("network", 12_000, 60, per_network=True)
"""Towards this one everything counts."""

SIGN_IN_MAIL = RateClass("sign-in-mail", 60, 3600, per_network=True, velocity=True)
"""Identity itself lets a network have 20 mails an hour, and an address 5: this keeps those who ask on from its database."""
CODE_CLAIM = RateClass("code-claim", 60, 900, per_network=True, velocity=True)
"""Access codes of backers; identity stops a network after ten wrong ones in the same time."""
TICKETS = RateClass("tickets", 120, 600, velocity=True)
"""Orders, free tickets among them: nobody places one every five seconds for ten minutes by hand."""
TICKETS_NETWORK = RateClass("tickets-network", 1200, 600, per_network=True, velocity=True)
"""The same, by many accounts from one place; a box office and the whole queue before it stay below two a second."""
CHECKOUT = RateClass("checkout", 60, 600, velocity=True)
"""Payments begun: stolen cards are tried out by the hundred."""

CLASSES = (
    *(READ, WRITE, UPLOAD, BUY, SCAN),
    *(PUBLIC_READ, PUBLIC_WRITE, SIGN_IN, REFRESH, MACHINE, NETWORK),
    *(SIGN_IN_MAIL, CODE_CLAIM, TICKETS, TICKETS_NETWORK, CHECKOUT),
)
