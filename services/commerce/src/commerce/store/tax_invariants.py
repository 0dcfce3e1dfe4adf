"""Questions about tax whose answer must be "nothing": each statement sees one moment."""

from sqlalchemy import exists, or_, select

from commerce.store.invariants import SHOWN
from commerce.tables import buyer_details, order_add_ons, order_lines, orders
from common.db import Transaction


async def find_reverse_charges_astray(tx: Transaction) -> list[str]:
    """Orders whose buyer owes the tax although no number was found good, or although a line holds tax."""
    proven = exists().where(buyer_details.c.order_id == orders.c.id, buyer_details.c.vat_check == "valid")
    taxed = [
        exists().where(table.c.order_id == orders.c.id, table.c.tax_rate + table.c.tax > 0)
        for table in (order_lines, order_add_ons)
    ]
    query = select(orders.c.id).where(orders.c.reverse_charge, or_(~proven, *taxed)).limit(SHOWN)
    return [f"order {row.id}: its buyer owes the tax without proof, or a line is taxed" for row in await tx.all(query)]
