"""Where people look: the order's secret page and the sandbox's checkout. Rendered here; no script, no tracking."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Depends, Request
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from commerce.actions.read_orders import read_order_page
from commerce.adapters.payments import Payments
from commerce.adapters.sandbox.provider import OUTCOMES, Outcome, Sandbox
from commerce.domain.order import Status
from commerce.domain.sale import Event
from commerce.errors import UnknownOutcome
from common.ids import PaymentId
from common.service import Db

router = APIRouter(default_response_class=HTMLResponse)

_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)
HEADERS: Final = {
    # The address itself is the secret: it must not leak to a search engine, another site or a shared cache.
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}

_WORDS: Final[dict[Status, tuple[str, str]]] = {
    "awaiting_payment": ("Waiting for payment", "warn"),
    "awaiting_approval": ("Waiting for the organiser", "warn"),
    "paid": ("Paid", "good"),
    "partially_refunded": ("Partly refunded", "warn"),
    "refunded": ("Refunded", "quiet"),
    "expired": ("Expired, nothing is reserved any more", "bad"),
    "cancelled": ("Cancelled", "quiet"),
    "review": ("Being checked by a person", "warn"),
}
Token = Annotated[str, PathParameter(min_length=22, max_length=64, pattern="^[A-Za-z0-9_-]+$")]


async def current_sandbox(request: Request) -> Sandbox:
    """The sandbox, or a 404 where it is off."""
    payments: Payments = request.app.state.payments
    return payments.require_sandbox()


CurrentSandbox = Annotated[Sandbox, Depends(current_sandbox)]
_BUTTON: Final = {"type": "object", "properties": {"outcome": {"enum": list(OUTCOMES)}}, "required": ["outcome"]}
_BUTTONS: Final = {
    "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": _BUTTON}}}
}


@router.get("/o/{token}")
async def show_order_page(token: Token, database: Db) -> HTMLResponse:
    """An order for whoever has its secret link: what it holds and how it stands."""
    async with database.transaction() as tx:
        order, event = await read_order_page(tx, token)
    word, tone = _WORDS[order.status]
    zone = _zone(event)
    text = _TEMPLATES.get_template("order.html").render(
        order=order,
        event_name=order.event_name if event is None else event.name,
        venue=None if event is None else event.venue_name,
        starts=None if event is None else _moment(event.starts_at, zone),
        reserved_until=None if order.reserved_until is None else _moment(order.reserved_until, zone),
        word=word,
        tone=tone,
        cancelled=event is not None and event.status == "cancelled",
    )
    return HTMLResponse(text, headers=HEADERS)


@router.get("/sandbox/checkout/{payment_id}")
async def show_checkout(payment_id: PaymentId, sandbox: CurrentSandbox) -> HTMLResponse:
    """The sandbox's own page: what is to be paid, and a button for each way it may end."""
    payment = await sandbox.find(payment_id)
    text = _TEMPLATES.get_template("checkout.html").render(payment=payment)
    return HTMLResponse(text, headers=HEADERS)


@router.post("/sandbox/checkout/{payment_id}", status_code=303, response_class=RedirectResponse, openapi_extra=_BUTTONS)
async def end_checkout(payment_id: PaymentId, request: Request, sandbox: CurrentSandbox) -> RedirectResponse:
    """A button was pressed: the payment ends so, and the buyer goes back to the order."""
    payment = await sandbox.end(payment_id, _outcome(await request.body()))
    return RedirectResponse(payment.return_path, status_code=303, headers=HEADERS)


def _outcome(form: bytes) -> Outcome:
    chosen = parse_qs(form[:200].decode("latin-1")).get("outcome", [""])[0]
    outcome = next((known for known in OUTCOMES if known == chosen), None)
    if outcome is None:
        raise UnknownOutcome(pointer="/outcome")
    return outcome


def _zone(event: Event | None) -> ZoneInfo:
    try:
        return ZoneInfo(event.timezone if event is not None else "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _moment(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%A}, {local.day} {local:%B %Y, %H:%M} ({zone.key})"
