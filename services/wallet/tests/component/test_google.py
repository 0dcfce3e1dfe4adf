"""Google Wallet: against a stand-in for its API that checks what Google checks."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import jwt
import pytest
from aiohttp import web

from common.messages import EventCancelled, EventPublished, PassIssued, PassVoided
from common.principal import Principal
from common.testing import FrozenClock, Running, RunService, eventually
from wallet.formats.google import GoogleIssuer

SAVE = "https://pay.google.com/gp/v/save/"
SCOPE = "https://www.googleapis.com/auth/wallet_object.issuer"
CLASS_FIELDS = {
    "id",
    "issuerName",
    "eventId",
    "eventName",
    "dateTime",
    "reviewStatus",
    "hexBackgroundColor",
    "multipleDevicesAndHoldersAllowedStatus",
    "venue",
    "linksModuleData",
}
OBJECT_FIELDS = {
    "id",
    "classId",
    "state",
    "ticketNumber",
    "ticketType",
    "barcode",
    "groupingInfo",
    "validTimeInterval",
    "ticketHolderName",
}


@dataclass
class FakeGoogle:
    """Google's token endpoint and the part of `walletobjects` we use, strict in what it takes."""

    issuer: GoogleIssuer
    now: datetime
    url: str = ""
    asked: list[str] = field(default_factory=list)
    classes: dict[str, Any] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """Statuses to answer API calls with before behaving again."""

    def settings(self) -> dict[str, str]:
        return {"google_api_url": self.url, "google_token_url": f"{self.url}/token"}

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        claims = jwt.decode(
            str(form["assertion"]),
            self.issuer.account.key.public_key(),
            algorithms=["RS256"],
            audience=f"{self.url}/token",
            options={"verify_exp": False, "verify_iat": False, "require": ["iss", "aud", "iat", "exp", "scope"]},
        )
        assert claims["iss"] == self.issuer.account.email
        assert claims["scope"] == SCOPE
        assert claims["iat"] == int(self.now.timestamp())
        assert 0 < claims["exp"] - claims["iat"] <= 3600
        self.tokens.append(f"token-{len(self.tokens) + 1}")
        return web.json_response({"access_token": self.tokens[-1], "expires_in": 3599, "token_type": "Bearer"})

    async def api(self, request: web.Request) -> web.Response:
        kind, identity = request.match_info["kind"], unquote(request.match_info.get("id", ""))
        self.asked.append(f"{request.method} {kind}")
        if self.answers:
            return web.json_response({"error": {"code": self.answers[0]}}, status=self.answers.pop(0))
        if request.headers["Authorization"] != f"Bearer {self.tokens[-1]}":
            return web.Response(status=401)
        body = json.loads(await request.read())
        store, fields = (self.classes, CLASS_FIELDS) if kind == "eventTicketClass" else (self.objects, OBJECT_FIELDS)
        if set(body) - fields or not body["id"].startswith(f"{self.issuer.issuer_id}."):
            return web.json_response({"error": {"code": 400}}, status=400)
        if kind == "eventTicketObject" and body["classId"] not in self.classes:
            return web.json_response({"error": {"code": 400, "message": "classNotFound"}}, status=400)
        if request.method == "PUT":
            if identity not in store:
                return web.Response(status=404)
            assert identity == body["id"]
        elif body["id"] in store:
            return web.Response(status=409)
        store[body["id"]] = body
        return web.json_response(body)


@asynccontextmanager
async def google(issuer: GoogleIssuer, clock: FrozenClock) -> AsyncIterator[FakeGoogle]:
    fake = FakeGoogle(issuer, clock.now())
    application = web.Application()
    application.router.add_post("/token", fake.token)
    application.router.add_post("/walletobjects/v1/{kind}", fake.api)
    application.router.add_put("/walletobjects/v1/{kind}/{id}", fake.api)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield fake
    finally:
        await runner.cleanup()


async def pressed(world: Running, ticket: PassIssued, by: Principal) -> str:
    answer = await world.post(f"/v1/wallet/passes/{ticket.pass_id}/google", by=by)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["saveUrl"])


def claims_of(link: str, issuer: GoogleIssuer) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(
        link.removeprefix(SAVE),
        issuer.account.key.public_key(),
        algorithms=["RS256"],
        audience="google",
        options={"verify_iat": False},
    )
    return claims


async def run_job(world: Running, name: str) -> None:
    async def ran() -> bool:
        answer = await world.client.post(f"/v1/cron/wallet.{name}", headers={"X-Cron-Secret": "cron-secret"})
        assert answer.status_code == 202
        return bool(answer.json()["ran"])

    await eventually(ran)


async def test_class_and_object_are_at_google_before_a_short_link_is_returned(
    run: RunService,
    issuer: GoogleIssuer,
    clock: FrozenClock,
    event: EventPublished,
    ticket: PassIssued,
    holder: Principal,
) -> None:
    async with google(issuer, clock) as fake, run(clock=clock, settings=fake.settings()) as world:
        await world.hear(event, ticket)
        link = await pressed(world, ticket, holder)
        serial = (await world.rows("SELECT serial FROM wallet_passes"))[0]["serial"]
    assert len(link) < 1800
    object_id, class_id = f"{issuer.issuer_id}.{serial}", f"{issuer.issuer_id}.{event.event_id}"
    claims = claims_of(link, issuer)
    assert claims["payload"] == {"eventTicketObjects": [{"id": object_id, "classId": class_id}]}
    assert claims["origins"] == ["https://lanyard.test"]
    assert fake.classes[class_id]["eventName"]["defaultValue"]["value"] == 'Žižkov "& <b>'
    assert fake.objects[object_id]["barcode"] == {"type": "QR_CODE", "value": "LYD1.first-code"}
    assert fake.asked == [
        "PUT eventTicketClass",
        "POST eventTicketClass",
        "PUT eventTicketObject",
        "POST eventTicketObject",
    ]


async def test_google_hears_nothing_of_a_ticket_whose_holder_never_asks(
    run: RunService,
    issuer: GoogleIssuer,
    clock: FrozenClock,
    event: EventPublished,
    ticket: PassIssued,
    holder: Principal,
) -> None:
    void = PassVoided(**ticket.model_dump() | {"sequence": 2, "status": "voided"})
    async with google(issuer, clock) as fake, run(clock=clock, settings=fake.settings()) as world:
        await world.hear(event, ticket)
        assert (await world.get(f"/v1/passes/{ticket.pass_id}/wallet", by=holder)).status_code == 200
        await world.hear(void)
        await run_job(world, "updateGoogle")
    assert (fake.asked, fake.tokens) == ([], [])


async def test_the_token_is_bought_once_and_again_when_google_takes_it_back_or_it_lapses(
    run: RunService,
    issuer: GoogleIssuer,
    clock: FrozenClock,
    event: EventPublished,
    ticket: PassIssued,
    holder: Principal,
) -> None:
    async with google(issuer, clock) as fake, run(clock=clock, settings=fake.settings()) as world:
        await world.hear(event, ticket)
        await pressed(world, ticket, holder)
        await pressed(world, ticket, holder)
        assert fake.tokens == ["token-1"]
        fake.tokens.append("token-unknown-to-us")
        await pressed(world, ticket, holder)
        assert fake.tokens == ["token-1", "token-unknown-to-us", "token-3"]
        fake.now = clock.advance(timedelta(hours=1))
        await pressed(world, ticket, holder)
    assert len(fake.tokens) == 4


async def test_two_presses_at_once_leave_one_object(
    run: RunService,
    issuer: GoogleIssuer,
    clock: FrozenClock,
    event: EventPublished,
    ticket: PassIssued,
    holder: Principal,
) -> None:
    async with google(issuer, clock) as fake, run(clock=clock, settings=fake.settings()) as world:
        await world.hear(event, ticket)
        links = await asyncio.gather(*(pressed(world, ticket, holder) for _ in range(8)))
    assert len(set(links)) == 1
    assert (len(fake.classes), len(fake.objects), fake.tokens) == (1, 1, ["token-1"])


@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
async def test_a_refusal_by_google_is_told_and_a_job_makes_good_for_it(
    run: RunService,
    issuer: GoogleIssuer,
    clock: FrozenClock,
    event: EventPublished,
    ticket: PassIssued,
    holder: Principal,
    status: int,
) -> None:
    async with google(issuer, clock) as fake, run(clock=clock, settings=fake.settings()) as world:
        await world.hear(event, ticket)
        fake.answers = [status]
        answer = await world.post(f"/v1/wallet/passes/{ticket.pass_id}/google", by=holder)
        assert (answer.status_code, answer.json()["code"]) == (503, "wallet.google_refused")
        assert answer.headers["retry-after"] == "30"
        assert fake.objects == {}
        await run_job(world, "updateGoogle")
        assert len(fake.objects) == 1
        fake.asked.clear()
        await run_job(world, "updateGoogle")
    assert fake.asked == []


async def test_google_away_is_a_503_and_leaves_the_wish_recorded(
    run: RunService,
    issuer: GoogleIssuer,
    clock: FrozenClock,
    event: EventPublished,
    ticket: PassIssued,
    holder: Principal,
) -> None:
    async with google(issuer, clock) as fake:
        settings = fake.settings()
    async with run(clock=clock, settings=settings) as world:
        await world.hear(event, ticket)
        answer = await world.post(f"/v1/wallet/passes/{ticket.pass_id}/google", by=holder)
        rows = await world.rows("SELECT google_wanted_at, google_put_at FROM wallet_passes")
    assert (answer.status_code, answer.json()["code"]) == (503, "outgoing.destination_unreachable")
    assert rows == [{"google_wanted_at": clock.now(), "google_put_at": None}]


@pytest.mark.parametrize("cause", ["refund", "cancelled event"])
async def test_a_saved_ticket_goes_inactive_at_google_when_it_is_voided(
    run: RunService,
    issuer: GoogleIssuer,
    clock: FrozenClock,
    event: EventPublished,
    ticket: PassIssued,
    holder: Principal,
    cause: str,
) -> None:
    news = {
        "refund": PassVoided(**ticket.model_dump() | {"sequence": 2, "status": "voided"}),
        "cancelled event": EventCancelled(**event.model_dump() | {"sequence": 4, "status": "cancelled"}),
    }
    async with google(issuer, clock) as fake, run(clock=clock, settings=fake.settings()) as world:
        await world.hear(event, ticket)
        await pressed(world, ticket, holder)
        assert [body["state"] for body in fake.objects.values()] == ["ACTIVE"]
        clock.advance(timedelta(minutes=1))
        await world.hear(news[cause])
        await run_job(world, "updateGoogle")
        refused = await world.post(f"/v1/wallet/passes/{ticket.pass_id}/google", by=holder)
    assert [body["state"] for body in fake.objects.values()] == ["INACTIVE"]
    assert (refused.status_code, refused.json()["code"]) == (409, "wallet.pass_voided")
