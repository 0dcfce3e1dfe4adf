"""What identity hears takes effect once: twice delivered, in any order, after a crash, and whatever is poison stays aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.identity.tests.heard import paid_order, payment, told_to

from common.messages import (
    MemberChanged,
    NotificationCreated,
    OrganizationUpdated,
    PaymentFailed,
    PaymentReviewNeeded,
    UserCreated,
    UserUpdated,
)
from common.testing import RunService, eventually
from identity.actions.say_again import say_again

if TYPE_CHECKING:
    from services.identity.tests.conftest import Mailbox, People

    from common.testing.servers import Servers


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
        assert await told_to(world, people, ada) == [("order.paid", "You are going to Jazz & Co")]
        [said] = await world.said(NotificationCreated)
        assert (said.user_id, said.kind, said.title, said.text, said.link) == (
            ada.user_id,
            "order.paid",
            "You are going to Jazz & Co",
            "2 tickets bought.",
            "https://lanyard.test/o/secret-token",
        )


async def test_messages_about_a_payment_end_alike_in_whatever_order_they_come(run: RunService, people: People) -> None:
    async with run() as world:
        ada, olu = await people.sign_in(world, "ada@example.org"), await people.sign_in(world, "olu@example.org")
        team = await people.found(world, olu)
        failed, review = (payment(kind, ada.user_id, team) for kind in (PaymentFailed, PaymentReviewNeeded))
        await world.hear(review, failed)
        await world.hear(failed, review)
        assert sorted(await told_to(world, people, ada)) == [
            ("payment.failed", "Your payment did not go through"),
            ("payment.review_needed", "We are checking your payment"),
        ]
        assert await told_to(world, people, olu) == [("payment.review_needed", "A payment needs your decision")]


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
