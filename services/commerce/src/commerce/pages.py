"""Where people look: the order's secret page and the sandbox's checkout. Rendered here; no inline script, no tracking."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Depends, Request
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from commerce import secret_links
from commerce.actions.pay_from_page import pay_from_page
from commerce.actions.read_order_page import OrderPage, read_order_page
from commerce.adapters.payments import Payments
from commerce.adapters.providers import PaymentProvider
from commerce.adapters.sandbox.outcomes import OUTCOMES, Outcome, possible_now
from commerce.adapters.sandbox.provider import Sandbox
from commerce.domain.pricing import percent
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
    lstrip_blocks=True,
)
HEADERS: Final = {
    # The address itself is the secret: it must not leak to a search engine, another site or a shared cache.
    **secret_links.HEADERS,
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}
_PROVIDERS: Final = {"sandbox": "the sandbox (no real money)", "stripe": "Stripe", "paystack": "Paystack"}
_REFUND_WORDS: Final = {"pending": "on its way", "done": "sent back", "failed": "being looked at by a person"}
_LONGEST_FORM = 200

Token = Annotated[str, PathParameter(min_length=22, max_length=64, pattern="^[A-Za-z0-9_-]+$")]


async def current_payments(request: Request) -> Payments:
    """The payments side of this process."""
    payments: Payments = request.app.state.payments
    return payments


CurrentPayments = Annotated[Payments, Depends(current_payments)]


async def current_sandbox(payments: CurrentPayments) -> Sandbox:
    """The sandbox, or a 404 where it is off."""
    return payments.require_sandbox()


CurrentSandbox = Annotated[Sandbox, Depends(current_sandbox)]


def _form(field: str, choices: list[str]) -> dict[str, object]:
    schema = {"type": "object", "properties": {field: {"enum": choices}}, "required": [field]}
    return {"requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}}


@router.get("/o/{token}")
async def show_order_page(token: Token, database: Db, payments: CurrentPayments) -> HTMLResponse:
    """An order for whoever has its secret link: what it holds, how it stands, and what comes next."""
    async with database.transaction() as tx:
        page = await read_order_page(tx, token)
    return HTMLResponse(_order_html(page, token, payments), headers=HEADERS)


@router.post(
    "/o/{token}/payments",
    status_code=303,
    response_class=RedirectResponse,
    openapi_extra=_form("provider", list(_PROVIDERS)),
)
async def pay(token: Token, request: Request, database: Db, payments: CurrentPayments) -> RedirectResponse:
    """A button was pressed: a payment is begun, and the page then links to where it is made."""
    provider = await _pressed(request, "provider")
    await pay_from_page(database, payments.providers, token, provider)
    return RedirectResponse(f"/o/{token}#pay", status_code=303, headers=HEADERS)


@router.get("/sandbox/checkout/{payment_id}")
async def show_checkout(payment_id: PaymentId, sandbox: CurrentSandbox) -> HTMLResponse:
    """The sandbox's own page: what is to be paid, and a button for each way it may end."""
    payment = await sandbox.find(payment_id)
    possible = possible_now(payment)
    text = _TEMPLATES.get_template("checkout.html").render(payment=payment, possible=possible)
    return HTMLResponse(text, headers=HEADERS)


@router.post(
    "/sandbox/checkout/{payment_id}",
    status_code=303,
    response_class=RedirectResponse,
    openapi_extra=_form("outcome", list(OUTCOMES)),
)
async def end_checkout(payment_id: PaymentId, request: Request, sandbox: CurrentSandbox) -> RedirectResponse:
    """A button was pressed: the payment ends so, and the buyer goes back to the order."""
    payment = await sandbox.end(payment_id, _outcome(await _pressed(request, "outcome")))
    # Who is asked by their bank stays here; whoever is done goes back.
    onward = f"/sandbox/checkout/{payment_id}" if payment.status == "confirming" else payment.return_path
    return RedirectResponse(onward, status_code=303, headers=HEADERS)


def _order_html(page: OrderPage, token: str, payments: Payments) -> str:
    order, event = page.order, page.event
    zone = _zone(event)

    def moment(at: datetime) -> str:
        return _moment(at, zone)

    return _TEMPLATES.get_template("order.html").render(
        page=page,
        order=order,
        words=page.words,
        token=token,
        event_name=order.event_name if event is None else event.name,
        venue=None if event is None else event.venue_name,
        event=event,
        cancelled=event is not None and event.status == "cancelled",
        providers=[(each.name, _PROVIDERS.get(each.name, each.name)) for each in _choices(page, payments)],
        refund_words=_REFUND_WORDS,
        moment=moment,
        percent=percent,
    )


def _choices(page: OrderPage, payments: Payments) -> list[PaymentProvider]:
    manual = page.order.capture == "manual"
    return [each for each in payments.providers.all() if each.can_hold or not manual]


async def _pressed(request: Request, name: str) -> str:
    """The value of the button that sent a form; nothing where the form is none of ours."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            return ""
    return parse_qs(body.decode("latin-1")).get(name, [""])[0]


def _outcome(chosen: str) -> Outcome:
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
