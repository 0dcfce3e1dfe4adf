"""Shows the platform's own people what was deployed where."""

from collections.abc import Callable
from typing import TypeVar

from common.capabilities import PLATFORM, Capability, require_capability
from common.db import Transaction
from common.principal import Principal
from common.schemas import Page, View
from releases.domain.deployment import Deployment
from releases.store import deployments
from releases.store.deployments import Wanted

Model = TypeVar("Model", bound=View)


async def list_deployments(
    tx: Transaction,
    principal: Principal,
    wanted: Wanted,
    cursor: str | None,
    limit: int,
    view: Callable[[Deployment], Model],
) -> Page[Model]:
    """One page of deployments with all that is known of them, addresses included."""
    require_capability(principal, Capability.RELEASES_DEPLOYMENT_READ, PLATFORM)
    return await deployments.page(tx, wanted, cursor, limit, view)
