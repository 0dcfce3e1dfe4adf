"""What identity hears takes effect once: twice delivered, in any order, after a crash, and whatever is poison stays aside."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from common.ids import (
    EventId,
    Id,
    OrderId,
    OrderLineId,
    OrganizationId,
    PaymentId,
    TicketTierId,
    UserId,
    WaitingListEntryId,
    WebhookEndpointId,
)
from common.messages import (
    LinePart,
    MemberChanged,
    MoneyPart,
    NotificationCreated,
    OrderPaid,
    OrderRejected,
    OrderResendRequested,
    OrganizationUpdated,
    PaymentFailed,
    PaymentReviewNeeded,
    UserCreated,
    UserUpdated,
    WaitingListPlacesOffered,
    WebhookEndpointDisabled,
)
from common.testing import Running, RunService, eventually, principals
from identity.actions.say_again import say_again

if TYPE_CHECKING:
    from services.identity.tests.conftest import Mailbox, People, Person

    from common.testing.servers import Servers

PAID_AT = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


def _id(kind: type[Id]) -> str:
    return principals.fresh(kind)


def paid_order(buyer: UserId, email: str = "ada@example.org", order_id: str | None = None) -> OrderPaid:
    """Two early birds for a concert."""
    money = MoneyPart(amount=150000, currency="NGN")
    line = LinePart(
        line_id=OrderLineId(_id(OrderLineId)),
        ticket_tier_id=TicketTierId(_id(TicketTierId)),
        ticket_tier_name="Early bird",
        quantity=2,
        unit_price=money,
    )
    return OrderPaid(
        sequence=2,
        order_id=OrderId(order_id or _id(OrderId)),
        event_id=EventId(_id(EventId)),
        event_name="Jazz & Co",
        organization_id=OrganizationId(_id(OrganizationId)),
        buyer_user_id=buyer,
        buyer_email=email,
        buyer_name="Ada",
        status="paid",
        disputed=False,
        total=MoneyPart(amount=300000, currency="NGN"),
        lines=[line],
        admissions=[],
        page_path="/o/secret-token",
        placed_at=PAID_AT,
        paid_at=PAID_AT,
    )


def payment(
    kind: type[PaymentFailed] | type[PaymentReviewNeeded], buyer: UserId, team: OrganizationId
) -> PaymentFailed | PaymentReviewNeeded:
    """A payment that did not go as it should."""
    return kind(
        sequence=3,
        payment_id=PaymentId(_id(PaymentId)),
        order_id=OrderId(_id(OrderId)),
        organization_id=team,
        buyer_user_id=buyer,
        provider="sandbox",
        status="failed",
        total=MoneyPart(amount=300000, currency="NGN"),
        reason=None,
    )


async def _told(world: Running, people: People, person: Person) -> list[tuple[str, str]]:
    answer = await world.get("/v1/notifications", await people.seen(world, person))
    return [(item["kind"], item["title"]) for item in answer.json()["items"]]


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
        assert [kind for kind, _ in await _told(world, people, ada)] == ["order.paid"]


async def test_a_message_delivered_five_times_and_said_anew_has_one_effect(
    run: RunService, people: People, mailbox: Mailbox
) -> None:
    """Scenario 50."""
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        order = paid_order(ada.user_id)
        message_id = await world.send(order)
        for _ in range(4):
            await world.send(order, message_id=message_id)
        await world.handled(message_id)
        await world.hear(order)
        await mailbox.link_for("ada@example.org", "Jazz & Co")
        assert await world.rows("SELECT count(*) AS n FROM mails WHERE key LIKE 'order.paid:%'") == [{"n": 1}]
        assert await _told(world, people, ada) == [("order.paid", "You are going to Jazz & Co")]
        [said] = await world.said(NotificationCreated)
        assert (said.user_id, said.kind, said.title, said.text, said.link) == (
            ada.user_id,
            "order.paid",
            "You are going to Jazz & Co",
            "2 tickets bought.",
            "https://lanyard.test/o/secret-token",
        )


async def test_an_order_of_someone_without_an_account_here_is_mailed_all_the_same(
    run: RunService, mailbox: Mailbox
) -> None:
    async with run() as world:
        await world.hear(paid_order(UserId(_id(UserId)), "stranger@example.org"))
        assert await mailbox.link_for("stranger@example.org") == "https://lanyard.test/o/secret-token"
        assert await world.count("notifications") == 0


async def test_whoever_waited_is_mailed_once_that_their_turn_came_and_until_when(
    run: RunService, people: People, mailbox: Mailbox
) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        offer = WaitingListPlacesOffered(
            sequence=1,
            entry_id=WaitingListEntryId(_id(WaitingListEntryId)),
            order_id=OrderId(_id(OrderId)),
            event_id=EventId(_id(EventId)),
            event_name="Jazz & Co",
            timezone="Africa/Lagos",
            organization_id=OrganizationId(_id(OrganizationId)),
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
        assert await _told(world, people, ada) == [("waiting_list.places_offered", "Your turn: Jazz & Co")]


async def test_a_buyer_is_mailed_once_that_the_organiser_said_no_and_why(
    run: RunService, people: People, mailbox: Mailbox
) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        rejected = OrderRejected(
            sequence=3,
            order_id=OrderId(_id(OrderId)),
            event_id=EventId(_id(EventId)),
            event_name="Jazz & Co",
            organization_id=OrganizationId(_id(OrganizationId)),
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
        assert await _told(world, people, ada) == [("order.rejected", "Jazz & Co: not approved")]


async def test_messages_about_a_payment_end_alike_in_whatever_order_they_come(run: RunService, people: People) -> None:
    async with run() as world:
        ada, olu = await people.sign_in(world, "ada@example.org"), await people.sign_in(world, "olu@example.org")
        team = await people.found(world, olu)
        failed, review = (payment(kind, ada.user_id, team) for kind in (PaymentFailed, PaymentReviewNeeded))
        await world.hear(review, failed)
        await world.hear(failed, review)
        assert sorted(await _told(world, people, ada)) == [
            ("payment.failed", "Your payment did not go through"),
            ("payment.review_needed", "We are checking your payment"),
        ]
        assert await _told(world, people, olu) == [("payment.review_needed", "A payment needs your decision")]


async def test_a_lost_webhook_is_told_once_to_those_who_may_set_it_right(run: RunService, people: People) -> None:
    async with run() as world:
        olu, fin = await people.sign_in(world, "olu@example.org"), await people.sign_in(world, "fin@example.org")
        team = await people.found(world, olu)
        await people.add(world, olu, team, "fin@example.org", "finance")
        lost = WebhookEndpointDisabled(
            sequence=1,
            webhook_endpoint_id=WebhookEndpointId(_id(WebhookEndpointId)),
            organization_id=team,
            host="shop.example.org",
            reason="failing",
        )
        await world.hear(lost, lost)
        title = "shop.example.org no longer hears of your orders"
        assert await _told(world, people, olu) == [("webhook_endpoint.disabled", title)]
        assert await _told(world, people, fin) == [("member.added", "You now belong to Acme")]


async def test_what_was_heard_before_a_crash_is_not_told_again_after_it(
    run: RunService, people: People, mailbox: Mailbox, servers: Servers
) -> None:
    urls = servers.database("identity")
    async with run(urls=urls) as world:
        ada = await people.sign_in(world, "ada@example.org")
        order = paid_order(ada.user_id)
        message_id = await world.send(order)
        await world.handled(message_id)
        await mailbox.link_for("ada@example.org", "Jazz & Co")
    async with run(urls=urls) as world:
        await world.send(order, message_id=message_id)
        await world.hear(paid_order(ada.user_id, "later@example.org"))
        await mailbox.link_for("later@example.org")
        assert len(mailbox.to("ada@example.org", "Jazz & Co")) == 1
    servers.drop(urls)


async def test_a_message_nobody_can_read_is_set_aside_and_the_next_is_heard(
    run: RunService, people: People, mailbox: Mailbox
) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        order = paid_order(ada.user_id)
        await world.send(order, body='{"sequence": 1}')

        async def dead() -> bool:
            return await world.count("dead_letters") == 1

        await eventually(dead, what="the poison message being set aside")
        await world.hear(order)
        await mailbox.link_for("ada@example.org", "Jazz & Co")
        assert await world.count("notifications") == 1


async def test_everything_said_again_carries_its_present_state(run: RunService, people: People) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        organization_id = await people.found(world, ada)
        await world.patch("/v1/me", await people.seen(world, ada), json={"name": "Ada"})
        async with world.database.transaction() as tx:
            assert await say_again(tx) == 3
        assert [said.name for said in await world.said(UserCreated)] == [None]
        assert [(said.name, said.sequence) for said in await world.said(UserUpdated)] == [("Ada", 2), ("Ada", 2)]
        assert [said.organization_id for said in await world.said(OrganizationUpdated)] == [organization_id]
        assert [said.role for said in await world.said(MemberChanged)] == ["owner", "owner"]


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
