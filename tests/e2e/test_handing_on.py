"""A ticket that its buyer gives to somebody else, from the order to the door."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from tests.e2e.journey import Journey, Person, Stack


def test_a_ticket_named_for_another_address_is_that_persons_and_the_code_before_admits_nobody(stack: Stack) -> None:
    with Journey(stack, say=lambda _: None) as journey:
        organiser, organization_id = journey.organise()
        event_id, tier_id = journey.publish_event(organiser, organization_id)
        buyer, order_id = journey.buy(event_id, tier_id)
        [mine] = [each for each in journey.receive_passes(buyer, order_id) if each["holderUserId"] is not None]
        friend = journey.sign_in("handed-friend")
        line = journey.call("GET", f"/v1/orders/{order_id}", buyer, expect=200).json()["lines"][0]
        named = {"name": "Femi Friend", "email": friend.email}
        path = f"/v1/orders/{order_id}/admissions/{line['id']}/1"
        journey.call("PATCH", path, buyer, expect=200, json=named)
        theirs = journey.wait("the friend's pass", lambda: _first_pass(journey, friend))
        assert (theirs["id"], theirs["attendee"]["name"]) == (mine["id"], "Femi Friend")
        assert theirs["code"] != mine["code"]
        journey.wait("the friend's wallet pass", lambda: _on_phone(journey, friend, theirs["id"]))
        scanner = journey.invite_scanner(organiser, organization_id)
        assert _scan(journey, scanner, event_id, mine["code"]) == ("refused", "voided")
        assert _scan(journey, scanner, event_id, theirs["code"]) == ("admitted", None)


def _first_pass(journey: Journey, holder: Person) -> dict[str, Any] | None:
    items: list[dict[str, Any]] = journey.call("GET", "/v1/passes", holder, expect=200).json()["items"]
    return items[0] if items else None


def _on_phone(journey: Journey, holder: Person, pass_id: str) -> bool | None:
    answer = journey.http.get(f"/v1/passes/{pass_id}/wallet", headers=holder.headers)
    return (answer.status_code == 200 and answer.json()["apple"]["status"] == "ready") or None


def _scan(journey: Journey, scanner: Person, event_id: str, code: str) -> tuple[str, str | None]:
    body = {"code": code, "eventId": event_id, "nonce": uuid4().hex, "scannedAt": datetime.now(UTC).isoformat()}
    told = journey.http.post("/v1/check-ins", headers=scanner.headers, json=body).json()
    return told["result"], told.get("reason")
