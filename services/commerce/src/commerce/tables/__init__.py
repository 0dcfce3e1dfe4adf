"""The tables of commerce. Whatever the database can guarantee is a named constraint."""

from commerce.tables.copies import events as events
from commerce.tables.copies import ticket_tiers as ticket_tiers
from commerce.tables.metadata import metadata as metadata
from commerce.tables.orders import admissions as admissions
from commerce.tables.orders import order_add_ons as order_add_ons
from commerce.tables.orders import order_lines as order_lines
from commerce.tables.orders import orders as orders
from commerce.tables.orders import stock as stock
from commerce.tables.payments import ledger_transfers as ledger_transfers
from commerce.tables.payments import payment_webhooks as payment_webhooks
from commerce.tables.payments import payments as payments
