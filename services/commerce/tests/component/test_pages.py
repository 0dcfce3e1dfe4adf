"""The order's secret page and the sandbox's checkout."""

from typing import TYPE_CHECKING

from common.testing import FrozenClock, RunService

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


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
        for shown in (
            "Lagos Jazz Night",
            "Sunday, 20 December 2026, 19:00 (Africa/Lagos)",
            "Waiting for payment",
            "until Friday, 20 November 2026, 19:15 (Africa/Lagos)",
            "&lt;b&gt;Front &amp; centre&lt;/b&gt;",
            "Ada &lt;script&gt;",
            "NGN 3,000.00",
        ):
            assert shown in page.text
        assert "<script" not in page.text
        await stall.end(world, await stall.pay(world, order), "succeed")
        assert '<span class="badge good">Paid</span>' in (await world.get(order["pagePath"])).text


async def test_a_guessed_link_leads_nowhere(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        token = (await stall.placed(world, (tier, 1)))["pagePath"].removeprefix("/o/")
        assert len(token) == 22
        for guess in (token[:-1] + ("A" if token[-1] != "A" else "B"), token.swapcase()):
            answer = await world.get(f"/o/{guess}")
            assert (answer.status_code, answer.json()["code"]) == (404, "commerce.unknown_page")


async def test_a_payment_is_made_by_pressing_a_button(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        path = f"/sandbox/checkout/{payment['id']}"
        assert payment["checkoutUrl"].endswith(path)
        page = await world.get(path)
        assert "NGN 1,500.00" in page.text
        assert '<button name="outcome" value="succeed">Pay</button>' in page.text
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        wrong = await world.post(path, content="outcome=refund", headers=form)
        assert (wrong.status_code, wrong.json()["code"]) == (422, "commerce.unknown_outcome")
        pressed = await world.post(path, content="outcome=succeed", headers=form)
        assert (pressed.status_code, pressed.headers["Location"]) == (303, order["pagePath"])
        assert "Back to your order" in (await world.get(path)).text
