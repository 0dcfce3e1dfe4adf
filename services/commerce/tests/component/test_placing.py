"""What may be ordered, what is refused, and that a refusal changes nothing."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from common.clock import Entropy
from common.ids import EventId, TicketTierId
from common.messages import MoneyPart
from common.testing import FrozenClock, RunService, principals
from common.testing.principals import fresh

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

HOUR = timedelta(hours=1)


async def test_all_or_nothing_and_the_refusal_names_what_is_left(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        scarce, plenty = await stall.open(world, {"capacity": 2}, {})
        answer = await stall.order(world, (plenty, 1), (scarce, 3))
        assert (answer.status_code, answer.json()["code"]) == (409, "commerce.sold_out")
        assert answer.json()["tiers"] == [
            {"ticketTierId": plenty, "wanted": 1, "left": 100},
            {"ticketTierId": scarce, "wanted": 3, "left": 2},
        ]
        assert await stall.stock(world, plenty) == (0, 0)
        assert await world.count("orders") == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sales_start_at": HOUR}, "not_started"),
        ({"sales_end_at": timedelta(0)}, "ended"),
        ({"retired": True}, "retired"),
    ],
)
async def test_a_tier_is_sold_only_within_its_window(
    run: RunService, stall: "Stall", clock: FrozenClock, changes: dict[str, Any], reason: str
) -> None:
    moments = {k: clock.now() + v if isinstance(v, timedelta) else v for k, v in changes.items()}
    async with run(clock=clock) as world:
        [tier] = await stall.open(world, moments)
        answer = await stall.order(world, (tier, 1))
        assert (answer.status_code, answer.json()["code"]) == (409, "commerce.ticket_tier_not_on_sale")
        assert answer.json()["reason"] == reason
        assert await world.count("orders") == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "cancelled"}, "event_cancelled"),
        ({"status": "ended"}, "event_over"),
        ({"ends_at": timedelta(0)}, "event_over"),
    ],
)
async def test_nothing_is_sold_for_an_event_that_is_not_on(
    run: RunService, stall: "Stall", clock: FrozenClock, changes: dict[str, Any], reason: str
) -> None:
    moments = {k: clock.now() + v if isinstance(v, timedelta) else v for k, v in changes.items()}
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        await world.hear(stall.event(clock.now(), **moments))
        answer = await stall.order(world, (tier, 1))
        assert (answer.status_code, answer.json()["code"]) == (409, "commerce.event_not_on_sale")
        assert answer.json()["reason"] == reason
        assert await stall.stock(world, tier) == (0, 0)


async def test_what_is_not_known_here_yet_is_worth_another_try(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        stranger = TicketTierId(fresh(TicketTierId))
        no_event = await stall.order(world, (stranger, 1))
        await stall.open(world)
        await world.hear(stall.event(world.clock.now(), status="draft"))
        for unknown in (no_event, await stall.order(world, (stranger, 1))):
            assert (unknown.status_code, unknown.json()["code"]) == (404, "commerce.unknown_event")
            assert unknown.headers["Retry-After"] == "1"
        await world.hear(stall.event(world.clock.now()))
        no_tier = await stall.order(world, (stranger, 1))
        assert (no_tier.status_code, no_tier.json()["code"]) == (404, "commerce.unknown_ticket_tier")
        assert no_tier.headers["Retry-After"] == "1"


async def test_a_tier_of_another_event_is_unknown(run: RunService, stall: "Stall", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        await stall.open(world)
        foreign = stall.tier(clock.now(), event_id=EventId(fresh(EventId)))
        await world.hear(foreign)
        answer = await stall.order(world, (foreign.ticket_tier_id, 1))
        assert (answer.status_code, answer.json()["code"]) == (404, "commerce.unknown_ticket_tier")


WRONG_VALUES: list[tuple[list[dict[str, Any]], str, str]] = [
    ([{"quantity": 1}, {"quantity": 1}], "commerce.ticket_tier_named_twice", "/lines/1/ticketTierId"),
    ([{"quantity": 5}], "commerce.quantity_outside_limits", "/lines/0/quantity"),
    ([{"quantity": 1}], "commerce.quantity_outside_limits", "/lines/0/quantity"),
    (
        [{"quantity": 2, "attendees": [{"name": "A"}, {"name": "B"}, {"name": "C"}]}],
        "commerce.too_many_attendees",
        "/lines/0/attendees",
    ),
    ([{"quantity": 0}], "common.invalid_request", "/lines/0/quantity"),
    ([{"quantity": "2"}], "common.invalid_request", "/lines/0/quantity"),
    ([], "common.invalid_request", "/lines"),
    ([{"quantity": 2, "price": 1}], "common.invalid_request", "/lines/0/price"),
    (
        [{"quantity": 2, "attendees": [{"name": "A", "email": "nobody"}]}],
        "common.invalid_request",
        "/lines/0/attendees/0/email",
    ),
]


async def test_a_wrong_value_is_named_where_it_stands(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world, {"min_per_order": 2, "max_per_order": 4})
        for lines, code, pointer in WRONG_VALUES:
            answer = await stall.order(world, lines=[{"ticketTierId": tier, **line} for line in lines])
            assert (answer.status_code, answer.json()["code"]) == (422, code), lines
            assert answer.json()["errors"][0]["pointer"] == pointer
        assert await world.count("orders") == 0


async def test_a_field_that_is_not_taken_is_refused_and_not_ignored(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        lines = [{"ticketTierId": tier, "quantity": 1}]
        for field in ("addOns", "promoCode", "total"):
            body = {"eventId": stall.event_id, "lines": lines, field: "FREE"}
            answer = await world.post("/v1/orders", stall.buyer, key=field, json=body)
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["pointer"] == f"/{field}"
        assert await world.count("orders") == 0


async def test_an_order_holds_at_most_a_hundred_tickets(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        first, second = await stall.open(world, {"max_per_order": 100}, {"max_per_order": 100})
        answer = await stall.order(world, (first, 51), (second, 50))
        assert (answer.status_code, answer.json()["code"]) == (422, "commerce.too_many_admissions")
        assert (await stall.order(world, (first, 50), (second, 50))).status_code == 201


async def test_two_currencies_are_never_in_one_order(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        naira, euro = await stall.open(world, {}, {"price": MoneyPart(amount=500, currency="EUR")})
        answer = await stall.order(world, (naira, 1), (euro, 1))
        assert (answer.status_code, answer.json()["code"]) == (422, "commerce.currencies_mixed")


async def test_whoever_buys_is_signed_in_with_a_verified_address(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        anonymous = await stall.order(world, (tier, 1), by=principals.ANONYMOUS)
        assert anonymous.status_code == 401
        nameless = await stall.order(world, (tier, 1), by=principals.user(email=None))
        assert (nameless.status_code, nameless.json()["code"]) == (403, "commerce.verified_email_needed")
        assert await stall.stock(world, tier) == (0, 0)


async def test_the_same_key_gives_the_same_order_and_takes_stock_once(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        first = await stall.order(world, (tier, 2), key="one")
        again = await stall.order(world, (tier, 2), key="one")
        assert again.json() == first.json()
        assert again.headers["Idempotency-Replayed"] == "true"
        other = await stall.order(world, (tier, 3), key="one")
        assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
        assert await stall.stock(world, tier) == (2, 0)


async def test_a_capacity_below_what_is_sold_leaves_tickets_valid_and_nothing_left(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world, {"capacity": 10})
        order = await stall.placed(world, (tier, 5))
        await stall.end(world, await stall.pay(world, order), "succeed")
        await world.hear(stall.tier(clock.now(), ticket_tier_id=tier, capacity=3))
        shown = await world.get(f"/v1/events/{stall.event_id}/availability")
        assert shown.json()["tiers"] == [
            {"ticketTierId": tier, "onSale": False, "reason": "sold_out", "availability": "sold_out", "left": 0}
        ]
        assert (await stall.order(world, (tier, 1))).json()["tiers"][0]["left"] == 0
        assert (await stall.show(world, order))["status"] == "paid"
        await world.hear(stall.tier(clock.now(), ticket_tier_id=tier, capacity=6))
        assert (await stall.order(world, (tier, 1))).status_code == 201


class Repeating:
    """Chance that draws the same sixteen bytes again and again, and is otherwise as usual."""

    def __init__(self, usual: Entropy) -> None:
        self._usual = usual

    def bytes(self, count: int) -> bytes:
        return b"\x07" * 16 if count == 16 else self._usual.bytes(count)


async def test_two_orders_never_share_the_secret_of_their_page(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ticketing scenario 60. Nobody draws sixteen equal bytes twice; if it happened the second order would leave nothing
    behind, not even its key, and the same request once more goes through."""
    async with run() as world:
        [tier] = await stall.open(world)
        with monkeypatch.context() as unlucky:
            unlucky.setattr(world.database, "entropy", Repeating(world.database.entropy))
            first = await stall.order(world, (tier, 1), key="first")
            assert first.status_code == 201, first.text
            second = await stall.order(world, (tier, 1), key="second")
            assert (second.status_code, second.json()["code"]) == (500, "common.internal_fault")
            assert (await world.count("orders"), await stall.stock(world, tier)) == (1, (1, 0))
        again = await stall.order(world, (tier, 1), key="second")
        assert again.status_code == 201, again.text
        tokens = {row["page_token"] for row in await world.rows("SELECT page_token FROM orders")}
        assert tokens == {answer.json()["pagePath"].removeprefix("/o/") for answer in (first, again)}
        assert (len(tokens), await stall.stock(world, tier)) == (2, (2, 0))
        await stall.books(world)
