"""Wallet passes: which are missing, which are void, and what one shows."""

from dataclasses import asdict, fields
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, func, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from common.db import Transaction
from common.ids import PassId, WalletPassId
from wallet.domain.face import Face, Gathering, Venue
from wallet.domain.pass_copy import PassCopy, Status, WalletPassState
from wallet.domain.wallet_pass import Secrets, WalletPass
from wallet.tables import events, organizations, passes, ticket_tiers, wallet_passes

_UNKNOWN_ORGANIZER: Final = "Lanyard"
# The row at hand is named literally: what RETURNING says is not correlated with the statement it belongs to.
_OF_THE_PASS: Final = {
    name: select(passes.c[name])
    .where(passes.c.id == literal_column("wallet_passes.pass_id"))
    .scalar_subquery()
    .label(name)
    for name in ("buyer_user_id", "order_id", "ticket_tier_name")
}
_STATE: Final = [
    _OF_THE_PASS[field.name] if field.name in _OF_THE_PASS else wallet_passes.c[field.name]
    for field in fields(WalletPassState)
]

Values = dict[str, Any]

_ADD: Final = (
    insert(wallet_passes).on_conflict_do_nothing(constraint="uq_wallet_passes_one_per_generation").returning(*_STATE)
)


async def add(transaction: Transaction, copy: PassCopy, status: Status, secrets: Secrets) -> WalletPassState | None:
    """Add the wallet pass of the copy's generation; None when there is one already."""
    values = {
        "id": transaction.new_id(WalletPassId),
        "pass_id": copy.id,
        "generation": copy.generation,
        "event_id": copy.event_id,
        **asdict(secrets),
        **_shown_of(copy, status),
        "version": 1,
        "created_at": transaction.now,
        "changed_at": transaction.now,
    }
    row = await transaction.one(_ADD, values)
    return None if row is None else _state(row)


async def void_generations_before(transaction: Transaction, pass_id: PassId, generation: int) -> list[WalletPassState]:
    """Void the live wallet passes of former generations; those that changed."""
    former = (wallet_passes.c.pass_id == pass_id) & (wallet_passes.c.generation < generation)
    return await _change(transaction, former & (wallet_passes.c.status == "live"), {"status": "voided"})


async def follow_pass(transaction: Transaction, copy: PassCopy, status: Status) -> list[WalletPassState]:
    """Make the wallet pass of the copy's generation show what the copy says; those that changed."""
    shown = _shown_of(copy, status)
    differs = or_(*(wallet_passes.c[name].is_distinct_from(value) for name, value in shown.items()))
    mine = (wallet_passes.c.pass_id == copy.id) & (wallet_passes.c.generation == copy.generation)
    return await _change(transaction, mine & differs, shown)


async def void_some_of_cancelled_events(transaction: Transaction, limit: int) -> list[WalletPassState]:
    """Void up to `limit` live wallet passes of cancelled events, skipping rows that others work on."""
    chosen = (
        select(wallet_passes.c.id)
        .join(events, events.c.id == wallet_passes.c.event_id)
        .where(events.c.status == "cancelled", wallet_passes.c.status == "live")
        .limit(limit)
        .with_for_update(of=wallet_passes, skip_locked=True)
    )
    return await _change(transaction, wallet_passes.c.id.in_(chosen), {"status": "voided"})


async def find_current(transaction: Transaction, pass_id: PassId) -> WalletPass | None:
    """The wallet pass of a pass's present generation."""
    return await _find(transaction, (passes.c.id == pass_id) & (wallet_passes.c.generation == passes.c.generation))


async def find_by_link(transaction: Transaction, pass_id: PassId, link_key: str) -> WalletPass | None:
    """The wallet pass a secret link leads to, of whichever generation."""
    return await _find(transaction, (passes.c.id == pass_id) & (wallet_passes.c.link_key == link_key))


async def want_at_google(transaction: Transaction, wallet_pass_id: WalletPassId) -> None:
    """Record that this wallet pass is to be kept at Google from now on."""
    await transaction.execute(
        update(wallet_passes)
        .where(wallet_passes.c.id == wallet_pass_id, wallet_passes.c.google_wanted_at.is_(None))
        .values(google_wanted_at=transaction.now)
    )


async def record_put_at_google(transaction: Transaction, wallet_pass: WalletPass) -> None:
    """Record that Google holds what `wallet_pass` showed when it was read."""
    await transaction.execute(
        update(wallet_passes)
        .where(wallet_passes.c.id == wallet_pass.wallet_pass_id)
        .values(google_put_at=func.greatest(wallet_passes.c.google_put_at, wallet_pass.modified_at))
    )


async def stale_at_google(transaction: Transaction, limit: int) -> list[WalletPass]:
    """Wallet passes that Google should hold and does not, or holds in an older state."""
    stale = wallet_passes.c.google_wanted_at.is_not(None) & (
        wallet_passes.c.google_put_at.is_(None) | (wallet_passes.c.google_put_at < _modified_at())
    )
    rows = await transaction.all(_shown().where(stale).order_by(wallet_passes.c.google_wanted_at).limit(limit))
    return [_wallet_pass(row) for row in rows]


async def states_after(transaction: Transaction, after: WalletPassId | None, limit: int) -> list[WalletPassState]:
    """Wallet passes in the order of their ids, from just behind `after`."""
    query = select(*_STATE).order_by(wallet_passes.c.id).limit(limit)
    rows = await transaction.all(query if after is None else query.where(wallet_passes.c.id > after))
    return [_state(row) for row in rows]


async def _change(transaction: Transaction, which: ColumnElement[bool], values: Values) -> list[WalletPassState]:
    statement = (
        update(wallet_passes)
        .where(which)
        .values(**values, version=wallet_passes.c.version + 1, changed_at=transaction.now)
        .returning(*_STATE)
    )
    return [_state(row) for row in (await transaction.execute(statement)).all()]


def _shown_of(copy: PassCopy, status: Status) -> Values:
    """What of a pass is kept per generation, so that a former holder's wallet pass never shows the new code."""
    return {
        "status": status,
        "code": copy.code,
        "attendee_name": copy.attendee_name,
        "holder_user_id": copy.holder_user_id,
    }


async def _find(transaction: Transaction, which: ColumnElement[bool]) -> WalletPass | None:
    row = await transaction.one(_shown().where(which))
    return None if row is None else _wallet_pass(row)


def _modified_at() -> ColumnElement[Any]:
    """The last change of anything a wallet pass shows; PostgreSQL's greatest ignores what is missing."""
    return func.greatest(
        wallet_passes.c.changed_at, events.c.changed_at, organizations.c.changed_at, ticket_tiers.c.changed_at
    )


def _shown() -> Select[Any]:
    return (
        select(
            wallet_passes,
            passes.c.order_id,
            passes.c.organization_id,
            passes.c.buyer_user_id,
            func.coalesce(ticket_tiers.c.name, passes.c.ticket_tier_name).label("tier_name"),
            events.c.name.label("event_name"),
            events.c.status.label("event_status"),
            events.c.starts_at,
            events.c.ends_at,
            events.c.timezone,
            events.c.venue,
            func.coalesce(organizations.c.name, _UNKNOWN_ORGANIZER).label("organizer"),
            _modified_at().label("modified_at"),
        )
        .join(passes, passes.c.id == wallet_passes.c.pass_id)
        .join(events, events.c.id == wallet_passes.c.event_id)
        .outerjoin(organizations, organizations.c.id == events.c.organization_id)
        .outerjoin(ticket_tiers, ticket_tiers.c.id == passes.c.ticket_tier_id)
    )


def _wallet_pass(row: Row[Any]) -> WalletPass:
    gathering = Gathering(
        event_id=row.event_id,
        name=row.event_name,
        organizer=row.organizer,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        timezone=row.timezone,
        venue=None if row.venue is None else Venue(**row.venue),
    )
    face = Face(
        serial=row.serial,
        gathering=gathering,
        tier=row.tier_name,
        code=row.code,
        holder=row.attendee_name,
        group=row.order_id,
        voided=row.status == "voided" or row.event_status == "cancelled",
    )
    return WalletPass(
        wallet_pass_id=row.id,
        pass_id=row.pass_id,
        generation=row.generation,
        event_id=row.event_id,
        organization_id=row.organization_id,
        holder_user_id=row.holder_user_id,
        buyer_user_id=row.buyer_user_id,
        auth_token=row.auth_token,
        link_key=row.link_key,
        face=face,
        modified_at=row.modified_at,
    )


def _state(row: Row[Any]) -> WalletPassState:
    return WalletPassState(**{field.name: getattr(row, field.name) for field in fields(WalletPassState)})
