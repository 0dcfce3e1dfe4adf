"""Routes: parse, call one action, answer."""

from fastapi import APIRouter

from dp.api import campaigns, dps, moderation, templates

router = APIRouter()
for part in (templates, campaigns, dps, moderation):
    router.include_router(part.router)
