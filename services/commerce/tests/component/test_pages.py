"""The order's secret page and the sandbox's checkout."""

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from commerce.adapters.sandbox.outcomes import OUTCOMES
from common.ids import OrderId, PassId, WalletPassId
from common.messages import OrganizationSuspended, WalletPassCreated, WalletPassVoided
from common.testing import FrozenClock, Running, RunService
from common.testing.principals import fresh, member_of

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def shown(world: Running, order: dict[str, Any]) -> str:
    """The text of the order's page, with every run of white space as one space."""
    page = await world.get(order["pagePath"])
    assert page.status_code == 200, page.text
    return " ".join(page.text.split())


async def test_whoever_has_the_link_sees_the_order_and_nobody_is_told_the_link(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world, {"name": "<b>Front & centre</b>"})
        line = {"ticketTierId": tier, "quantity": 2, "attendees": [{"name": "Ada <script>"}]}
        order = (await stall.order(world, lines=[line])).json()
        page = await world.get(order["pagePath"])
        assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert page.headers["Content-Security-Policy"] == CSP
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert page.headers["Cache-Control"] == "private, no-store"
        text = await shown(world, order)
        for part in (
            "Lagos Jazz Night",
            "Sunday, 20 December 2026, 19:00 (Africa/Lagos)",
            "Waiting for payment",
            "Friday, 20 November 2026, 19:15 (Africa/Lagos)",
            '<time datetime="2026-11-20T18:15:00+00:00" data-left>',
            "&lt;b&gt;Front &amp; centre&lt;/b&gt;",
            "Ada &lt;script&gt;",
            "NGN 3,000.00",
            "A paid order cannot be given back by yourself.",
        ):
            assert part in text
        assert re.findall(r"<script[^>]*>", text) == ['<script src="/assets/lanyard.js" defer>']
        assert re.search(r"\son\w+=|style=", text) is None
        await stall.end(world, await stall.pay(world, order), "succeed")
        text = await shown(world, order)
        assert '<span class="badge good">Paid</span>' in text
        assert "2 passes are being made." in text
        assert f'href="{order["pagePath"]}/receipt.pdf"' in text


async def test_a_guessed_link_leads_nowhere(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        token = (await stall.placed(world, (tier, 1)))["pagePath"].removeprefix("/o/")
        assert len(token) == 22
        for guess in (token[:-1] + ("A" if token[-1] != "A" else "B"), token.swapcase()):
            answer = await world.get(f"/o/{guess}")
            assert (answer.status_code, answer.json()["code"]) == (404, "commerce.unknown_page")
            paying = await world.post(f"/o/{guess}/payments", content="provider=sandbox", headers=FORM)
            assert (paying.status_code, paying.json()["code"]) == (404, "commerce.unknown_page")
        assert await world.count("payments") == 0


async def test_nothing_below_the_secret_link_is_kept_found_or_told_to_others(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        await stall.job(world, "issue-documents")
        link = order["pagePath"]
        guess = link[:-1] + ("A" if link[-1] != "A" else "B")
        waiting = (await stall.placed(world, (tier, 1)))["pagePath"]
        answers = [
            (await world.get(link), 200),
            (await world.get(f"{link}/receipt.pdf"), 200),
            (await world.post(f"{waiting}/payments", content="provider=sandbox", headers=FORM), 303),
            (await world.get(guess), 404),
            (await world.get(f"{guess}/receipt.pdf"), 404),
            (await world.get(f"{waiting}/receipt.pdf"), 404),
            (await world.post(f"{guess}/payments", content="provider=sandbox", headers=FORM), 404),
            (await world.get("/o/short"), 422),
            (await world.get(f"{link}%20"), 422),
            (await world.post(f"{waiting}/payments", content="provider=cash", headers=FORM), 422),
            (await world.delete(link), 405),
            (await world.get(f"{link}/passes"), 404),
            (await world.client.get(link), 401),
        ]
        for answer, status in answers:
            assert answer.status_code == status, answer.text
            for name, value in HEADERS.items():
                assert answer.headers.get_list(name) == [value], (answer.request.url, name)
        elsewhere = await world.get(f"/v1/events/{stall.event_id}/availability")
        assert "X-Robots-Tag" not in elsewhere.headers


async def test_whoever_has_the_link_pays_from_the_page_without_signing_in(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        path = f"{order['pagePath']}/payments"
        assert f'action="{path}"' in await shown(world, order)
        for _ in range(2):
            pressed = await world.post(path, content="provider=sandbox", headers=FORM)
            assert (pressed.status_code, pressed.headers["Location"]) == (303, f"{order['pagePath']}#pay")
        [payment] = (await stall.show(world, order))["payments"]
        assert f'href="{payment["checkoutUrl"]}"' in await shown(world, order)
        await stall.end(world, payment, "succeed")
        again = await world.post(path, content="provider=sandbox", headers=FORM)
        assert (again.status_code, again.json()["code"]) == (409, "commerce.order_not_awaiting_payment")


@pytest.mark.parametrize("form", ["", "provider=cash", "provider=stripe", "provider=" + "x" * 10_000, "provider=%00"])
async def test_a_form_that_is_none_of_ours_begins_nothing(run: RunService, stall: "Stall", form: str) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        answer = await world.post(f"{order['pagePath']}/payments", content=form, headers=FORM)
        assert (answer.status_code, answer.json()["code"]) == (422, "commerce.provider_not_configured")
        assert await world.count("payments") == 0


async def test_passes_come_with_their_buttons_until_they_are_void_or_handed_on(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 2))
        kept, given = PassId(fresh(PassId)), PassId(fresh(PassId))

        def pass_of(pass_id: PassId, **changes: Any) -> dict[str, Any]:
            values = {
                "sequence": 1,
                "wallet_pass_id": WalletPassId(fresh(WalletPassId)),
                "pass_id": pass_id,
                "generation": 1,
                "event_id": stall.event_id,
                "holder_user_id": None,
                "order_id": OrderId(order["id"]),
                "ticket_tier_name": "Regular",
                "attendee_name": "Ada <b>",
                "link_key": "k" * 48,
                "apple": "ready",
                "google": "available",
            }
            return {**values, **changes}

        mine = pass_of(kept)
        await world.hear(WalletPassCreated(**mine), WalletPassCreated(**pass_of(given)))
        text = await shown(world, order)
        assert f'href="/v1/wallet/passes/{kept}/apple?key={"k" * 48}"' in text
        assert f'data-save-url="/v1/wallet/passes/{given}/google?key={"k" * 48}"' in text
        assert "Ada &lt;b&gt;" in text
        assert "being made" not in text
        handed_on = pass_of(given, generation=2, link_key=None, attendee_name="Cleo")
        void = {**mine, "sequence": 2, "apple": "voided", "google": "voided", "link_key": None}
        await world.hear(WalletPassCreated(**handed_on), WalletPassVoided(**void), WalletPassCreated(**mine))
        text = await shown(world, order)
        assert "/v1/wallet/" not in text
        assert "Handed on: the new holder has it." in text
        assert "No longer valid" in text


async def test_the_page_of_an_order_that_waits_for_the_organiser_says_until_when_and_then_why_not(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        await stall.sell_tier_by(world, tier, requiresApproval=True)
        order = await stall.placed(world, (tier, 1))
        assert "Authorise with the sandbox" in await shown(world, order)
        await stall.end(world, await stall.pay(world, order), "succeed")
        text = await shown(world, order)
        assert "Your card is held for NGN 1,500.00, and nothing was charged." in text
        assert "Thursday, 26 November 2026, 19:00 (Africa/Lagos)" in text
        staff = member_of(stall.organization_id, "manager")
        await world.post(f"/v1/orders/{order['id']}/reject", staff, json={"reason": "<i>members</i>"})
        text = await shown(world, order)
        assert "Their reason: &lt;i&gt;members&lt;/i&gt;" in text
        assert "Changing your mind" not in text


async def test_the_page_says_what_may_be_given_back_and_what_went_back(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        await stall.sell_by(world, cancellation={"hoursBefore": 48, "keptRate": 12_500})
        order = await stall.paid(world, (tier, 2))
        text = await shown(world, order)
        assert 'until <time datetime="2026-12-18T18:00:00+00:00">' in text
        assert "the organiser keeps 12.5 % of it" in text
        await stall.refunded(world, order)
        assert "<dt>NGN 3,000.00</dt>" in await shown(world, order)


async def test_time_that_ran_out_is_said_and_nothing_can_be_paid(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        clock.advance(timedelta(minutes=15))
        text = await shown(world, order)
        assert "Time is up" in text
        assert "<form" not in text
        late = await world.post(f"{order['pagePath']}/payments", content="provider=sandbox", headers=FORM)
        assert (late.status_code, late.json()["code"]) == (409, "commerce.reservation_over")


async def test_what_cannot_be_paid_any_more_has_no_button_to_pay(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        assert "<form" in await shown(world, order)
        await stall.pay(world, order)
        assert "/sandbox/checkout/" in await shown(world, order)
        founded = {"name": "Olu", "slug": "olu", "suspended": True, "created_at": world.clock.now()}
        suspended = OrganizationSuspended(organization_id=stall.organization_id, sequence=1, **founded)
        for closing in (suspended, stall.event(world.clock.now(), status="ended")):
            await world.hear(closing)
            text = await shown(world, order)
            assert "Not for sale any more" in text
            assert "<form" not in text
            assert "/sandbox/checkout/" not in text


async def test_a_payment_is_made_by_pressing_a_button(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        path = f"/sandbox/checkout/{payment['id']}"
        assert payment["checkoutUrl"].endswith(path)
        page = await world.get(path)
        assert "NGN 1,500.00" in page.text
        for outcome in OUTCOMES:
            assert page.text.count(f'name="outcome" value="{outcome}" aria-describedby="says-{outcome}"') == 1
            assert page.text.count(f'id="says-{outcome}"') == 1
        wrong = await world.post(path, content="outcome=refund", headers=FORM)
        assert (wrong.status_code, wrong.json()["code"]) == (422, "commerce.unknown_outcome")
        asked = await world.post(path, content="outcome=require_3ds", headers=FORM)
        assert (asked.status_code, asked.headers["Location"]) == (303, path)
        assert "Confirm that it is you" in (await world.get(path)).text
        pressed = await world.post(path, content="outcome=succeed", headers=FORM)
        assert (pressed.status_code, pressed.headers["Location"]) == (303, order["pagePath"])
        assert "Back to your order" in (await world.get(path)).text
