"""Identity at the gateway's edge: its keys, its lease with drops, its look-ups."""

import base64
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from common.principal import Principal
from common.testing import principals
from common.tokens import SigningKey
from gateway.testing.fakes import FakeService, Reply, fine, json_answer
from gateway.testing.wire import Heard


class FakeIdentity(FakeService):
    """A server that answers the gateway's three questions, and anything else like another service."""

    def __init__(self) -> None:
        super().__init__()
        self.key = SigningKey.generate()
        self.jwks = self.key.public_jwks()
        self.people: dict[str, Principal] = {}
        """Who is signed in, by sign-in id; devices and keys by their whole token."""
        self.drops: list[str] = []
        self._positions: dict[str, int] = {}
        self.lease_ms = 1000
        self.ended_because = "signed_out"
        self.why: dict[str, str] = {}
        """Why a name is nobody any more, where it is not the usual: a wrong machine's token is unknown."""
        self.before_lookup: Callable[[], Awaitable[None]] | None = None
        """Runs after a look-up has read its answer and before it is sent."""
        self.reply = self.tell
        self.other: Reply = fine

    async def tell(self, request: Heard) -> bytes:
        """Answer one request."""
        if request.target == "/internal/keys":
            return json_answer(json.loads(self.jwks))
        if request.target.startswith("/internal/") and not _is_the_gateway(request):
            return json_answer({"code": "common.unauthenticated"}, "401 Unauthorized")
        if request.target == "/internal/session-feed/lease":
            return self._lease(json.loads(request.body))
        if request.target == "/internal/sign-ins/lookup":
            return await self._lookup(json.loads(request.body)["signInId"])
        answer = self.other(request)
        return answer if isinstance(answer, bytes) else await answer

    def everyone_knows(self) -> bool:
        """Whether every replica has asked for its next lease since the last drop, and so has applied it."""
        return set(self._positions.values()) == {len(self.drops)}

    def looked_up(self) -> int:
        """How many look-ups were asked for."""
        return sum(request.target == "/internal/sign-ins/lookup" for request in self.heard)

    def asked(self) -> list[Heard]:
        """What came from outside, not from the gateway itself."""
        return [request for request in self.heard if not request.target.startswith("/internal/")]

    def _lease(self, asked: dict[str, Any]) -> bytes:
        self._positions[asked["replica"]] = asked["position"]
        since = enumerate(self.drops[asked["position"] :], asked["position"] + 1)
        drops = [{"position": position, "key": key} for position, key in since]
        return json_answer({"leaseMs": self.lease_ms, "position": len(self.drops), "drops": drops})

    async def _lookup(self, sign_in_id: str) -> bytes:
        principal = self.people.get(sign_in_id)
        if self.before_lookup is not None:
            await self.before_lookup()
        if principal is None:
            unknown = "unknown" if "." in sign_in_id else self.ended_because
            return json_answer({"active": False, "reason": self.why.get(sign_in_id, unknown)})
        return json_answer(
            {
                "active": True,
                "kind": principal.kind,
                "subject": principal.subject,
                "signInId": principal.sign_in_id,
                "email": principal.email,
                "name": principal.name,
                "authorizationVersion": principal.authorization_version,
                "platformRoles": sorted(principal.platform_roles),
                "organizationRoles": dict(principal.organization_roles),
                "workspaceRoles": dict(principal.workspace_roles),
            }
        )

    def sign_in(self, principal: Principal | None = None) -> str:
        """The bearer of someone who is signed in, or of a device or key."""
        principal = principal or principals.user()
        assert principal.subject is not None
        if principal.sign_in_id is None:
            token = f"{principal.subject}.{'s3cret' * 7}"
            self.people[token] = principal
            return token
        self.people[principal.sign_in_id] = principal
        return self.token(sub=principal.subject, sid=principal.sign_in_id)

    def token(self, *, key: SigningKey | None = None, lives: timedelta = timedelta(minutes=5), **claims: Any) -> str:
        """A token of this identity, with claims changed or signed by another key where a test wants it."""
        now = datetime.now(UTC)
        usual = {
            "iss": "lanyard-identity",
            "aud": "lanyard",
            "iat": int(now.timestamp()),
            "exp": int((now + lives).timestamp()),
        }
        return (key or self.key).sign(usual | claims)


def _is_the_gateway(request: Heard) -> bool:
    """Whether the internal token names the system itself, as identity demands of its internal routes."""
    claims = request.one("authorization").split(".")[1]
    kind = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["kind"]
    return bool(kind == "system")
