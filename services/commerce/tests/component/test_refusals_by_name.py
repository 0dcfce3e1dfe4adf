"""What is not there, or not yours, is said by a code of its own, and asking for it changes nothing."""

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from common.ids import OrderLineId, OrganizationId, RefundId, WaitingListEntryId, WebhookEndpointId
from common.testing import Running, RunService
from common.testing.principals import fresh, member_of

if TYPE_CHECKING:
    from services.commerce.tests.component.conftest import Receiver
    from services.commerce.tests.conftest import Stall

KEPT = (
    *("orders", "admissions", "payments", "refunds", "ledger_transfers", "payouts", "waiting_list_entries"),
    *("webhook_endpoints", "webhook_deliveries", "stock"),
)


async def everything(world: Running) -> dict[str, object]:
    """What each table holds, so short that it can be compared."""
    digest = "SELECT md5(coalesce(string_agg(one::text, ' ' ORDER BY one::text), '')) AS sum FROM {} AS one"
    return {table: (await world.rows(digest.format(table)))[0]["sum"] for table in KEPT}


async def test_what_is_unknown_or_anothers_is_refused_by_its_name_and_nothing_changes(
    run: RunService, stall: "Stall", receiver: "Receiver"
) -> None:
    stranger = member_of(OrganizationId(fresh(OrganizationId)), "owner")
    finance, admin = member_of(stall.organization_id, "finance"), member_of(stall.organization_id, "admin")
    async with run(settings={"webhook_origins": receiver.origin}) as world:
        [tier] = await stall.open(world)
        await stall.sell_by(world, waitingList=True)
        order = await stall.paid(world, (tier, 2))
        refund = await stall.refunded(world, order, amount={"amount": 100, "currency": "NGN"})
        assert await stall.refunds(world, order) == [("done", 100)]
        organization = f"/v1/organizations/{stall.organization_id}"
        hook = {"url": f"{receiver.origin}/hooks", "types": ["order.expired"]}
        made = (await world.post(f"{organization}/webhooks", admin, key=uuid4().hex, json=hook)).json()
        line = order["lines"][0]["id"]
        own, others = fresh(WebhookEndpointId), made["id"]
        organization_unknown: list[tuple[str, str, Any, Any]] = [
            ("GET", f"{organization}/balance", stranger, None),
            ("GET", f"{organization}/payouts", stranger, None),
            ("POST", f"{organization}/payouts", stranger, {"currency": "NGN"}),
        ]
        admission_unknown = [
            ("PATCH", f"/v1/orders/{order['id']}/admissions/{line}/3", stall.buyer, {"name": "Eve"}),
            ("PATCH", f"/v1/orders/{order['id']}/admissions/{fresh(OrderLineId)}/1", stall.manager, {"name": "Eve"}),
        ]
        refund_unknown = [
            ("POST", f"/v1/refunds/{fresh(RefundId)}/retry", finance, None),
            ("POST", f"/v1/refunds/{refund['id']}/retry", stranger, None),
        ]
        entry = f"/v1/waiting-list/{fresh(WaitingListEntryId)}"
        entry_unknown = [("DELETE", entry, stall.buyer, None), ("PATCH", entry, stall.manager, {"priority": 1})]
        webhook_unknown = [
            (method, f"/v1/webhooks/{which}{more}", by, body)
            for which, by in ((own, admin), (others, stranger))
            for method, more, body in (
                ("GET", "", None),
                ("GET", "/deliveries", None),
                ("PATCH", "", {"enabled": False}),
                ("DELETE", "", None),
                ("POST", "/rotate-secret", None),
                ("POST", "/test", None),
                ("POST", "/replay", {"from": 1}),
            )
        ]
        before = await everything(world)
        for code, asked in (
            ("commerce.unknown_organization", organization_unknown),
            ("commerce.unknown_admission", admission_unknown),
            ("commerce.unknown_refund", refund_unknown),
            ("commerce.unknown_waiting_list_entry", entry_unknown),
            ("commerce.unknown_webhook", webhook_unknown),
        ):
            for method, path, by, body in asked:
                answer = await world.call(method, path, by, key=uuid4().hex, json=body)
                assert (answer.status_code, answer.json()["code"]) == (404, code), (method, path, answer.text)
        assert await everything(world) == before
