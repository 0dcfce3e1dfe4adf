"""What belongs to others: refused as if it were not there, whatever is asked of it, and nothing is changed by asking."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from common.ids import (
    AddOnId,
    ApiKeyId,
    DocumentId,
    EventId,
    Id,
    OrderId,
    OrderLineId,
    OrganizationId,
    PromoCodeId,
    RefundId,
    TicketTierId,
    WaitingListEntryId,
    WebhookEndpointId,
)
from common.principal import ANONYMOUS, Principal
from common.testing import Running, RunService, principals
from common.testing.principals import fresh, member_of

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

Names = Mapping[str, str]

LINES = {"lines": [{"ticketTierId": "$ticket_tier_id", "quantity": 1}]}
MONEY = {"amount": 1, "currency": "NGN"}
PAIRS: dict[str, dict[str, Any] | None] = {
    "PATCH /v1/add-ons/{add_on_id}": {"name": "Other"},
    "GET /v1/documents/{document_id}/pdf": None,
    "GET /v1/events/{event_id}/add-ons": None,
    "POST /v1/events/{event_id}/add-ons": {"name": "Other", "price": MONEY},
    "GET /v1/events/{event_id}/availability": None,
    "POST /v1/events/{event_id}/orders": {**LINES, "payment": "complimentary", "buyer": {"email": "a@example.org"}},
    "GET /v1/events/{event_id}/orders.csv": None,
    "GET /v1/events/{event_id}/promo-codes": None,
    "POST /v1/events/{event_id}/promo-codes": {"name": "Other", "kind": "percent", "rate": 1},
    "GET /v1/events/{event_id}/refund-run": None,
    "GET /v1/events/{event_id}/sale-settings": None,
    "PUT /v1/events/{event_id}/sale-settings": {"holdMinutes": 20},
    "GET /v1/events/{event_id}/sales": None,
    "GET /v1/events/{event_id}/waiting-list": None,
    "PATCH /v1/events/{event_id}/waiting-list": {"offerMinutes": 20},
    "POST /v1/events/{event_id}/waiting-list": {"ticketTierId": "$ticket_tier_id", "quantity": 1},
    "POST /v1/orders": {"eventId": "$event_id", **LINES},
    "POST /v1/orders/quote": {"eventId": "$event_id", **LINES},
    "GET /v1/orders/{order_id}": None,
    "PATCH /v1/orders/{order_id}/admissions/{line_id}/1": {"name": "Other"},
    "POST /v1/orders/{order_id}/approve": None,
    "GET /v1/orders/{order_id}/billing-details": None,
    "PUT /v1/orders/{order_id}/billing-details": {"name": "Other"},
    "POST /v1/orders/{order_id}/cancel": None,
    "GET /v1/orders/{order_id}/documents": None,
    "POST /v1/orders/{order_id}/extend": None,
    "PUT /v1/orders/{order_id}/items": LINES,
    "POST /v1/orders/{order_id}/payments": {"provider": "sandbox"},
    "GET /v1/orders/{order_id}/refunds": None,
    "POST /v1/orders/{order_id}/refunds": {"amount": MONEY, "reason": "because"},
    "POST /v1/orders/{order_id}/reject": {"reason": "because"},
    "POST /v1/orders/{order_id}/resend": None,
    "POST /v1/orders/{order_id}/review": {"decision": "refund", "reason": "because"},
    "GET /v1/organizations/{organization_id}/balance": None,
    "GET /v1/organizations/{organization_id}/billing-details": None,
    "PUT /v1/organizations/{organization_id}/billing-details": {"name": "Other", "address": "Elsewhere"},
    "GET /v1/organizations/{organization_id}/orders": None,
    "GET /v1/organizations/{organization_id}/payouts": None,
    "POST /v1/organizations/{organization_id}/payouts": {"currency": "NGN"},
    "GET /v1/organizations/{organization_id}/webhooks": None,
    "POST /v1/organizations/{organization_id}/webhooks": {"url": "https://shop.example.org/hooks"},
    "PATCH /v1/promo-codes/{promo_code_id}": {"name": "Other"},
    "POST /v1/refunds/{refund_id}/retry": None,
    "GET /v1/ticket-tiers/{ticket_tier_id}/sale-settings": None,
    "PUT /v1/ticket-tiers/{ticket_tier_id}/sale-settings": {"taxRate": 1},
    "DELETE /v1/waiting-list/{entry_id}": None,
    "PATCH /v1/waiting-list/{entry_id}": {"priority": 1},
    "DELETE /v1/webhooks/{webhook_endpoint_id}": None,
    "GET /v1/webhooks/{webhook_endpoint_id}": None,
    "PATCH /v1/webhooks/{webhook_endpoint_id}": {"enabled": False},
    "GET /v1/webhooks/{webhook_endpoint_id}/deliveries": None,
    "POST /v1/webhooks/{webhook_endpoint_id}/replay": {"from": 1},
    "POST /v1/webhooks/{webhook_endpoint_id}/rotate-secret": None,
    "POST /v1/webhooks/{webhook_endpoint_id}/test": None,
}
"""Every route that names something of somebody's, with a body it would take."""
OWN_OR_PUBLIC = {
    "GET /v1/me/waiting-list",
    "GET /v1/orders",
    "GET /o/{token}",
    "GET /o/{token}/receipt.pdf",
    "POST /o/{token}/payments",
    "GET /sandbox/checkout/{payment_id}",
    "POST /sandbox/checkout/{payment_id}",
    "POST /v1/sandbox/payments/{payment_id}",
    "POST /v1/payments/webhooks/{provider}",
    "POST /v1/cron/commerce.{job}",
}
"""Those that ask for nothing of others, or are opened by a secret or a signature."""

KINDS: dict[str, type[Id]] = {
    "event_id": EventId,
    "organization_id": OrganizationId,
    "order_id": OrderId,
    "line_id": OrderLineId,
    "document_id": DocumentId,
    "refund_id": RefundId,
    "ticket_tier_id": TicketTierId,
    "promo_code_id": PromoCodeId,
    "add_on_id": AddOnId,
    "entry_id": WaitingListEntryId,
    "webhook_endpoint_id": WebhookEndpointId,
}
TABLES = [
    "add_ons",
    "admissions",
    "document_counters",
    "documents",
    "event_sale_settings",
    "order_approvals",
    "order_resends",
    "orders",
    "payments",
    "payouts",
    "promo_codes",
    "refunds",
    "seller_details",
    "buyer_details",
    "stock",
    "tier_sale_settings",
    "waiting_list_entries",
    "waiting_list_settings",
    "webhook_deliveries",
    "webhook_endpoints",
]


@dataclass(frozen=True)
class Answer:
    """All of an answer but its trace."""

    status: int
    body: dict[str, Any]
    retry_after: str | None


async def ask(world: Running, route: str, names: Names, by: Principal) -> Answer:
    """What a route answers about things of those names."""
    method, path = route.split(" ")
    body = PAIRS[route]
    options: dict[str, Any] = {} if body is None else {"json": json.loads(Template(json.dumps(body)).substitute(names))}
    answer = await world.call(method, path.format(**names), by, key=uuid4().hex, headers={"If-Match": "*"}, **options)
    problem = answer.headers.get("Content-Type") == "application/problem+json"
    return Answer(
        answer.status_code,
        {**answer.json(), "traceId": None} if problem else {},
        answer.headers.get("Retry-After"),
    )


async def everything(world: Running) -> dict[str, object]:
    """A fingerprint of each table."""
    query = "SELECT md5(coalesce(string_agg(t::text, ' ' ORDER BY t::text), '')) AS print FROM {} AS t"
    return {table: (await world.rows(query.format(table)))[0]["print"] for table in TABLES}


async def things_of(world: Running, stall: "Stall") -> dict[str, str]:
    """One of everything somebody may own; the event and its further things are a draft."""
    manager, owner = stall.manager, member_of(stall.organization_id, "owner")
    [tier] = await stall.open(world, {"capacity": 3})
    await stall.sell_by(world, waitingList=True)
    order = await stall.paid(world, (tier, 2))
    refund = await stall.refunded(world, order, lines=[{"lineId": order["lines"][0]["id"], "quantity": 1}])
    await stall.refunds(world, order)
    await stall.placed(world, (tier, 2))
    waits = f"/v1/events/{stall.event_id}/waiting-list"
    entry = await world.post(waits, principals.user(), json={"ticketTierId": tier, "quantity": 1})
    documents = await world.get(f"/v1/orders/{order['id']}/documents", stall.buyer)
    hooks = f"/v1/organizations/{stall.organization_id}/webhooks"
    hook = await world.post(
        hooks, owner, key="hook", json={"url": "https://shop.example.org/hooks", "types": ["order.expired"]}
    )
    draft = type(stall)(organization_id=stall.organization_id)
    drafted = draft.tier(world.clock.now(), event_status="draft")
    await world.hear(draft.event(world.clock.now(), status="draft"), drafted)
    extras = f"/v1/events/{draft.event_id}/add-ons"
    add_on = await world.post(extras, manager, key="add-on", json={"name": "Parking", "price": MONEY})
    return {
        "event_id": draft.event_id,
        "organization_id": stall.organization_id,
        "order_id": order["id"],
        "line_id": order["lines"][0]["id"],
        "document_id": documents.json()["items"][0]["id"],
        "refund_id": refund["id"],
        "ticket_tier_id": drafted.ticket_tier_id,
        "promo_code_id": (await draft.promo(world))["id"],
        "add_on_id": add_on.json()["id"],
        "entry_id": entry.json()["id"],
        "webhook_endpoint_id": hook.json()["id"],
    }


async def test_what_belongs_to_others_is_as_if_it_were_not_there(run: RunService, stall: "Stall") -> None:
    elsewhere = OrganizationId(fresh(OrganizationId))
    strangers = [
        ANONYMOUS,
        principals.user("sam@example.org", "Sam"),
        member_of(elsewhere, "owner"),
        principals.device_of(elsewhere),
        Principal(kind="key", subject=fresh(ApiKeyId), organization_roles={elsewhere: "admin"}),
        principals.platform("release_manager"),
    ]
    nothing = {name: str(fresh(kind)) for name, kind in KINDS.items()}
    async with run() as world:
        theirs = await things_of(world, stall)
        before = await everything(world)
        for route in PAIRS:
            for stranger in strangers:
                refused = await ask(world, route, theirs, stranger)
                assert refused.status in (401, 404), (route, stranger.kind, refused)
                assert refused == await ask(world, route, nothing, stranger), (route, stranger.kind)
        assert await everything(world) == before


async def test_who_may_only_look_on_changes_nothing(run: RunService, stall: "Stall") -> None:
    organization = stall.organization_id
    onlookers = [
        member_of(organization, "viewer"),
        member_of(organization, "scanner"),
        member_of(organization, "suspended"),
        principals.device_of(organization),
        principals.platform("moderator"),
    ]
    for_everyone = {"POST /v1/orders", "POST /v1/orders/quote", "POST /v1/events/{event_id}/waiting-list"}
    async with run() as world:
        theirs = await things_of(world, stall)
        before = await everything(world)
        for route in PAIRS.keys() - for_everyone:
            if route.startswith("GET"):
                continue
            for onlooker in onlookers:
                refused = await ask(world, route, theirs, onlooker)
                assert refused.status in (401, 403, 404), (route, onlooker.organization_roles, refused)
                assert refused.status != 403 or refused.body["capability"], route
        assert await everything(world) == before


async def test_no_route_is_left_out_of_these_tests(run: RunService) -> None:
    async with run() as world:
        paths = world.app.openapi()["paths"]
    known = {f"{method.upper()} {path}".replace("{ordinal}", "1") for path, ways in paths.items() for method in ways}
    house = {route for route in known if route.split(" ")[1] in ("/healthz", "/readyz", "/metrics")}
    assert known - house == PAIRS.keys() | OWN_OR_PUBLIC
