"""Measures how software reaches users."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from common.capabilities import PLATFORM, Capability, require_capability
from common.db import Transaction
from common.principal import Principal
from releases.domain.dora import Figures, figures
from releases.store import deployments

LOOKING_BACK = timedelta(days=180)
"""How far before the window commits are looked up, to know a rollback and a commit's first report."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures and what they are of."""

    environment: str
    service: str | None
    since: datetime
    until: datetime
    figures: Figures


async def measure_delivery(
    tx: Transaction, principal: Principal, environment: str, service: str | None, days: int
) -> Measured:
    """The five figures of one environment over the last `days`."""
    require_capability(principal, Capability.RELEASES_DEPLOYMENT_READ, PLATFORM)
    since, until = tx.now - timedelta(days=days), tx.now
    shipped = await deployments.shipped(tx, environment, service, since - LOOKING_BACK, until)
    return Measured(environment, service, since, until, figures(shipped, since, until))
