"""Everything of one organiser's that has an id of its own, and the owner of another organisation who wants it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from tests.e2e.journey import Journey, Person, photo

Names = Mapping[str, tuple[str, ...]]
"""Parameter of a path → ids. Those of several parameters that stand in the same place belong together."""


@dataclass(frozen=True)
class Belongings:
    """Whose is what. `published` is an event that everyone knows of; the `eventId` of `theirs` is a draft."""

    journey: Journey
    organiser: Person
    rival: Person
    theirs: Names
    rivals: dict[str, str]
    """What the rival has: what a thing of the organiser's might be looked for in."""
    published: dict[str, str]
    slugs: dict[str, str]
    """Of what is not public yet."""

    def send(self, method: str, path: str, by: Person, **options: Any) -> httpx.Response:
        """One request, with all that a write may have to bring along."""
        headers = dict(by.headers)
        if method != "GET":
            headers |= {"If-Match": '"1"', "Idempotency-Key": self.journey.mark + datetime.now(UTC).isoformat()}
        return self.journey.http.request(method, path, headers=headers, **options)


@dataclass(frozen=True)
class _Maker:
    journey: Journey
    by: Person

    def make(self, path: str, by: Person | None = None, *, method: str = "POST", **body: Any) -> Any:
        headers = {"Idempotency-Key": self.journey.mark + datetime.now(UTC).isoformat()}
        if method == "PUT":
            headers["If-Match"] = self.wait_for(path).headers["etag"]
        sender = by or self.by

        def known() -> httpx.Response | None:
            answer = self.journey.http.request(method, path, headers={**sender.headers, **headers}, json=body)
            return None if answer.status_code == 404 else answer

        answer = self.journey.wait(path, known)
        assert answer.is_success, (path, answer.text)
        return answer.json()

    def wait_for(self, path: str) -> httpx.Response:
        def found() -> httpx.Response | None:
            answer = self.journey.http.get(path, headers=self.by.headers)
            return answer if answer.status_code == 200 else None

        return self.journey.wait(path, found)

    def first_of(self, path: str) -> str:
        def found() -> str | None:
            items = self.wait_for(path).json()["items"]
            return str(items[0]["id"]) if items else None

        return self.journey.wait(path, found)

    def event(self, organization_id: str) -> Any:
        starts = datetime.now(UTC) + timedelta(days=2)
        hours: dict[str, Any] = {"startsAt": starts.isoformat(), "endsAt": (starts + timedelta(hours=5)).isoformat()}
        name = f"Not yet public {self.journey.mark}"
        return self.make("/v1/events", organizationId=organization_id, name=name, timezone="Africa/Lagos", **hours)

    def tier(self, event_id: str, amount: int = 100, capacity: int = 5) -> str:
        price = {"amount": amount, "currency": "NGN"}
        made = self.make(f"/v1/events/{event_id}/ticket-tiers", name=f"T{amount}", price=price, capacity=capacity)
        return str(made["id"])


def set_out(journey: Journey) -> Belongings:
    """Found two organisations, and give the first one of everything."""
    organiser, organization_id = journey.organise()
    rival, buyer = journey.sign_in("whose-rival"), journey.sign_in("whose-buyer")
    maker = _Maker(journey, organiser)
    draft = maker.event(organization_id)
    tier_id = maker.tier(draft["id"])
    event_id, paid_tier = journey.publish_event(organiser, organization_id)
    names: dict[str, tuple[str, ...]] = {
        "eventId": (draft["id"],),
        "ticketTierId": (tier_id,),
        "organizationId": (organization_id,),
        "ordinal": ("1",),
        **_in_identity(maker, organization_id),
        **_of_the_platform(journey, organiser),
        **_on_sale(maker, event_id, organization_id),
        **_orders(maker, buyer, event_id, paid_tier),
        **_pictures(maker, organization_id, event_id),
        "cancelledEventId": (_called_off(maker, organization_id),),
    }
    slugs = {"eventId": draft["slug"], "campaignId": f"drafted-{journey.mark}"}
    published = {"eventId": event_id, "ticketTierId": paid_tier}
    return Belongings(journey, organiser, rival, names, _rivals(journey, rival, event_id, paid_tier), published, slugs)


def _in_identity(maker: _Maker, organization_id: str) -> dict[str, tuple[str, ...]]:
    organization, mark = f"/v1/organizations/{organization_id}", maker.journey.mark
    workspace = maker.make(f"{organization}/workspaces", name="Theirs", slug=f"theirs-{mark}")["id"]
    helper: dict[str, Any] = {"email": maker.journey.sign_in("whose-helper").email, "role": "viewer"}
    places = (organization, f"/v1/workspaces/{workspace}")
    return {
        "workspaceId": (workspace,),
        "memberId": tuple(maker.make(f"{place}/members", **helper)["id"] for place in places),
        "deviceId": (maker.make(f"{organization}/devices", name="Door", role="scanner")["id"],),
        "apiKeyId": (maker.make(f"{organization}/api-keys", name="Shop", role="viewer")["id"],),
        "signInId": (maker.first_of("/v1/me/sign-ins"),),
    }


def _of_the_platform(journey: Journey, organiser: Person) -> dict[str, tuple[str, ...]]:
    admin = _Maker(journey, journey.sign_in("whose-admin", journey.stack.admin_email))
    version = f"{datetime.now(UTC):%Y.%j.%H%M%S}1"
    notes = {"added": ["Nothing to see yet."]}
    release = admin.make("/v1/releases", version=version, channel="production", commitHash="a" * 40, notes=notes)
    return {
        "releaseId": (release["id"],),
        "adminId": (admin.first_of("/v1/admin/admins"),),
        "userId": (organiser.user_id,),
    }


def _on_sale(maker: _Maker, event_id: str, organization_id: str) -> dict[str, tuple[str, ...]]:
    # It is told of nothing that happens here, so that its deliveries stay as they are.
    quiet: dict[str, Any] = {"url": "https://shop.example.org/hooks", "types": ["order.expired"]}
    event, price = f"/v1/events/{event_id}", {"amount": 100, "currency": "NGN"}
    hooks = f"/v1/organizations/{organization_id}/webhooks"
    return {
        "promoCodeId": (maker.make(f"{event}/promo-codes", name="Tenth", kind="percent", rate=1000)["id"],),
        "addOnId": (maker.make(f"{event}/add-ons", name="Parking", price=price)["id"],),
        "webhookEndpointId": (maker.make(hooks, **quiet)["id"],),
    }


def _orders(maker: _Maker, buyer: Person, event_id: str, paid_tier: str) -> dict[str, tuple[str, ...]]:
    """One that waits for its payment, one that is paid and in part refunded, one that waits for approval."""
    last, asked = maker.tier(event_id, capacity=1), maker.tier(event_id, 200)
    maker.make(f"/v1/events/{event_id}/sale-settings", method="PUT", waitingList=True)
    maker.make(f"/v1/ticket-tiers/{asked}/sale-settings", method="PUT", requiresApproval=True)
    orders = [_order(maker, buyer, event_id, tier) for tier in (last, paid_tier, asked)]
    paid = f"/v1/orders/{orders[1]['id']}"
    payment = maker.make(f"{paid}/payments", buyer, provider="sandbox")["id"]
    maker.journey.call("POST", f"/v1/sandbox/payments/{payment}", buyer, expect=202, json={"outcome": "succeed"})
    issued = maker.first_of(f"/v1/passes?orderId={orders[1]['id']}")
    maker.wait_for(f"/v1/passes/{issued}/wallet")
    maker.make(f"{paid}/refunds", amount={"amount": 100, "currency": "NGN"}, reason="a gesture")
    maker.journey.wait(
        "the refund", lambda: maker.wait_for(f"{paid}/refunds").json()["items"][0]["status"] == "done" or None
    )
    entry = maker.make(f"/v1/events/{event_id}/waiting-list", buyer, ticketTierId=last, quantity=1)
    return {
        "orderId": tuple(order["id"] for order in orders),
        "lineId": tuple(order["lines"][0]["id"] for order in orders),
        "passId": (issued,),
        "documentId": (maker.first_of(f"{paid}/documents"),),
        "refundId": (maker.first_of(f"{paid}/refunds"),),
        "entryId": (entry["id"],),
    }


def _order(maker: _Maker, by: Person, event_id: str, tier_id: str) -> Any:
    return maker.make("/v1/orders", by, eventId=event_id, lines=[{"ticketTierId": tier_id, "quantity": 1}])


def _pictures(maker: _Maker, organization_id: str, event_id: str) -> dict[str, tuple[str, ...]]:
    """A campaign that is a draft, and a picture that a moderator has to look at first."""
    template = maker.make("/v1/dp/templates", organizationId=organization_id, name="Theirs")["id"]
    wanted = {"eventId": event_id, "templateId": template}
    draft = maker.make("/v1/dp/campaigns", **wanted, slug=f"drafted-{maker.journey.mark}")["id"]
    shown = maker.make("/v1/dp/campaigns", **wanted, slug=f"shown-{maker.journey.mark}", moderation="hold_all")["id"]
    maker.make(f"/v1/dp/campaigns/{shown}/publish")
    files, data = {"photo": ("me.jpg", photo(), "image/jpeg")}, {"fields": json.dumps({"name": "Ngozi"})}
    path = f"/v1/dp/campaigns/{shown}/dps"
    held = maker.journey.call("POST", path, expect=201, files=files, data=data).json()
    assert held["status"] == "held"
    return {"templateId": (template,), "campaignId": (draft,), "dpId": (held["id"],)}


def _called_off(maker: _Maker, organization_id: str) -> str:
    """An event that was cancelled, so that there is a run of refunds."""
    event_id = str(maker.event(organization_id)["id"])
    maker.tier(event_id)
    maker.make(f"/v1/events/{event_id}/publish")
    maker.make(f"/v1/events/{event_id}/cancel")
    maker.wait_for(f"/v1/events/{event_id}/refund-run")
    return event_id


def _rivals(journey: Journey, rival: Person, event_id: str, paid_tier: str) -> dict[str, str]:
    maker = _Maker(journey, rival)
    mark = journey.mark
    organization_id = maker.make("/v1/organizations", name="Rivals", slug=f"whose-rivals-{mark}")["id"]
    workspaces = f"/v1/organizations/{organization_id}/workspaces"
    return {
        "organizationId": organization_id,
        "workspaceId": maker.make(workspaces, name="Rivals", slug=f"rivals-{mark}")["id"],
        "eventId": maker.event(organization_id)["id"],
        "orderId": _order(maker, rival, event_id, paid_tier)["id"],
    }
