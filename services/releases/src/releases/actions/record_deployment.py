"""Takes in what a provider reports of a deployment."""

from typing import Literal

from common.db import Transaction
from releases.actions.announce import deployment_message
from releases.domain.deployment import Heard, Report, summed_up
from releases.store import deployments

Outcome = Literal["recorded", "repeated"]


async def record_deployment(tx: Transaction, report: Report) -> Outcome:
    """Keep the report and let the deployment's state follow from all that was heard of it; a repetition changes nothing."""
    deployment_id, version = await deployments.lock_or_add(tx, report.provider, report.external_id)
    if not await deployments.add_report(tx, deployment_id, Heard(report, tx.now)):
        return "repeated"
    state = summed_up(await deployments.reports_of(tx, deployment_id))
    known = await deployments.find(tx, deployment_id)
    if version == 0 or state != known.state:
        await deployments.save(tx, deployment_id, version + 1, state)
        tx.publish(deployment_message(await deployments.find(tx, deployment_id)))
    return "recorded"
