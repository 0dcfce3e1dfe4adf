"""The routes: parse, call one action, answer."""

from fastapi import APIRouter

from releases.api import client_policy, deployments, internal, releases

router = APIRouter()
router.include_router(deployments.router)
router.include_router(releases.router)
router.include_router(client_policy.router)
router.include_router(internal.router)
