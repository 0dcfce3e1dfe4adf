"""Live updates: `GET /v1/live`, server-sent events for whoever is signed in.

The way of a message: `bus.follow` reads each publisher's stream once for the whole process → `hub` looks who it is for →
`listener`, each client's own small queue → the client's task sends it. `ring` and `resuming` hold what was missed.
"""

from gateway.live.operations import OPERATIONS
from gateway.live.service import Live

__all__ = ["OPERATIONS", "Live"]
