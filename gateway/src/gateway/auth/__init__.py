"""Who is asking, and may they: see `auth.door` for the way of a request."""

from gateway.auth.access_tokens import AccessTokens
from gateway.auth.caller import NOBODY, Caller
from gateway.auth.door import Door
from gateway.auth.guesses import Guesses
from gateway.auth.identity import Identity
from gateway.auth.internal_tokens import InternalTokens
from gateway.auth.lease import LeaseKeeper

__all__ = ["NOBODY", "AccessTokens", "Caller", "Door", "Guesses", "Identity", "InternalTokens", "LeaseKeeper"]
