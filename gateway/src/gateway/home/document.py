"""`/v1/home` in the API document. The parts are written out here, because a service that never described itself has no
schema to point at; a test holds them against what the services say."""

from typing import Any

from common.openapi import problem_answer

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_MAYBE_TEXT: Json = {"type": ["string", "null"]}
_MOMENT: Json = {"type": "string", "format": "date-time"}
_MAYBE_MOMENT: Json = {"type": ["string", "null"], "format": "date-time"}
_YES_OR_NO: Json = {"type": "boolean"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_WORDS: Json = {"type": "array", "items": _TEXT}


def _object(**fields: Json) -> Json:
    """An object of these fields, which are all told."""
    return {"type": "object", "properties": fields, "required": list(fields)}


def _or_null(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def _page(item: Json) -> Json:
    page = _object(items={"type": "array", "items": item}, nextCursor=_MAYBE_TEXT)
    return page | {"required": ["items"]}


_MONEY = _object(amount={"type": "integer"}, currency={"type": "string", "pattern": "^[A-Z]{3}$"})
_VENUE = _object(
    name=_TEXT,
    address=_MAYBE_TEXT,
    city=_MAYBE_TEXT,
    country=_MAYBE_TEXT,
    latitude={"type": ["number", "null"]},
    longitude={"type": ["number", "null"]},
)
ME = _object(
    id=_TEXT,
    email=_TEXT,
    name=_MAYBE_TEXT,
    createdAt=_MOMENT,
    isBacker=_YES_OR_NO,
    roles=_WORDS,
    capabilities=_WORDS,
    organizations={
        "type": "array",
        "items": _object(id=_TEXT, name=_TEXT, slug=_TEXT, role=_TEXT, capabilities=_WORDS),
    },
    workspaces={
        "type": "array",
        "items": _object(id=_TEXT, organizationId=_TEXT, name=_TEXT, slug=_TEXT, role=_TEXT, capabilities=_WORDS),
    },
    unreadNotifications=_COUNT,
)
PASS = _object(
    id=_TEXT,
    status={"enum": ["issued", "admitted", "voided"]},
    inside=_YES_OR_NO,
    attendee=_object(name=_MAYBE_TEXT, email=_MAYBE_TEXT),
    eventId=_TEXT,
    ticketTierId=_TEXT,
    orderId=_TEXT,
    holderUserId=_MAYBE_TEXT,
    code=_MAYBE_TEXT,
    event=_or_null(
        _object(
            name=_TEXT,
            slug=_TEXT,
            status={"enum": ["draft", "published", "ended", "cancelled"]},
            startsAt=_MOMENT,
            endsAt=_MOMENT,
            doorsOpenAt=_MAYBE_MOMENT,
            timezone=_TEXT,
            venue=_or_null(_VENUE),
        )
    ),
)
ORDER = _object(
    id=_TEXT,
    version=_COUNT,
    status=_TEXT,
    disputed=_YES_OR_NO,
    eventId=_TEXT,
    eventName=_TEXT,
    organizationId=_TEXT,
    buyerEmail=_TEXT,
    buyerName=_MAYBE_TEXT,
    total=_MONEY,
    sums={"type": "object"},
    promoCode=_MAYBE_TEXT,
    cancellation=_or_null({"type": "object"}),
    reservedUntil=_MAYBE_MOMENT,
    approvalUntil=_MAYBE_MOMENT,
    origin=_TEXT,
    takenAs=_MAYBE_TEXT,
    placedAt=_MOMENT,
    paidAt=_MAYBE_MOMENT,
    pagePath=_TEXT,
    lines={"type": "array", "items": {"type": "object"}},
    addOns={"type": "array", "items": {"type": "object"}},
)
POLICY = _object(
    platform={"enum": ["ios", "android", "web"]},
    status={"enum": ["ok", "recommended", "required", "blocked"]},
    minimum=_MAYBE_TEXT,
    latest=_MAYBE_TEXT,
    storeUrl=_MAYBE_TEXT,
    message=_MAYBE_TEXT,
    deadlineAt=_MAYBE_MOMENT,
)
_HOME = _object(
    me=ME,
    passes=_or_null(_page(PASS)),
    orders=_or_null(_page(ORDER)),
    unreadCount={"type": ["integer", "null"], "minimum": 0},
    clientPolicy=_or_null(POLICY),
    missing={
        "type": "array",
        "items": _object(part={"enum": ["passes", "orders", "clientPolicy"]}, code=_TEXT),
        "description": "the parts that could not be told this time, and why",
    },
)


def _field(name: str, description: str, example: str) -> Json:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string"},
        "example": example,
    }


OPERATIONS: dict[str, dict[str, Json]] = {
    "/v1/home": {
        "get": {
            "summary": "What an app shows first",
            "description": "Me, my upcoming passes (the soonest first), my orders that wait for payment, how many "
            "notifications I have not read, and what the client policy says of the app that asks. Without *me* it is a "
            "problem whose `part` says so; any other part that fails or is late is null and named in `missing`.",
            "parameters": [
                _field("X-App-Platform", "`ios`, `android` or `web`", "ios"),
                _field("X-App-Version", "numbers joined by dots", "2.3.1"),
                _field("X-App-Build", "the build number of that version", "412"),
            ],
            "responses": {
                "200": {
                    "description": "The parts.",
                    "content": {"application/json": {"schema": _HOME}},
                },
                "426": problem_answer("The app is too old; `upgradeUrl` leads to its store."),
                "502": problem_answer("The required part was not usable; `part` names it."),
                "504": problem_answer("The required part was late; `part` names it."),
            },
        }
    }
}
