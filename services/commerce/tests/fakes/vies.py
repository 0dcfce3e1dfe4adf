"""A strict stand-in for VIES, the EU's register of VAT numbers: what it is asked wrongly it refuses as the real one does.

Written from the Commission's description of the REST API and from answers others recorded; see ADR 24.
"""

import asyncio
import json
import re
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from aiohttp import web
from services.commerce.tests.fakes.stand_in import Json, Refusal, StandIn

PATH: Final = "/taxation_customs/vies/rest-api"
_STATES: Final = re.compile(
    "AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK|XI",
)
_NUMBER: Final = re.compile(r"[0-9A-Za-z+*.]{2,12}")
_FIELDS: Final = {"countryCode", "vatNumber", "requesterMemberStateCode", "requesterNumber"}


@dataclass(kw_only=True)
class FakeVies(StandIn):
    """`known` are the numbers somebody bears. `errors` maps a number to the reason why its member state says nothing of it,
    and `changes` are laid over every answer. While `answering` is not set, nobody hears anything."""

    down: ClassVar[tuple[int, Json]] = (500, {"actionSucceed": False, "errorWrappers": [{"error": "VOW-ERR-1"}]})

    known: set[str] = field(default_factory=set)
    errors: dict[str, str] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    answering: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[Json] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.answering.set()

    @property
    def base(self) -> str:
        """The address that settings name."""
        return self.url + PATH

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """As any stand-in, once it answers at all; a call counts from when it came."""
        self.asked.append(json.loads(await request.read()))
        await self.answering.wait()
        return await super().serve(request)

    def answer(self, request: web.Request, body: str) -> Json:
        if (request.method, request.path) != ("POST", f"{PATH}/check-vat-number"):
            raise Refusal(404, {"error": "Not Found"})
        if request.content_type != "application/json" or request.headers.get("Accept") != "application/json":
            raise Refusal(415, {"error": "Unsupported Media Type"})
        wanted = json.loads(body)
        if not isinstance(wanted, dict) or wanted.keys() != _FIELDS:
            raise Refusal(400, _failed("VOW-ERR-11"))
        country, number = wanted["countryCode"], wanted["vatNumber"]
        if not _STATES.fullmatch(country) or not _NUMBER.fullmatch(number) or number.startswith(country):
            return _failed("INVALID_INPUT")
        if wanted["requesterMemberStateCode"] + wanted["requesterNumber"] not in self.known:
            return _failed("INVALID_REQUESTER_INFO")
        if country + number in self.errors:
            return _failed(self.errors[country + number])
        valid = country + number in self.known
        return {
            "countryCode": country,
            "vatNumber": number,
            "requestDate": "2026-11-20T18:00:00.000Z",
            "valid": valid,
            "requestIdentifier": f"WAPIAAAA{len(self.asked):08d}" if valid else "",
            "name": "Somebody else's name" if valid else "---",
            "address": "---",
            "traderName": "---",
            "traderStreet": "---",
            "traderNameMatch": "NOT_PROCESSED",
            **self.changes,
        }


def _failed(error: str) -> Json:
    return {"actionSucceed": False, "errorWrappers": [{"error": error, "message": "NL123456789B01 was asked for"}]}
