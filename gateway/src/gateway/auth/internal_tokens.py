"""The token a service believes: minted by the gateway, 60 s long, sent for at most 45 s.

One is minted for each (sign-in, version of its rights, service), not for each request.
"""

from dataclasses import dataclass

from common.clock import Clock
from common.principal import InternalIssuer, Principal

USED_SECONDS = 45.0
CAPACITY = 100_000

_Key = tuple[str, str | None, str | None, int, str]


@dataclass(frozen=True, slots=True)
class _Minted:
    until: float
    line: bytes
    says: Principal
    """Compared before each use: a version that was not raised must not keep an old role alive."""


class InternalTokens:
    """Mints internal tokens and remembers them while they may be sent."""

    def __init__(self, issuer: InternalIssuer, clock: Clock) -> None:
        self._issuer = issuer
        self._clock = clock
        self._minted: dict[_Key, _Minted] = {}

    def header_for(self, principal: Principal, service: str) -> bytes:
        """The whole `authorization` line that tells `service` who asks."""
        key = (principal.kind, principal.subject, principal.sign_in_id, principal.authorization_version, service)
        now = self._clock.now()
        moment = now.timestamp()
        minted = self._minted.get(key)
        if minted is not None and moment < minted.until and (minted.says is principal or minted.says == principal):
            return minted.line
        line = b"authorization: Bearer " + self._issuer.mint(principal, service, now).encode()
        if len(self._minted) >= CAPACITY:
            self._minted.clear()
        self._minted[key] = _Minted(moment + USED_SECONDS, line, principal)
        return line
