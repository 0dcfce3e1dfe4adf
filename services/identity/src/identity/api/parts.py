"""What routes ask for by type."""

from typing import Annotated

from fastapi import Depends, Request

from common.principal import Principal
from common.service import CurrentPrincipal
from identity.actions.desk import Desk
from identity.actions.means import Means
from identity.domain.client import Client, network_of
from identity.errors import SystemOnly
from identity.formats.access_tokens import AccessTokens

CLIENT_ADDRESS = "x-forwarded-for"
"""One address, set anew by the gateway on every request: what clients or unknown proxies wrote there never gets past it."""


async def current_client(request: Request, principal: CurrentPrincipal) -> Client:
    """The machine at the other end. The gateway's word is believed because its token came along."""
    address = request.headers.get(CLIENT_ADDRESS)
    agent = "".join(letter for letter in request.headers.get("user-agent", "") if letter.isprintable())
    return Client(address, network_of(address), agent[:200] or None)


async def system_only(principal: CurrentPrincipal) -> Principal:
    """The gateway itself, or a refusal."""
    if principal.kind != "system":
        raise SystemOnly()
    return principal


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


async def _means(request: Request) -> Means:
    means: Means = request.app.state.means
    return means


async def _access_tokens(request: Request) -> AccessTokens:
    tokens: AccessTokens = request.app.state.access_tokens
    return tokens


CurrentClient = Annotated[Client, Depends(current_client)]
TheDesk = Annotated[Desk, Depends(_desk)]
TheMeans = Annotated[Means, Depends(_means)]
Tokens = Annotated[AccessTokens, Depends(_access_tokens)]
