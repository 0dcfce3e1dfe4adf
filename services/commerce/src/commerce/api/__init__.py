"""The routes of commerce: parse, call one action, answer."""

from commerce.api.add_ons import router as add_ons_router
from commerce.api.approval import router as approval_router
from commerce.api.documents import router as documents_router
from commerce.api.order_changes import router as order_changes_router
from commerce.api.orders import router as orders_router
from commerce.api.organisers import router as organisers_router
from commerce.api.payments import router as payments_router
from commerce.api.payouts import router as payouts_router
from commerce.api.promo_codes import router as promo_codes_router
from commerce.api.refunds import router as refunds_router
from commerce.api.sale_settings import router as sale_settings_router
from commerce.api.sandbox import router as sandbox_router
from commerce.api.waiting import router as waiting_router
from commerce.api.webhooks import router as webhooks_router

ROUTERS = [
    add_ons_router,
    approval_router,
    order_changes_router,
    orders_router,
    documents_router,
    organisers_router,
    payments_router,
    payouts_router,
    refunds_router,
    promo_codes_router,
    sale_settings_router,
    sandbox_router,
    waiting_router,
    webhooks_router,
]
