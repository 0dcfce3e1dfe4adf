"""Sellers and buyers say how documents shall name them. Documents that were issued stay as they are."""

from dataclasses import replace

from commerce.actions.read_orders import require_readable
from commerce.domain.party import Party
from commerce.errors import DocumentIssued, UnknownOrder, VatNumberFixed
from commerce.store import documents, orders
from common.capabilities import Capability, Scope, require_capability
from common.db import Transaction
from common.ids import OrderId, OrganizationId
from common.principal import Principal


async def read_seller_details(tx: Transaction, principal: Principal, organization_id: OrganizationId) -> Party:
    """How an organisation's documents name it, for staff who may read orders; empty where it said nothing."""
    require_capability(principal, Capability.COMMERCE_ORDER_READ, Scope(organization_id))
    return await documents.find_seller_details(tx, organization_id) or Party("")


async def change_seller_details(
    tx: Transaction, principal: Principal, organization_id: OrganizationId, party: Party
) -> Party:
    """Name the seller so from now on: with these, its documents are invoices."""
    require_capability(
        principal, Capability.COMMERCE_SALE_WRITE, Scope(organization_id), reading=Capability.COMMERCE_ORDER_READ
    )
    await documents.save_seller_details(tx, organization_id, party, principal.actor)
    return party


async def read_buyer_details(tx: Transaction, principal: Principal, order_id: OrderId) -> Party:
    """Whom an order's documents name; empty where the buyer said nothing."""
    require_readable(principal, await orders.find_order(tx, order_id))
    return await documents.find_buyer_details(tx, order_id) or Party("")


async def change_buyer_details(tx: Transaction, principal: Principal, order_id: OrderId, party: Party) -> Party:
    """Name the buyer so, as long as nothing was issued: best before paying. Numbers are checked when an order is placed and
    never later: another number is one that nobody checked, and what an order without tax rests on stays.
    """
    buyer = principal.require_user()
    order = await orders.lock_order(tx, order_id)
    if order is None or order.buyer_user_id != buyer:
        raise UnknownOrder()
    if await documents.documents_of_order(tx, order_id):
        raise DocumentIssued()
    before = await documents.find_buyer_details(tx, order_id) or Party("")
    same = party.names_number_of(before)
    if order.sums.reverse_charge and not same:
        raise VatNumberFixed()
    named = replace(party, vat_check=before.vat_check if same else None)
    documents.save_buyer_details(tx, order_id, named)
    return named
