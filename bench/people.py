"""Organisers, events and buyers for the measurements, made through the gateway as people would make them."""

from dataclasses import dataclass

import httpx
from tests.e2e.journey import Journey, Person, Stack

from bench.stack import GATEWAY, STACK
from common.ids import EventId


@dataclass(frozen=True)
class Market:
    """An event on sale, and people who want to go."""

    mark: str
    """Sets this market apart from every other."""
    event_id: str
    tier_id: str
    buyers: list[Person]
    organiser: Person
    """Who sells at the door; the token is good for five minutes."""

    @property
    def event(self) -> EventId:
        """The event's typed id."""
        return EventId(self.event_id)


def sign_in_organiser() -> Person:
    """Someone who owns an organisation, with a fresh token (five minutes)."""
    return _journey().organise()[0]


def open_market(buyers: int, capacity: int = 1_000_000) -> Market:
    """Publish an event with one paid tier, sign buyers in, and wait until commerce sells it."""
    journey = _journey()
    organiser, organization_id = journey.organise()
    event_id, _ = journey.publish_event(organiser, organization_id)
    tier = {"name": "Bench", "price": {"amount": 5000, "currency": "NGN"}, "capacity": capacity}
    path = f"/v1/events/{event_id}/ticket-tiers"
    tier_id = journey.call("POST", path, organiser, expect=201, json=tier).json()["id"]
    people = [journey.sign_in(f"buyer{number}") for number in range(buyers)]
    journey.wait("the tier on sale", lambda: _is_on_sale(journey.http, event_id, tier_id))
    return Market(journey.mark, event_id, tier_id, people, organiser)


def _journey() -> Journey:
    return Journey(Stack(GATEWAY, STACK.address("mailbox"), "", ""), say=lambda _: None)


def _is_on_sale(http: httpx.Client, event_id: str, tier_id: str) -> bool:
    answer = http.get(f"/v1/events/{event_id}/availability")
    tiers = answer.json()["tiers"] if answer.status_code == 200 else []
    return any(tier["ticketTierId"] == tier_id and tier["onSale"] for tier in tiers)
