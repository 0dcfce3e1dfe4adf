"""Google Wallet: against a stand-in for its API that checks what Google checks."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from services.wallet.tests.fakes.google import FakeGoogle, google

from common.messages import EventCancelled, EventPublished, PassIssued, PassVoided
from common.principal import Principal
from common.testing import FrozenClock, Running, RunService, eventually
from wallet.formats.google import GoogleIssuer

SAVE = "https://pay.google.com/gp/v/save/"


@dataclass
class Desk:
    """The wallet beside Google; it has heard of Ada's ticket."""

    world: Running
    google: FakeGoogle
    ticket: PassIssued
    holder: Principal

    async def press(self) -> httpx.Response:
        """Ada asks for the link."""
        return await self.world.post(f"/v1/wallet/passes/{self.ticket.pass_id}/google", by=self.holder)

    async def pressed(self) -> str:
        """The link she got."""
        answer = await self.press()
        assert answer.status_code == 200, answer.text
        return str(answer.json()["saveUrl"])

    async def update(self) -> None:
        """The job that keeps Google up to date runs once."""

        async def ran() -> bool:
            path, proof = "/v1/cron/wallet.update-google", {"X-Cron-Secret": "cron-secret"}
            answer = await self.world.client.post(path, headers=proof)
            assert answer.status_code == 202
            return bool(answer.json()["ran"])

        await eventually(ran)


@pytest.fixture
async def desk(
    run: RunService,
    issuer: GoogleIssuer,
    clock: FrozenClock,
    event: EventPublished,
    ticket: PassIssued,
    holder: Principal,
) -> AsyncIterator[Desk]:
    async with google(issuer, clock) as fake, run(clock=clock, settings=fake.settings()) as world:
        await world.hear(event, ticket)
        yield Desk(world, fake, ticket, holder)


def claims_of(link: str, issuer: GoogleIssuer) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(
        link.removeprefix(SAVE),
        issuer.account.key.public_key(),
        algorithms=["RS256"],
        audience="google",
        options={"verify_iat": False},
    )
    return claims


async def test_class_and_object_are_at_google_before_a_short_link_is_returned(
    desk: Desk, issuer: GoogleIssuer, event: EventPublished
) -> None:
    link = await desk.pressed()
    serial = (await desk.world.rows("SELECT serial FROM wallet_passes"))[0]["serial"]
    assert len(link) < 1800
    object_id, class_id = f"{issuer.issuer_id}.{serial}", f"{issuer.issuer_id}.{event.event_id}"
    claims = claims_of(link, issuer)
    assert claims["payload"] == {"eventTicketObjects": [{"id": object_id, "classId": class_id}]}
    assert claims["origins"] == ["https://lanyard.test"]
    assert desk.google.classes[class_id]["eventName"]["defaultValue"]["value"] == 'Žižkov "& <b>'
    assert desk.google.objects[object_id]["barcode"] == {"type": "QR_CODE", "value": "LYD1.first-code"}
    assert desk.google.asked == [
        "PUT eventTicketClass",
        "POST eventTicketClass",
        "PUT eventTicketObject",
        "POST eventTicketObject",
    ]


async def test_google_hears_nothing_of_a_ticket_whose_holder_never_asks(desk: Desk) -> None:
    shown = await desk.world.get(f"/v1/passes/{desk.ticket.pass_id}/wallet", by=desk.holder)
    assert shown.status_code == 200
    await desk.world.hear(PassVoided(**desk.ticket.model_dump() | {"sequence": 2, "status": "voided"}))
    await desk.update()
    assert (desk.google.asked, desk.google.tokens) == ([], [])


async def test_the_token_is_bought_once_and_again_when_google_takes_it_back_or_it_lapses(
    desk: Desk, clock: FrozenClock
) -> None:
    await desk.pressed()
    await desk.pressed()
    assert desk.google.tokens == ["token-1"]
    desk.google.tokens.append("token-unknown-to-us")
    await desk.pressed()
    assert desk.google.tokens == ["token-1", "token-unknown-to-us", "token-3"]
    desk.google.now = clock.advance(timedelta(hours=1))
    await desk.pressed()
    assert len(desk.google.tokens) == 4


async def test_two_presses_at_once_leave_one_object(desk: Desk) -> None:
    links = await asyncio.gather(*(desk.pressed() for _ in range(8)))
    assert len(set(links)) == 1
    assert (len(desk.google.classes), len(desk.google.objects), desk.google.tokens) == (1, 1, ["token-1"])


@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
async def test_a_refusal_by_google_is_told_and_a_job_makes_good_for_it(desk: Desk, status: int) -> None:
    desk.google.answers = [status]
    answer = await desk.press()
    assert (answer.status_code, answer.json()["code"]) == (503, "wallet.google_refused")
    assert answer.headers["retry-after"] == "30"
    assert desk.google.objects == {}
    await desk.update()
    assert len(desk.google.objects) == 1
    desk.google.asked.clear()
    await desk.update()
    assert desk.google.asked == []


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
        answer = await Desk(world, fake, ticket, holder).press()
        rows = await world.rows("SELECT google_wanted_at, google_put_at FROM wallet_passes")
    assert (answer.status_code, answer.json()["code"]) == (503, "outgoing.destination_unreachable")
    assert rows == [{"google_wanted_at": clock.now(), "google_put_at": None}]


@pytest.mark.parametrize("cause", ["refund", "cancelled event"])
async def test_a_saved_ticket_goes_inactive_at_google_when_it_is_voided(
    desk: Desk, clock: FrozenClock, event: EventPublished, cause: str
) -> None:
    news = {
        "refund": PassVoided(**desk.ticket.model_dump() | {"sequence": 2, "status": "voided"}),
        "cancelled event": EventCancelled(**event.model_dump() | {"sequence": 4, "status": "cancelled"}),
    }
    await desk.pressed()
    assert [body["state"] for body in desk.google.objects.values()] == ["ACTIVE"]
    clock.advance(timedelta(minutes=1))
    await desk.world.hear(news[cause])
    await desk.update()
    refused = await desk.press()
    assert [body["state"] for body in desk.google.objects.values()] == ["INACTIVE"]
    assert (refused.status_code, refused.json()["code"]) == (409, "wallet.pass_voided")
