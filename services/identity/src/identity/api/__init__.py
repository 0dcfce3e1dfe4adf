"""The routes: parse, call one action, answer."""

from fastapi import APIRouter

from identity.api import admin, auth, internal, machines, me, organizations, workspaces

ROUTERS: list[APIRouter] = [
    auth.router,
    me.router,
    organizations.router,
    workspaces.router,
    machines.router,
    admin.router,
    internal.router,
]
