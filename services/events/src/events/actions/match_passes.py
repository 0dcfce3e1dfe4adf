"""Hears of an order and makes its passes equal to its admissions.

Every order message carries the order's whole state, so all four kinds are worked off alike and only the newest counts:
a refund heard before its payment, or a payment heard twice, ends the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from common.db import Transaction
from common.ids import OrderLineId, PassId, TicketTierId, UserId
from common.messages import OrderCancelled, OrderExpired, OrderPaid, OrderRefunded, PassIssued, PassUpdated, PassVoided
from common.postgres import Asked
from events.actions.announce import pass_message
from events.domain.entry_pass import Admission, Attendee, Holder, Pass, Status, admissions_due, holder_of
from events.domain.event import Event
from events.errors import NoSuchEvent, NoSuchTicketTier
from events.formats.pass_code import PassClaim, PassCodes
from events.store import copies, door_counts, events, passes, ticket_tiers

OrderMessage = OrderPaid | OrderRefunded | OrderCancelled | OrderExpired
Key = tuple[OrderLineId, int]


@dataclass(frozen=True, slots=True)
class _Order:
    """An order message with what it takes to work it off."""

    message: OrderMessage
    event: Event
    tier_names: Mapping[TicketTierId, str]
    users: Mapping[str, UserId]
    """Attendees whose address is verified already, by that address."""
    codes: PassCodes


class MatchPasses:
    """The handler of order messages; it signs the codes of the passes it makes."""

    def __init__(self, codes: PassCodes) -> None:
        self._codes = codes

    async def __call__(self, tx: Transaction, message: OrderMessage) -> None:
        """Issue what is missing, void what is no longer live, give back what is live again, let names follow; tell of each.

        A message about an event or tier that is not here fails, comes again, and at last becomes a dead letter.
        """
        due = _due(message)
        saved = copies.ask_save_order(tx, _copy(message))
        users = _ask_users(tx, message, due)
        present = passes.ask_passes_of_order(tx, message.order_id)
        event = events.ask_event(tx, message.event_id)
        tier_names = await ticket_tiers.tier_names(tx, message.event_id)
        if not saved.answer() or not (due or present.answer()):
            return
        order = _Order(message, _known(event.answer(), tier_names, due), tier_names, users.answer(), self._codes)
        await _match(tx, order, due, {_key(entry): entry for entry in present.answer()})


async def _match(tx: Transaction, order: _Order, due: Mapping[Key, Admission], present: Mapping[Key, Pass]) -> None:
    for key, entry in present.items():
        await _settle(tx, order, entry, due.get(key))
    for key in sorted(due.keys() - present.keys()):
        _issue(tx, order, due[key])
    door_counts.mark_if_counted(tx, order.event.id)


def _copy(message: OrderMessage) -> dict[str, Any]:
    return {
        "id": message.order_id,
        "event_id": message.event_id,
        "buyer_user_id": message.buyer_user_id,
        "status": message.status,
        "sequence": message.sequence,
    }


def _due(message: OrderMessage) -> dict[Key, Admission]:
    sold = [
        Admission(
            each.line_id,
            each.ordinal,
            each.ticket_tier_id,
            Attendee(each.attendee_name, each.attendee_email),
            each.live,
        )
        for each in message.admissions
    ]
    due = admissions_due(sold, status=message.status, was_paid=message.paid_at is not None)
    return {_key(admission): admission for admission in due}


def _key(each: Admission | Pass) -> Key:
    return each.line_id, each.ordinal


def _known(event: Event | None, tier_names: Mapping[TicketTierId, str], due: Mapping[Key, Admission]) -> Event:
    if event is None:
        raise NoSuchEvent()
    if any(admission.ticket_tier_id not in tier_names for admission in due.values()):
        raise NoSuchTicketTier()
    return event


def _holder(message: OrderMessage, admission: Admission) -> Holder:
    return holder_of(admission.attendee, message.buyer_user_id, message.buyer_email)


def _ask_users(tx: Transaction, message: OrderMessage, due: Mapping[Key, Admission]) -> Asked[dict[str, UserId]]:
    """Who of the attendees is a user; nobody becomes one until this commits."""
    holders = [_holder(message, admission) for admission in due.values()]
    addresses = {holder.email for holder in holders if holder.email is not None}
    copies.lock_addresses(tx, addresses)
    return copies.ask_users_by_address(tx, addresses)


def _issue(tx: Transaction, order: _Order, admission: Admission) -> None:
    """Make a pass; a void one where the refund was heard before the payment, so that either order ends the same."""
    pass_id, event = tx.new_id(PassId), order.event
    entry = Pass(
        id=pass_id,
        version=1,
        order_id=order.message.order_id,
        line_id=admission.line_id,
        ordinal=admission.ordinal,
        event_id=event.id,
        ticket_tier_id=admission.ticket_tier_id,
        status="issued" if admission.live else "voided",
        generation=1,
        code=order.codes.sign(PassClaim(pass_id, event.id, 1)),
        attendee=admission.attendee,
        holder=_attached(order, admission),
        buyer_user_id=order.message.buyer_user_id,
        inside=False,
        first_admitted_at=None,
        first_gate_id=None,
    )
    passes.add_pass(tx, entry)
    kind = PassIssued if admission.live else PassVoided
    tx.publish(pass_message(kind, entry, event, order.tier_names[entry.ticket_tier_id]))


async def _settle(tx: Transaction, order: _Order, entry: Pass, admission: Admission | None) -> None:
    """Void a pass whose admission is no longer live, give back one whose admission is live again, and have it name whom
    the order names."""
    live = admission is not None and admission.live
    settled = entry if live == (entry.status != "voided") else replace(entry, status=_status(entry, live=live))
    if admission is not None:
        settled = _named(order, settled, admission)
    if settled == entry:
        return
    settled = replace(settled, version=entry.version + 1)
    await passes.save_pass(tx, settled)
    kind = PassVoided if settled.status == "voided" else PassUpdated
    tx.publish(pass_message(kind, settled, order.event, order.tier_names[entry.ticket_tier_id]))


def _status(entry: Pass, *, live: bool) -> Status:
    if not live:
        return "voided"
    return "admitted" if entry.first_admitted_at else "issued"


def _named(order: _Order, entry: Pass, admission: Admission) -> Pass:
    """With another address it is somebody else's pass: whoever had the code before must not come in with it."""
    was = holder_of(entry.attendee, order.message.buyer_user_id, order.message.buyer_email)
    named = replace(entry, attendee=admission.attendee)
    if _holder(order.message, admission) == was:
        return named
    generation = entry.generation + 1
    code = order.codes.sign(PassClaim(entry.id, order.event.id, generation))
    return replace(named, holder=_attached(order, admission), generation=generation, code=code)


def _attached(order: _Order, admission: Admission) -> Holder:
    """Whose pass it is; a user where the address is verified already."""
    holder = _holder(order.message, admission)
    return holder if holder.email is None else replace(holder, user_id=order.users.get(holder.email))
