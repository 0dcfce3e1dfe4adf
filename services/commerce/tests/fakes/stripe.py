"""A stand-in for Stripe, a real HTTP server as strict as Stripe is where money depends on it.

It keeps idempotency keys (the same key with other values is an error), refuses what is not of its one API version, values
it does not know, more going back than came, and a session that ends too soon. Its webhooks are signed by Stripe's own
library. What the buyer, the bank and the dashboard do are methods; what the network does is `faults`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from services.commerce.tests.fakes.stand_in import Json, Refusal, StandIn

# The library's private function is the one its verification uses: independent of the code under test, which is the point.
from stripe import WebhookSignature

VERSION = "2026-10-28.endive"
KEY = "sk_test_" + "51abcdef"
SECRET = "whsec_" + "for-the-tests"

_SESSION_VALUES = {
    "mode",
    "client_reference_id",
    "customer_email",
    "success_url",
    "cancel_url",
    "expires_at",
    "metadata",
    "payment_intent_data",
    "line_items",
}


class Refused(Refusal):
    def __init__(self, code: str, status: int = 400, kind: str = "invalid_request_error") -> None:
        message = "ben@example.org sk_test_ must not be logged"
        super().__init__(status, {"error": {"type": kind, "code": code, "message": message}})


@dataclass(kw_only=True)
class FakeStripe(StandIn):
    """Stripe, as its buyers, banks and programs see it."""

    down = (503, {"error": {"type": "api_error"}})

    now: Callable[[], float]
    live: bool = False
    sessions: dict[str, Json] = field(default_factory=dict)
    intents: dict[str, Json] = field(default_factory=dict)
    charges: dict[str, Json] = field(default_factory=dict)
    refunds: dict[str, Json] = field(default_factory=dict)
    disputes: dict[str, Json] = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)
    _answers: dict[str, tuple[str, int, Json]] = field(default_factory=dict)
    _asked: dict[str, Json] = field(default_factory=dict)
    _count: int = 0

    # What the buyer does.

    def pay(self, session_id: str, *, by: str = "card", amount: int | None = None, currency: str | None = None) -> None:
        """Pay by card, at once, or by `bank`, which takes days and leaves the session complete and unpaid."""
        session = self.sessions[session_id]
        assert session["status"] == "open", "Stripe shows an expired session no form"
        intent = self._intent_for(session, amount, currency)
        session["status"] = "complete"
        if by == "bank":
            intent["status"] = "processing"
            self._tell("checkout.session.completed", session)
        elif intent["capture_method"] == "manual":
            intent["status"], intent["amount_capturable"] = "requires_capture", intent["amount"]
            self._tell("checkout.session.completed", session)
            self._tell("payment_intent.amount_capturable_updated", intent)
        else:
            self._received(intent)
            session["payment_status"] = "paid"
            self._tell("payment_intent.succeeded", intent)
            self._tell("checkout.session.completed", session)

    def bank_decides(self, session_id: str, *, came: bool) -> None:
        """The slow payment comes, or not."""
        session = self.sessions[session_id]
        intent = self.intents[session["payment_intent"]]
        if came:
            self._received(intent)
            session["payment_status"] = "paid"
            self._tell("payment_intent.succeeded", intent)
            self._tell("checkout.session.async_payment_succeeded", session)
        else:
            intent["status"] = "requires_payment_method"
            intent["last_payment_error"] = {"code": "payment_intent_payment_attempt_failed"}
            self._tell("checkout.session.async_payment_failed", session)

    # What happens on Stripe's own pages and at banks.

    def refund_by_hand(self, intent_id: str, amount: int) -> None:
        self._refund({"payment_intent": intent_id, "amount": str(amount)})

    def dispute(self, intent_id: str) -> Json:
        intent = self.intents[intent_id]
        made = {
            "id": self._name("dp"),
            "object": "dispute",
            "payment_intent": intent_id,
            "amount": intent["amount_received"],
            "currency": intent["currency"],
            "status": "needs_response",
            "reason": "fraudulent",
            "livemode": self.live,
        }
        self.disputes[made["id"]] = made
        self.charges[intent["latest_charge"]]["disputed"] = True
        self._tell("charge.dispute.created", made)
        return made

    def close_dispute(self, dispute: Json, status: str) -> None:
        dispute["status"] = status
        self._tell("charge.dispute.closed", dispute)

    # Webhooks.

    def signed(self, event: Json, *, secret: str = SECRET, at: float | None = None) -> tuple[bytes, dict[str, str]]:
        """The bytes and headers Stripe would send, signed by Stripe's library."""
        body = json.dumps(event, indent=2)
        seconds = int(self.now() if at is None else at)
        signature = WebhookSignature._compute_signature(f"{seconds}.{body}", secret)
        return body.encode(), {"Stripe-Signature": f"t={seconds},v1={signature}", "Content-Type": "application/json"}

    def event(self, kind: str, thing: Json, **changes: Any) -> Json:
        made = {
            "id": self._name("evt"),
            "object": "event",
            "type": kind,
            "livemode": self.live,
            "created": int(self.now()),
            "data": {"object": json.loads(json.dumps(thing))},
        }
        return {**made, **changes}

    # The server.

    def answer(self, request: web.Request, body: str) -> Json:
        """Once for each idempotency key."""
        path = request.path
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            raise Refused("invalid_api_key", 401)
        if request.headers.get("Stripe-Version") != VERSION:
            raise Refused("version")
        values = dict(parse_qsl(body, keep_blank_values=True, strict_parsing=bool(body)))
        if request.method == "GET":
            return self._read(path, dict(request.query))
        key = request.headers.get("Idempotency-Key")
        if key is None:
            raise Refused("this_stand_in_wants_a_key")
        if key in self._answers:
            before, status, answer = self._answers[key]
            if before != f"{path}?{body}":
                raise Refused("idempotency_key_in_use", 400, "idempotency_error")
            if status != 200:
                raise Refused(answer["error"]["code"], status)
            return answer
        answer = self._do(path, values)
        # As it was when it was answered: what changes later does not change what was said.
        self._answers[key] = (f"{path}?{body}", 200, json.loads(json.dumps(answer)))
        return answer

    def _do(self, path: str, values: dict[str, str]) -> Json:
        parts = path.removeprefix("/v1/").split("/")
        match parts:
            case ["checkout", "sessions"]:
                return self._open_session(values)
            case ["checkout", "sessions", name, "expire"]:
                session = self._known(self.sessions, name)
                if session["status"] != "open":
                    raise Refused("checkout_session_not_open")
                session["status"] = "expired"
                self._tell("checkout.session.expired", session)
                return session
            case ["payment_intents", name, "capture"]:
                intent = self._known(self.intents, name)
                if intent["status"] != "requires_capture":
                    raise Refused("payment_intent_unexpected_state")
                self._received(intent)
                self._tell("payment_intent.succeeded", intent)
                return intent
            case ["payment_intents", name, "cancel"]:
                intent = self._known(self.intents, name)
                if intent["status"] in ("succeeded", "canceled", "processing"):
                    raise Refused("payment_intent_unexpected_state")
                intent["status"], intent["amount_capturable"] = "canceled", 0
                intent["cancellation_reason"] = "requested_by_customer"
                self._tell("payment_intent.canceled", intent)
                return intent
            case ["refunds"]:
                return self._refund(values)
        raise Refused("no_such_path", 404)

    def _open_session(self, values: dict[str, str]) -> Json:
        unknown = {name.partition("[")[0] for name in values} - _SESSION_VALUES
        if unknown:
            raise Refused("parameter_unknown")
        lasts = int(values["expires_at"]) - self.now()
        if not 1800 <= lasts <= 86400:
            raise Refused("checkout_expires_at_out_of_range")
        if values["mode"] != "payment" or "success_url" not in values:
            raise Refused("parameter_missing")
        amount = int(values["line_items[0][price_data][unit_amount]"]) * int(values["line_items[0][quantity]"])
        name = self._name("cs_test")
        session = {
            "id": name,
            "object": "checkout.session",
            "url": f"https://checkout.stripe.com/c/pay/{name}",
            "status": "open",
            "payment_status": "unpaid",
            "payment_intent": None,
            "amount_total": amount,
            "currency": values["line_items[0][price_data][currency]"],
            "client_reference_id": values["client_reference_id"],
            "metadata": _inside(values, "metadata"),
            "livemode": self.live,
            "expires_at": int(values["expires_at"]),
            "created": int(self.now()),
        }
        self.sessions[name] = session
        self._asked[name] = {
            "capture_method": values.get("payment_intent_data[capture_method]", "automatic"),
            "metadata": _inside(values, "payment_intent_data[metadata]"),
        }
        return session

    def _intent_for(self, session: Json, amount: int | None, currency: str | None) -> Json:
        name = self._name("pi")
        intent = {
            "id": name,
            "object": "payment_intent",
            "amount": session["amount_total"] if amount is None else amount,
            "amount_received": 0,
            "amount_capturable": 0,
            "currency": currency or session["currency"],
            "status": "requires_payment_method",
            "last_payment_error": None,
            "cancellation_reason": None,
            "latest_charge": None,
            "application": None,
            "on_behalf_of": None,
            "transfer_data": None,
            "livemode": self.live,
            "created": int(self.now()),
            **self._asked[session["id"]],
        }
        self.intents[name] = intent
        session["payment_intent"] = name
        return intent

    def _received(self, intent: Json) -> None:
        intent["status"], intent["amount_received"], intent["amount_capturable"] = "succeeded", intent["amount"], 0
        charge: Json = {"id": self._name("ch"), "object": "charge", "amount_refunded": 0, "disputed": False}
        self.charges[charge["id"]] = charge
        intent["latest_charge"] = charge["id"]

    def _refund(self, values: dict[str, str]) -> Json:
        unknown = {name.partition("[")[0] for name in values} - {"payment_intent", "amount", "metadata"}
        if unknown:
            raise Refused("parameter_unknown")
        intent = self._known(self.intents, values["payment_intent"])
        if intent["status"] != "succeeded":
            raise Refused("payment_intent_unexpected_state")
        charge, amount = self.charges[intent["latest_charge"]], int(values["amount"])
        if charge["disputed"]:
            raise Refused("charge_disputed")
        if charge["amount_refunded"] + amount > intent["amount_received"]:
            raise Refused("charge_already_refunded")
        charge["amount_refunded"] += amount
        made = {
            "id": self._name("re"),
            "object": "refund",
            "payment_intent": intent["id"],
            "amount": amount,
            "currency": intent["currency"],
            "status": "succeeded",
            "failure_reason": None,
            "metadata": _inside(values, "metadata"),
            "livemode": self.live,
            "created": int(self.now()),
        }
        self.refunds[made["id"]] = made
        self._tell("refund.created", made)
        return made

    def _read(self, path: str, query: dict[str, str]) -> Json:
        expand = {value for name, value in query.items() if name.startswith("expand")}
        match path.removeprefix("/v1/").split("/"):
            case ["checkout", "sessions", name]:
                return self._session_view(self._known(self.sessions, name), expand)
            case ["checkout", "sessions"]:
                mine = [each for each in self.sessions.values() if each["payment_intent"] == query["payment_intent"]]
                inner = {each.removeprefix("data.") for each in expand}
                return self._page([self._session_view(each, inner) for each in mine], query)
            case ["payment_intents", name]:
                return self._intent_view(self._known(self.intents, name), "latest_charge" in expand)
            case ["payment_intents"]:
                start, end = int(query["created[gte]"]), int(query["created[lt]"])
                mine = [each for each in self.intents.values() if start <= each["created"] < end]
                return self._page([self._intent_view(each, "data.latest_charge" in expand) for each in mine], query)
            case ["refunds"]:
                return self._page(_of(self.refunds, query["payment_intent"]), query)
            case ["disputes"]:
                return self._page(_of(self.disputes, query["payment_intent"]), query)
        raise Refused("no_such_path", 404)

    def _session_view(self, session: Json, expand: set[str]) -> Json:
        intent = session["payment_intent"]
        if intent is None or "payment_intent" not in expand:
            return session
        whole = self._intent_view(self.intents[intent], "payment_intent.latest_charge" in expand)
        return {**session, "payment_intent": whole}

    def _intent_view(self, intent: Json, whole: bool) -> Json:
        charge = intent["latest_charge"]
        return {**intent, "latest_charge": self.charges[charge]} if whole and charge is not None else intent

    def _page(self, found: list[Json], query: dict[str, str]) -> Json:
        newest_first = list(reversed(found))
        after = query.get("starting_after")
        start = 0 if after is None else [each["id"] for each in newest_first].index(after) + 1
        limit = int(query.get("limit", 10))
        assert limit <= 100
        page = newest_first[start : start + limit]
        return {"object": "list", "data": page, "has_more": start + limit < len(found)}

    def _known(self, things: dict[str, Json], name: str) -> Json:
        if name not in things:
            raise Refused("resource_missing", 404)
        return things[name]

    def _tell(self, kind: str, thing: Json) -> None:
        self.events.append(self.event(kind, thing))

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}_{self._count:024d}"


def _inside(values: dict[str, str], name: str) -> dict[str, str]:
    return {key[len(name) + 1 : -1]: value for key, value in values.items() if key.startswith(f"{name}[")}


def _of(things: dict[str, Json], intent: str) -> list[Json]:
    return [each for each in things.values() if each["payment_intent"] == intent]
