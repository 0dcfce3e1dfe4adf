"""`GET /v1/home`. Its parts are fetched side by side under one deadline.

Without the person there is nothing to show, so that part is required. Any other part that fails or is late is named in
`missing`, and the rest is told: a start screen with a gap beats none.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from common.refusals import Refusal
from gateway.auth import InternalTokens
from gateway.client_policy import App, ClientPolicies, app_of
from gateway.errors import AnswerUnusable, DeadlinePassed, ServiceAway
from gateway.exchange import Exchange
from gateway.headers import Header
from gateway.routes import COMMERCE, EVENTS, IDENTITY
from gateway.routing import Row
from gateway.upstream import AnswerMalformed, ConnectionBroken, OutOfTime, Pool, Unreachable
from gateway.upstream.call import Answer, call

LONGEST: Final = 256 * 1024
"""Bytes of one part."""
SHOWN: Final = 20
"""Passes and orders told; lists tell the rest."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Part:
    """One question to one service."""

    name: str
    service: str
    target: str


_ME: Final = _Part("me", IDENTITY, "/v1/me")
_OPTIONAL: Final = (
    _Part("passes", EVENTS, f"/v1/passes?upcoming=true&limit={SHOWN}"),
    _Part("orders", COMMERCE, f"/v1/orders?status=awaiting_payment&limit={SHOWN}"),
)


@dataclass(frozen=True, slots=True)
class _Found:
    """A part as its service told it: the text, which is passed on as it is, and what it says."""

    text: str
    value: Json


class _NotTold(Exception):
    """A service answered, with a refusal."""

    def __init__(self, answer: Answer, code: str, problem: Json) -> None:
        super().__init__(code)
        self.answer = answer
        self.code = code
        self.problem = problem


class Home:
    """Answers `/v1/home`."""

    def __init__(self, pools: Mapping[str, Pool], tokens: InternalTokens, policies: ClientPolicies) -> None:
        self._pools = pools
        self._tokens = tokens
        self._policies = policies

    async def show(self, exchange: Exchange, row: Row, client: str) -> None:
        """Gather the parts and answer within the row's timeout.

        Raises:
            ServiceAway, DeadlinePassed, AnswerUnusable: the required part is missing; `part` names it.
        """
        deadline = asyncio.get_running_loop().time() + row.timeout
        asking = [asyncio.create_task(self._ask(part, exchange, client, deadline)) for part in (_ME, *_OPTIONAL)]
        try:
            me = await asking[0]
            others = await asyncio.gather(*asking[1:], return_exceptions=True)
        except _NotTold as refusal:
            await _pass_on(exchange, refusal)
            return
        except Refusal as refusal:
            _name_the_part(refusal)
        finally:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        await exchange.answer(200, _HEADERS, self._whole(me, others, app_of(exchange.inbound)))

    async def _ask(self, part: _Part, exchange: Exchange, client: str, deadline: float) -> _Found:
        """Ask as the caller. Raises _NotTold, ServiceAway, DeadlinePassed, AnswerUnusable."""
        lines = (
            self._tokens.header_for(exchange.caller.principal, part.service),
            b"x-request-id: " + exchange.trace.trace_id.encode(),
            b"traceparent: " + exchange.trace.to_service(part.service, "GET").encode(),
            b"x-forwarded-for: " + client.encode(),
        )
        seconds = deadline - asyncio.get_running_loop().time()
        pool = self._pools[part.service]
        try:
            answer = await call(pool, "GET", part.target, b"", seconds, *lines, most=LONGEST, insists=False)
            text = answer.body.decode()
            value = json.loads(text, parse_constant=_no_number)
        except Unreachable:
            raise ServiceAway(service=part.service, retry_after=1) from None
        except OutOfTime:
            raise DeadlinePassed(service=part.service) from None
        except (AnswerMalformed, ConnectionBroken, ValueError, RecursionError):
            raise AnswerUnusable(service=part.service) from None
        if 400 <= answer.status < 500 and isinstance(value, dict) and isinstance(value.get("code"), str):
            raise _NotTold(answer, value["code"], value)
        usable = answer.status == 200 and isinstance(value, dict)
        if not usable or (part is not _ME and not isinstance(value.get("items"), list)):
            raise AnswerUnusable(service=part.service)
        return _Found(text, value)

    def _whole(self, me: _Found, others: list[_Found | BaseException], app: App | None) -> bytes:
        parts, missing = {"me": me.text}, []
        for part, found in zip(_OPTIONAL, others, strict=True):
            if isinstance(found, _Found):
                parts[part.name] = found.text
            elif isinstance(found, Refusal | _NotTold):
                parts[part.name] = "null"
                missing.append({"part": part.name, "code": found.code})
            else:
                raise found
        unread = me.value.get("unreadNotifications")
        parts["unreadCount"] = json.dumps(unread if isinstance(unread, int) else None)
        parts["clientPolicy"] = json.dumps(self._policy_for(app))
        if app is not None and not self._policies.heard:
            missing.append({"part": "clientPolicy", "code": ServiceAway.code})
        parts["missing"] = json.dumps(missing)
        # The services' own words go on as they came: every number exact, nothing left out that this release does not know.
        return "{{{}}}".format(",".join(f'"{name}":{text}' for name, text in parts.items())).encode()

    def _policy_for(self, app: App | None) -> Json | None:
        """What `GET /v1/client-policy` would tell this app; None for one that does not say what it is."""
        told = None if app is None else self._policies.tell(app)
        if told is None:
            return None
        deadline = told.policy.deadline_at
        return {
            "platform": told.policy.platform,
            "status": told.standing,
            "minimum": told.policy.minimum,
            "latest": told.policy.latest,
            "storeUrl": told.policy.store_url,
            "message": told.policy.message,
            "deadlineAt": None if deadline is None else deadline.isoformat(),
        }


_HEADERS: list[Header] = [(b"content-type", b"application/json"), (b"cache-control", b"private, no-store")]


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _name_the_part(refusal: Refusal) -> NoReturn:
    """The same refusal, which now says what of the whole is missing."""
    details: dict[str, Any] = dict(refusal.details)
    raise type(refusal)(part=_ME.name, retry_after=refusal.retry_after, **details)


async def _pass_on(exchange: Exchange, refusal: _NotTold) -> None:
    """The service's own problem, which now says what of the whole it is about."""
    exchange.code = refusal.code
    headers = [
        (name, value)
        for name, value in refusal.answer.headers
        if name in (b"content-type", b"www-authenticate", b"retry-after")
    ]
    body = json.dumps(refusal.problem | {"part": _ME.name}).encode()
    await exchange.answer(refusal.answer.status, headers, body)
