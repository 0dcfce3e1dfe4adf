"""The routes of commerce: parse, call one action, answer."""

from commerce.api.orders import router as orders_router
from commerce.api.payments import router as payments_router
from commerce.api.sandbox import router as sandbox_router

ROUTERS = [orders_router, payments_router, sandbox_router]
