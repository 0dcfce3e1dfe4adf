"""What people are told of what commerce says: by mail, and inside the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from services.identity.tests.heard import PAID_AT, paid_order, told_to

from common.ids import NOBODY, EventId, OrderId, OrganizationId, UserId, WaitingListEntryId, WebhookEndpointId
from common.messages import (
    MoneyPart,
    OrderRejected,
    OrderResendRequested,
    WaitingListPlacesOffered,
    WebhookEndpointDisabled,
)
from common.testing import RunService
from common.testing.overhearing import naming, round_trips
from common.testing.principals import fresh

if TYPE_CHECKING:
    from services.identity.tests.conftest import Mailbox, People


async def test_a_paid_order_gives_one_mail_with_its_link_and_one_notification(
    run: RunService, people: People, mailbox: Mailbox
) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        await world.hear(paid_order(ada.user_id))
        assert await mailbox.link_for("ada@example.org", "Jazz & Co") == "https://lanyard.test/o/secret-token"
        answer = (await world.get("/v1/notifications", await people.seen(world, ada))).json()
        [item] = answer["items"]
        assert (item["kind"], item["body"], item["link"]) == (
            "order.paid",
            "2 tickets bought.",
            "https://lanyard.test/o/secret-token",
        )
        assert answer["unread"] == 1


async def test_each_request_for_the_mail_about_an_order_sends_one(
    run: RunService, people: People, mailbox: Mailbox
) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        order = paid_order(ada.user_id)
        requests = [
            OrderResendRequested(
                sequence=request,
                order_id=order.order_id,
                event_name=order.event_name,
                organization_id=order.organization_id,
                buyer_user_id=ada.user_id,
                buyer_email="ada@example.org",
                status="paid",
                lines=order.lines,
                page_path=order.page_path,
                request=request,
            )
            for request in (1, 2)
        ]
        await world.hear(order, requests[0], requests[0], requests[1])
        assert (
            await mailbox.link_for("ada@example.org", "Your order for Jazz & Co")
            == "https://lanyard.test/o/secret-token"
        )
        assert await world.rows("SELECT count(*) AS n FROM mails WHERE key LIKE 'order.resend%'") == [{"n": 2}]
        assert [kind for kind, _ in await told_to(world, people, ada)] == ["order.paid"]


async def test_an_order_of_someone_without_an_account_here_is_mailed_all_the_same(
    run: RunService, mailbox: Mailbox
) -> None:
    async with run() as world:
        await world.hear(paid_order(UserId(fresh(UserId)), "stranger@example.org"))
        assert await mailbox.link_for("stranger@example.org") == "https://lanyard.test/o/secret-token"
        assert await world.count("notifications") == 0


async def test_an_order_made_by_staff_is_mailed_once_in_a_single_round_trip_for_its_buyer_is_nobody(
    run: RunService, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world:
        order = paid_order(NOBODY, "door@example.org")
        with round_trips(monkeypatch) as trips:
            await world.hear(order)
        [said] = naming(trips, b"INSERT INTO inbox")
        assert [words.split()[0] for words in said] == [b"BEGIN", b"INSERT", b"INSERT", b"COMMIT"]
        assert naming(trips, b"notifications") == []
        await world.hear(order)
        assert await mailbox.link_for("door@example.org") == "https://lanyard.test/o/secret-token"
        assert await world.rows("SELECT count(*) AS n FROM mails") == [{"n": 1}]


async def test_whoever_waited_is_mailed_once_that_their_turn_came_and_until_when(
    run: RunService, people: People, mailbox: Mailbox
) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        offer = WaitingListPlacesOffered(
            sequence=1,
            entry_id=WaitingListEntryId(fresh(WaitingListEntryId)),
            order_id=OrderId(fresh(OrderId)),
            event_id=EventId(fresh(EventId)),
            event_name="Jazz & Co",
            timezone="Africa/Lagos",
            organization_id=OrganizationId(fresh(OrganizationId)),
            user_id=ada.user_id,
            email="ada@example.org",
            ticket_tier_name="Early bird",
            quantity=2,
            total=MoneyPart(amount=300000, currency="NGN"),
            page_path="/o/secret-token",
            reserved_until=PAID_AT,
        )
        await world.hear(offer, offer)
        assert await mailbox.link_for("ada@example.org", "Your turn") == "https://lanyard.test/o/secret-token"
        words = " ".join((await mailbox.newest_text_to("ada@example.org", "Your turn")).split())
        assert "2 x Early bird, NGN 3,000.00 together" in words
        assert "Until Friday, 20 November 2026, 19:00 (Africa/Lagos)." in words
        assert len(mailbox.to("ada@example.org", "Your turn")) == 1
        assert await told_to(world, people, ada) == [("waiting_list.places_offered", "Your turn: Jazz & Co")]


async def test_a_buyer_is_mailed_once_that_the_organiser_said_no_and_why(
    run: RunService, people: People, mailbox: Mailbox
) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        rejected = OrderRejected(
            sequence=3,
            order_id=OrderId(fresh(OrderId)),
            event_id=EventId(fresh(EventId)),
            event_name="Jazz & Co",
            organization_id=OrganizationId(fresh(OrganizationId)),
            buyer_user_id=ada.user_id,
            buyer_email="ada@example.org",
            reason="members only",
            page_path="/o/secret-token",
        )
        await world.hear(rejected, rejected)
        assert await mailbox.link_for("ada@example.org", "Your order") == "https://lanyard.test/o/secret-token"
        words = await mailbox.newest_text_to("ada@example.org", "Your order")
        assert "Your card was not charged." in words
        assert "Their reason: members only" in words
        assert len(mailbox.to("ada@example.org", "Your order")) == 1
        assert await told_to(world, people, ada) == [("order.rejected", "Jazz & Co: not approved")]


async def test_a_lost_webhook_is_told_once_to_those_who_may_set_it_right(run: RunService, people: People) -> None:
    async with run() as world:
        olu, fin = await people.sign_in(world, "olu@example.org"), await people.sign_in(world, "fin@example.org")
        team = await people.found(world, olu)
        await people.add(world, olu, team, "fin@example.org", "finance")
        lost = WebhookEndpointDisabled(
            sequence=1,
            webhook_endpoint_id=WebhookEndpointId(fresh(WebhookEndpointId)),
            organization_id=team,
            host="shop.example.org",
            reason="failing",
        )
        await world.hear(lost, lost)
        title = "shop.example.org no longer hears of your orders"
        assert await told_to(world, people, olu) == [("webhook_endpoint.disabled", title)]
        assert await told_to(world, people, fin) == [("member.added", "You now belong to Acme")]


async def test_reading_notifications_touches_ones_own_alone(run: RunService, people: People) -> None:
    async with run() as world:
        ada, eve = await people.sign_in(world, "ada@example.org"), await people.sign_in(world, "eve@example.org")
        await world.hear(paid_order(ada.user_id), paid_order(ada.user_id))
        listed = (await world.get("/v1/notifications", await people.seen(world, ada))).json()
        first = listed["items"][0]["id"]
        stolen = await world.post("/v1/notifications/read", await people.seen(world, eve), json={"ids": [first]})
        assert stolen.json() == {"unread": 0}
        one = await world.post("/v1/notifications/read", await people.seen(world, ada), json={"ids": [first]})
        assert one.json() == {"unread": 1}
        everything = await world.post("/v1/notifications/read", await people.seen(world, ada), json={})
        assert everything.json() == {"unread": 0}
