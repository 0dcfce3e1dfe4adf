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
)
from common.messages import (
    LinePart,
    MemberChanged,
    MoneyPart,
    NotificationCreated,
    OrderPaid,
    OrganizationUpdated,
    PaymentFailed,
    PaymentReviewNeeded,
    UserCreated,
    UserUpdated,
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
