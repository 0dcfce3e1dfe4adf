"""Show passes to those they are for: their holder, their buyer, and a team that may read passes."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from common.capabilities import Capability, holds, require_capability
from common.db import Transaction
from common.ids import OrderId, PassId
from common.principal import Principal
from common.refusals import MissingCapability, Unauthenticated
from common.schemas import Page, View
from events.actions.reach_event import may_know, scope_of
from events.domain.entry_pass import Pass, address
from events.domain.event import Event
from events.errors import NoSuchPass
from events.store import events, passes
from events.store.passes import Reader

Shown = TypeVar("Shown", bound=View)
Shown_co = TypeVar("Shown_co", bound=View, covariant=True)


class Show(Protocol[Shown_co]):
    """Makes the answer of a pass."""

    def __call__(self, entry: Pass, *, show_code: bool) -> Shown_co:
        """The answer; with the pass' code where `show_code` says so."""
        ...


async def list_my_passes(
    tx: Transaction, principal: Principal, cursor: str | None, limit: int, show: Show[Shown]
) -> Page[Shown]:
    """The passes the caller holds, whoever bought them."""
    principal.require_user()
    return await passes.page_of_passes(
        tx, passes.held_by(_reader(principal)), cursor, limit, lambda entry: show(entry, show_code=True)
    )


async def list_upcoming_passes(
    tx: Transaction,
    principal: Principal,
    cursor: str | None,
    limit: int,
    show: Callable[[Pass, Event], Shown],
) -> Page[Shown]:
    """The passes the caller can still go somewhere with, the soonest first, each beside its event."""
    principal.require_user()
    found = await passes.upcoming_passes(tx, _reader(principal), cursor, limit + 1)
    shown = found[:limit]
    of = await events.find_events(tx, {entry.event_id for entry in shown})
    following = str(shown[-1].id) if len(found) > limit else None
    return Page[Shown](items=[show(entry, of[entry.event_id]) for entry in shown], next_cursor=following)


async def list_passes_of_order(
    tx: Transaction, principal: Principal, order_id: OrderId, cursor: str | None, limit: int, show: Show[Shown]
) -> Page[Shown]:
    """The passes of an order: all of them for its buyer and the event's team, one's own for a holder.

    An order that has none yet and one that is none of the caller's business look the same: empty.
    """
    if principal.kind == "anonymous":
        raise Unauthenticated()
    event_id = await passes.event_of_order(tx, order_id)
    event = None if event_id is None else await events.find_event(tx, event_id)
    team = event is not None and holds(principal, Capability.EVENTS_PASS_READ, scope_of(event))
    which = passes.of_order(order_id, None if team else _reader(principal))
    page = await passes.page_of_passes(
        tx, which, cursor, limit, lambda entry: show(entry, show_code=_is_own(principal, entry))
    )
    if not page.items and event is not None and _is_colleague(principal, event):
        raise MissingCapability(capability=Capability.EVENTS_PASS_READ.value)
    return page


async def read_pass(tx: Transaction, principal: Principal, pass_id: PassId, show: Show[Shown]) -> Shown:
    """One pass. Its code is for its holder and its buyer alone: a team checks people in, it does not enter for them."""
    if principal.kind == "anonymous":
        raise Unauthenticated()
    entry = await passes.find_pass(tx, pass_id)
    if entry is None:
        raise NoSuchPass()
    own = _is_own(principal, entry)
    if not own:
        event = await events.find_event(tx, entry.event_id)
        if event is None or not may_know(principal, Capability.EVENTS_PASS_READ, event):
            raise NoSuchPass()
        scope = scope_of(event)
        require_capability(principal, Capability.EVENTS_PASS_READ, scope, reading=Capability.EVENTS_EVENT_READ)
    return show(entry, show_code=own)


def _reader(principal: Principal) -> Reader:
    return Reader(principal.user_id, None if principal.email is None else address(principal.email))


def _is_own(principal: Principal, entry: Pass) -> bool:
    reader, held = _reader(principal), entry.holder
    if reader.user_id is None:
        return False
    waits_for_them = held.user_id is None and held.email == reader.address
    return reader.user_id in (held.user_id, entry.buyer_user_id) or waits_for_them


def _is_colleague(principal: Principal, event: Event) -> bool:
    scope = scope_of(event)
    return holds(principal, Capability.EVENTS_EVENT_READ, scope) and not holds(
        principal, Capability.EVENTS_PASS_READ, scope
    )
