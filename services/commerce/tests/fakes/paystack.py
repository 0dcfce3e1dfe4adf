"""A stand-in for Paystack, a real HTTP server as strict as Paystack is where money depends on it.

A reference is taken once and holds only the letters Paystack allows; the page's address is told once; more than came does
not go back; amounts are integers of subunits. Its webhooks are signed by the `openssl` program.
"""

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from services.commerce.tests.fakes.stand_in import Json, Refusal, StandIn

KEY = "sk_test_" + "paystack0123456789"

_REFERENCE = re.compile(r"[A-Za-z0-9.=-]{1,100}")
_CURRENCIES = ("NGN", "GHS", "ZAR", "KES", "USD", "XOF")


class Refused(Refusal):
    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(status, {"status": False, "message": "ben@example.org must not be logged", "code": code})


@dataclass(kw_only=True)
class FakePaystack(StandIn):
    """Paystack, as its buyers, banks and programs see it."""

    down = (502, {"status": False, "message": "later"})

    now: Callable[[], float]
    domain: str = "test"
    transactions: dict[str, Json] = field(default_factory=dict)
    refunds: list[Json] = field(default_factory=list)
    disputes: list[Json] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)
    heeds_filters: bool = True
    _count: int = 1000

    def pay(self, reference: str, **changes: Any) -> None:
        """The buyer pays on Paystack's page."""
        transaction = self.transactions[reference]
        transaction.update({"status": "success", "gateway_response": "Successful", **changes})
        self.events.append({"event": "charge.success", "data": self._said(transaction)})

    def decline(self, reference: str) -> None:
        """The buyer's bank says no. Paystack tells nobody; it is seen by asking."""
        self.transactions[reference]["status"] = "failed"

    def refund_by_hand(self, reference: str, amount: int) -> None:
        self._refund({"transaction": reference, "amount": amount})

    def process_refunds(self, status: str = "processed") -> None:
        """Refunds take a while, and then are through, or not."""
        for refund in self.refunds:
            if refund["status"] == "pending":
                refund["status"] = status
                self._tell_refund(refund)

    def dispute(self, reference: str) -> Json:
        transaction = self.transactions[reference]
        made = {
            "id": self._name(),
            "status": "awaiting-merchant-feedback",
            "resolution": None,
            "refund_amount": transaction["amount"],
            "currency": transaction["currency"],
            "category": "fraud",
            "domain": self.domain,
            "transaction": self._said(transaction),
        }
        self.disputes.append(made)
        self.events.append({"event": "charge.dispute.create", "data": made})
        return made

    def resolve(self, dispute: Json, resolution: str) -> None:
        dispute.update({"status": "resolved", "resolution": resolution})
        self.events.append({"event": "charge.dispute.resolve", "data": dispute})

    def signed(self, event: Json, *, key: str = KEY) -> tuple[bytes, dict[str, str]]:
        """The bytes and headers Paystack would send, signed by another program than ours."""
        body = json.dumps(event).encode()
        command = ["openssl", "dgst", "-sha512", "-hmac", key, "-hex"]
        digest = subprocess.run(command, input=body, capture_output=True, check=True, timeout=10).stdout
        return body, {"x-paystack-signature": digest.decode().rsplit(" ", 1)[-1].strip()}

    def answer(self, request: web.Request, body: str) -> Json:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            raise Refused("invalid_Key", 401)
        data = self._answer(request, request.path, json.loads(body) if body else {})
        return {"status": True, "message": "ok", "data": json.loads(json.dumps(data))}

    def _answer(self, request: web.Request, path: str, values: Json) -> Any:
        match [request.method, *path.strip("/").split("/")]:
            case ["POST", "transaction", "initialize"]:
                return self._initialize(values)
            case ["GET", "transaction", "verify", reference]:
                return self._said(self._known(reference))
            case ["GET", "transaction"]:
                between = [each for each in self.transactions.values() if self._is_between(each, request)]
                return self._page([self._said(each) for each in between], request)
            case ["POST", "refund"]:
                return self._refund(values)
            case ["GET", "refund"]:
                wanted = request.query["transaction"]
                mine = [each for each in self.refunds if str(each["transaction"]) == wanted or not self.heeds_filters]
                return self._page(mine, request)
            case ["GET", "dispute"]:
                wanted = request.query["transaction"]
                of_it = [
                    each for each in self.disputes if str(each["transaction"]["id"]) == wanted or not self.heeds_filters
                ]
                return self._page(of_it, request)
        raise Refused("no_such_path", 404)

    def _initialize(self, values: Json) -> Json:
        reference, amount = values["reference"], values["amount"]
        if set(values) - {"reference", "email", "amount", "currency", "callback_url", "metadata"}:
            raise Refused("invalid_params")
        if not _REFERENCE.fullmatch(reference) or "@" not in values["email"] or values["currency"] not in _CURRENCIES:
            raise Refused("invalid_params")
        if type(amount) is not int or amount <= 0:
            raise Refused("invalid_amount")
        if reference in self.transactions:
            raise Refused("duplicate_reference")
        self.transactions[reference] = {
            "id": self._name(),
            "domain": self.domain,
            "status": "abandoned",
            "reference": reference,
            "amount": amount,
            "currency": values["currency"],
            "metadata": values["metadata"],
            "subaccount": {},
            "split": {},
            "created": self.now(),
        }
        code = f"code{self._name()}"
        return {
            "authorization_url": f"https://checkout.paystack.com/{code}",
            "access_code": code,
            "reference": reference,
        }

    def _refund(self, values: Json) -> Json:
        transaction = self._known(values["transaction"])
        gone = sum(
            each["amount"]
            for each in self.refunds
            if each["transaction"] == transaction["id"] and each["status"] != "failed"
        )
        if transaction["status"] != "success" and not gone:
            raise Refused("transaction_not_successful")
        if gone + values["amount"] > transaction["amount"]:
            raise Refused("refund_exceeds_transaction")
        made = {
            "id": self._name(),
            "transaction": transaction["id"],
            "amount": values["amount"],
            "currency": transaction["currency"],
            "status": "pending",
            "merchant_note": values.get("merchant_note", f"Refund for transaction {transaction['reference']}"),
            "domain": self.domain,
        }
        self.refunds.append(made)
        if gone + values["amount"] == transaction["amount"]:
            transaction["status"] = "reversed"
        self._tell_refund(made)
        return made

    def _tell_refund(self, refund: Json) -> None:
        [reference] = [each["reference"] for each in self.transactions.values() if each["id"] == refund["transaction"]]
        data = {
            "status": refund["status"],
            "transaction_reference": reference,
            "refund_reference": None,
            "amount": str(refund["amount"]),
            "currency": refund["currency"],
            "domain": self.domain,
        }
        self.events.append({"event": f"refund.{refund['status']}", "data": data})

    def _said(self, transaction: Json) -> Json:
        return {name: value for name, value in transaction.items() if name != "created"}

    def _is_between(self, transaction: Json, request: web.Request) -> bool:
        from datetime import datetime

        start, end = (datetime.fromisoformat(request.query[name]).timestamp() for name in ("from", "to"))
        return bool(start <= transaction["created"] < end)

    def _page(self, found: list[Json], request: web.Request) -> list[Json]:
        size, page = int(request.query["perPage"]), int(request.query["page"])
        assert size <= 100
        return found[(page - 1) * size : page * size]

    def _known(self, reference: str) -> Json:
        if reference not in self.transactions:
            raise Refused("transaction_not_found", 400)
        return self.transactions[reference]

    def _name(self) -> int:
        self._count += 1
        return self._count
