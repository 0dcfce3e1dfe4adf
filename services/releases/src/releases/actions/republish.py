"""Says the present state of everything again, so that a listener can rebuild its copy."""

from common.db import Transaction
from common.ids import DeploymentId, ReleaseId
from releases.actions.announce import deployment_message, policy_message, release_message
from releases.store import client_policies, deployments, releases

PAGE = 500


async def republish(tx: Transaction) -> int:
    """Publish every published release, deployment and client policy as it is now; how many."""
    for policy in await client_policies.every_policy(tx):
        tx.publish(policy_message(policy))
    last_release: ReleaseId | None = None
    while some := await releases.public_after(tx, last_release, PAGE):
        for release in some:
            tx.publish(release_message(release))
        last_release = some[-1].id
    last_deployment: DeploymentId | None = None
    while more := await deployments.after(tx, last_deployment, PAGE):
        for deployment in more:
            tx.publish(deployment_message(deployment))
        last_deployment = more[-1].id
    return len(tx.messages)
