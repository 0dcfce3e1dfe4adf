"""Organisers, events and buyers for the measurements, made through the gateway as people would make them."""

from dataclasses import dataclass

from bench.stack import GATEWAY, MAILBOX
from tests.e2e.journey import Journey, Person, Stack


@dataclass(frozen=True)
class Market:
    """An event on sale, and people who want to go."""

    event_id: str
    tier_id: str
    organiser: Person
    buyers: list[Person]


def open_market(buyers: int, capacity: int = 1_000_000) -> Market:
    """Publish an event with one paid tier and sign buyers in."""
    journey = Journey(Stack(GATEWAY, MAILBOX, ""), say=lambda _: None)
    organiser, organization_id = journey.organise()
    event_id, _ = journey.publish_event(organiser, organization_id)
    tier = {"name": "Bench", "price": {"amount": 5000, "currency": "NGN"}, "capacity": capacity}
    path = f"/v1/events/{event_id}/ticket-tiers"
    tier_id = journey.call("POST", path, organiser, expect=201, json=tier).json()["id"]
    return Market(event_id, tier_id, organiser, [journey.sign_in(f"buyer{number}") for number in range(buyers)])
