"""Settings of events and tiers. What nobody saved yet is as its defaults say."""

from dataclasses import asdict, fields, replace
from typing import Any, Final, TypeVar

from sqlalchemy import Row, Table, select
from sqlalchemy.dialects.postgresql import insert

from commerce.domain.sale_settings import SaleSettings, TierSaleSettings
from commerce.tables import event_sale_settings, ticket_tiers, tier_sale_settings
from common.db import Transaction
from common.ids import EventId, Id, TicketTierId

Settings = TypeVar("Settings", SaleSettings, TierSaleSettings)
_OF_EVENT: Final = tuple(field.name for field in fields(SaleSettings))
_OF_TIER: Final = tuple(field.name for field in fields(TierSaleSettings))


async def settings_of_event(tx: Transaction, event_id: EventId) -> SaleSettings:
    """How an event is sold."""
    row = await tx.one(select(event_sale_settings).where(event_sale_settings.c.event_id == event_id))
    return SaleSettings() if row is None else event_settings_of(row)


async def settings_of_tier(tx: Transaction, ticket_tier_id: TicketTierId) -> TierSaleSettings:
    """How a tier is sold."""
    row = await tx.one(select(tier_sale_settings).where(tier_sale_settings.c.ticket_tier_id == ticket_tier_id))
    return TierSaleSettings() if row is None else tier_settings_of(row)


async def hidden_tiers_of(tx: Transaction, event_id: EventId) -> set[TicketTierId]:
    """Those tiers of an event that are shown only to who has a code."""
    terms = tier_sale_settings.c
    query = select(terms.ticket_tier_id).join(ticket_tiers, ticket_tiers.c.id == terms.ticket_tier_id)
    return {
        row.ticket_tier_id
        for row in await tx.all(query.where(ticket_tiers.c.event_id == event_id, terms.hidden_until_code))
    }


async def save_settings_of_event(tx: Transaction, event_id: EventId, settings: SaleSettings) -> SaleSettings | None:
    """Write them as the version after the one they were read as; None when someone else did that first."""
    return await _save(tx, event_sale_settings, "event_id", event_id, settings)


async def save_settings_of_tier(
    tx: Transaction, ticket_tier_id: TicketTierId, settings: TierSaleSettings
) -> TierSaleSettings | None:
    """Write them as the version after the one they were read as; None when someone else did that first."""
    return await _save(tx, tier_sale_settings, "ticket_tier_id", ticket_tier_id, settings)


async def _save(tx: Transaction, table: Table, key: str, of: Id, settings: Settings) -> Settings | None:
    after = replace(settings, version=settings.version + 1)
    statement = insert(table).values(**{key: of}, **asdict(after))
    statement = statement.on_conflict_do_update(
        index_elements=[key],
        set_={name: statement.excluded[name] for name in asdict(after)},
        where=table.c.version == settings.version,
    )
    saved = await tx.scalar(statement.returning(table.c.version)) is not None
    return after if saved else None


def event_settings_of(row: Row[Any], prefix: str = "") -> SaleSettings:
    """The settings from a row that holds their columns, perhaps under a prefix; the defaults where it holds none."""
    found = getattr(row, f"{prefix}version") is not None
    return SaleSettings(**{name: getattr(row, prefix + name) for name in _OF_EVENT}) if found else SaleSettings()


def tier_settings_of(row: Row[Any], prefix: str = "") -> TierSaleSettings:
    """The settings from a row that holds their columns, perhaps under a prefix; the defaults where it holds none."""
    found = getattr(row, f"{prefix}version") is not None
    return TierSaleSettings(**{name: getattr(row, prefix + name) for name in _OF_TIER}) if found else TierSaleSettings()
