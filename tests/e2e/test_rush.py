"""Many want the last places at once, through the gateway."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from tests.e2e.journey import Journey, Person, Stack

PLACES, PEOPLE, TRIES = 10, 12, 5


def test_of_sixty_wishes_for_ten_places_ten_are_sold_and_the_others_read_sold_out(stack: Stack) -> None:
    """Ticketing scenario 62, small: `make bench` measures it with many more."""
    with Journey(stack, say=lambda _: None) as journey:
        event_id, tier_id = on_sale(journey)
        people = [journey.sign_in(f"rusher{number}") for number in range(PEOPLE)]
        answers = all_at_once(journey, event_id, tier_id, people)
        placed = [(person, answer.json()) for person, answer in answers if answer.status_code == 201]
        refused = [answer for _, answer in answers if answer.status_code != 201]
        assert [(each.status_code, each.json()["code"]) for each in refused] == [(409, "commerce.sold_out")] * (
            PEOPLE * TRIES - PLACES
        )
        assert len(placed) == PLACES
        for person, order in placed:
            pay(journey, person, order)
        [shown] = [tier for tier in tiers_of(journey, event_id) if tier["ticketTierId"] == tier_id]
        assert (shown["onSale"], shown["reason"], shown["left"]) == (False, "sold_out", 0)


def on_sale(journey: Journey) -> tuple[str, str]:
    """A published event's tier of so many places, once commerce sells it."""
    organiser, organization_id = journey.organise()
    event_id, _ = journey.publish_event(organiser, organization_id)
    tier = {"name": "Rush", "price": {"amount": 150_000, "currency": "NGN"}, "capacity": PLACES}
    path = f"/v1/events/{event_id}/ticket-tiers"
    tier_id = str(journey.call("POST", path, organiser, expect=201, json=tier).json()["id"])
    journey.wait(
        "the tier on sale", lambda: any(each["ticketTierId"] == tier_id for each in tiers_of(journey, event_id))
    )
    return event_id, tier_id


def tiers_of(journey: Journey, event_id: str) -> list[dict[str, Any]]:
    """What is on sale, as everyone sees it."""
    answer = journey.http.get(f"/v1/events/{event_id}/availability")
    tiers: list[dict[str, Any]] = answer.json()["tiers"] if answer.status_code == 200 else []
    return tiers


def all_at_once(
    journey: Journey, event_id: str, tier_id: str, people: list[Person]
) -> list[tuple[Person, httpx.Response]]:
    """Each of them asks for one place, several times, all at the same moment."""
    barrier = threading.Barrier(PEOPLE * TRIES)
    body = {"eventId": event_id, "lines": [{"ticketTierId": tier_id, "quantity": 1}]}

    def buy(number: int) -> tuple[Person, httpx.Response]:
        person = people[number % PEOPLE]
        headers = {**person.headers, "Idempotency-Key": f"rush-{number}-{journey.mark}"}
        with httpx.Client(base_url=journey.stack.gateway, timeout=20) as http:
            barrier.wait(20)
            return person, http.post("/v1/orders", json=body, headers=headers)

    with ThreadPoolExecutor(PEOPLE * TRIES) as pool:
        return list(pool.map(buy, range(PEOPLE * TRIES)))


def pay(journey: Journey, person: Person, order: dict[str, Any]) -> None:
    """At the sandbox, until the order is paid."""
    path, key = f"/v1/orders/{order['id']}/payments", {"Idempotency-Key": f"pay-{order['id']}"}
    payment = journey.call("POST", path, person, expect=201, json={"provider": "sandbox"}, headers=key).json()
    ending = f"/v1/sandbox/payments/{payment['id']}"
    journey.call("POST", ending, person, expect=202, json={"outcome": "succeed"})

    def paid() -> bool:
        shown = journey.call("GET", f"/v1/orders/{order['id']}", person, expect=200).json()
        return bool(shown["status"] == "paid")

    journey.wait("the paid order", paid)
