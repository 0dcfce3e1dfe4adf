"""What routes ask for by type: who is asking, and the database."""

from typing import Annotated

from fastapi import Depends, Request

from common.db import Database
from common.principal import Principal


async def current_principal(request: Request) -> Principal:
    """Who is asking, from the internal token alone. Refuses with 401 without one."""
    state = request.app.state
    principal: Principal = state.authenticator.authenticate(request.headers.get("authorization"), state.clock.now())
    return principal


async def current_database(request: Request) -> Database:
    """The service's database."""
    database: Database = request.app.state.database
    return database


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]
Db = Annotated[Database, Depends(current_database)]
