"""How long the gateway waits for clients and services, once a request is under way."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the gateway waits for others, in seconds."""

    body: float = 15.0
    """For the next part of a request's body."""
    gather: float = 30.0
    """For the whole of a body that goes on in one piece, however its parts drip in; a longer one has its route's time."""
    stall: float = 30.0
    """For the next part of an answer, once it has begun."""
    read: float = 30.0
    """For a client to take what was sent to it."""


PATIENCE = Patience()
"""Of an exchange that nobody has told otherwise."""
