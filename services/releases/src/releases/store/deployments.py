"""Deployments and what was heard of them."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Row, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from common.db import Transaction
from common.ids import DeploymentId
from common.paging import newest_first
from common.schemas import Page, View
from releases.domain.deployment import Deployment, Heard, Report, State
from releases.domain.dora import Shipped
from releases.domain.words import UNKNOWN
from releases.tables import deployment_events as events
from releases.tables import deployments

Model = TypeVar("Model", bound=View)

_STATE = [field.name for field in fields(State)]
SHOWN_WITH_A_RELEASE = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deployments to list. Those of pull requests come only when asked for."""

    environment: str | None = None
    service: str | None = None
    ephemeral: bool = False


async def lock_or_add(tx: Transaction, provider: str, external_id: str) -> tuple[DeploymentId, int]:
    """The id and version of a deployment, locked; one never heard of before is added with version 0.

    Whoever reports it in parallel waits here for the first to commit.
    """
    fresh = insert(deployments).values(
        id=tx.new_id(DeploymentId),
        version=0,
        provider=provider,
        external_id=external_id,
        status=UNKNOWN,
        last_word=UNKNOWN,
        occurred_at=tx.now,
        started_at=tx.now,
        ephemeral=False,
    )
    await tx.execute(fresh.on_conflict_do_nothing())
    mine = (deployments.c.provider == provider) & (deployments.c.external_id == external_id)
    row = await tx.one(select(deployments.c.id, deployments.c.version).where(mine).with_for_update())
    assert row is not None
    return row.id, row.version


async def add_report(tx: Transaction, deployment_id: DeploymentId, heard: Heard) -> bool:
    """Keep a report. False when this very report was kept before."""
    report = heard.report
    statement = insert(events).values(
        deployment_id=deployment_id,
        digest=report.digest(),
        word=report.word,
        occurred_at=heard.occurred_at,
        received_at=heard.received_at,
        report={**asdict(report), "reported_at": report.reported_at and report.reported_at.isoformat()},
    )
    added = await tx.execute(statement.on_conflict_do_nothing().returning(events.c.position))
    return added.first() is not None


async def reports_of(tx: Transaction, deployment_id: DeploymentId) -> list[Heard]:
    """Everything that was heard of a deployment."""
    rows = await tx.all(select(events.c.report, events.c.received_at).where(events.c.deployment_id == deployment_id))
    return [Heard(_report(row.report), row.received_at) for row in rows]


async def find(tx: Transaction, deployment_id: DeploymentId) -> Deployment:
    """A deployment that is known to be there."""
    row = await tx.one(select(deployments).where(deployments.c.id == deployment_id))
    assert row is not None
    return _deployment(row)


async def save(tx: Transaction, deployment_id: DeploymentId, version: int, state: State) -> None:
    """Give a locked deployment its new state and version."""
    values: dict[str, Any] = {"version": version, **asdict(state)}
    await tx.execute(update(deployments).where(deployments.c.id == deployment_id).values(**values))


async def page(
    tx: Transaction, wanted: Wanted, cursor: str | None, limit: int, view: Callable[[Deployment], Model]
) -> Page[Model]:
    """One page of deployments, those first heard of last at the top."""
    query = select(deployments)
    if not wanted.ephemeral:
        query = query.where(~deployments.c.ephemeral)
    if wanted.environment is not None:
        query = query.where(deployments.c.environment == wanted.environment)
    if wanted.service is not None:
        query = query.where(deployments.c.service == wanted.service)
    return await newest_first(
        tx, query, deployments.c.id, DeploymentId, cursor, limit, lambda row: view(_deployment(row))
    )


async def carrying(tx: Transaction, commits: Sequence[str]) -> dict[str, list[Deployment]]:
    """For each commit (or beginning of one) the deployments that carried it, newest first and at most twenty.

    Those of pull requests never show beside a release.
    """
    if not commits:
        return {}
    starts = or_(*(deployments.c.commit_hash.startswith(commit) for commit in commits))
    newest = func.row_number().over(partition_by=deployments.c.commit_hash, order_by=deployments.c.id.desc())
    numbered = select(deployments, newest.label("place")).where(starts, ~deployments.c.ephemeral).subquery()
    query = select(numbered).where(numbered.c.place <= SHOWN_WITH_A_RELEASE).order_by(numbered.c.id.desc())
    found = [_deployment(row) for row in await tx.all(query)]
    return {
        commit: [each for each in found if (each.state.commit_hash or "").startswith(commit)][:SHOWN_WITH_A_RELEASE]
        for commit in commits
    }


async def shipped(
    tx: Transaction, environment: str, service: str | None, since: datetime, until: datetime
) -> list[Shipped]:
    """The deployments that reached users of an environment between two moments."""
    chosen = and_(
        deployments.c.deployed_at >= since,
        deployments.c.deployed_at < until,
        deployments.c.environment == environment,
        ~deployments.c.ephemeral,
    )
    query = select(deployments).where(chosen)
    if service is not None:
        query = query.where(deployments.c.service == service)
    return [
        Shipped(row.id, row.service, row.commit_hash, row.started_at, row.deployed_at, row.failed_at)
        for row in await tx.all(query)
    ]


async def after(tx: Transaction, last: DeploymentId | None, limit: int) -> list[Deployment]:
    """Deployments in the order of their ids, from just behind `last`."""
    query = select(deployments).order_by(deployments.c.id).limit(limit)
    rows = await tx.all(query if last is None else query.where(deployments.c.id > last))
    return [_deployment(row) for row in rows]


def _deployment(row: Row[Any]) -> Deployment:
    state = State(**{name: getattr(row, name) for name in _STATE})
    return Deployment(row.id, row.version, row.provider, row.external_id, state, row.verified_at)


def _report(kept: dict[str, Any]) -> Report:
    reported_at = kept["reported_at"]
    return Report(**{**kept, "reported_at": datetime.fromisoformat(reported_at) if reported_at else None})
