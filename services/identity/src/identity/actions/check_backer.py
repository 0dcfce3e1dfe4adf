"""Checks a backer's name and access code and hands out a sealed ticket. Nothing is claimed before the sign-up is proved."""

import asyncio

from common.db import Database
from common.sealing import NONCE_BYTES
from identity.actions.means import Means
from identity.domain.client import LOOPBACK, Client
from identity.domain.policy import BACKER_ATTEMPTS, BACKER_WINDOW, TICKET_LIFETIME
from identity.errors import BackerRefused, TooManyAttempts
from identity.store import backers, challenges

KIND = "backer"


async def check_backer(database: Database, means: Means, username: str, access_code: str, client: Client) -> str:
    """A ticket for the backer of that name and code.

    Raises:
        BackerRefused: unknown name, wrong code or used already: nobody learns which.
        TooManyAttempts: ten wrong ones came from this network within fifteen minutes.
    """
    exempt = means.policy.loopback_exempt and client.network == LOOPBACK
    digest = await asyncio.to_thread(means.vault.access_code_digest, username, access_code)
    async with database.transaction() as tx:
        if not exempt and await challenges.count_attempts(tx, KIND, client.network) >= BACKER_ATTEMPTS:
            raise TooManyAttempts(retry_after=int(BACKER_WINDOW.total_seconds()))
        backer_id = await backers.find_unused_backer(tx, username, digest)
        if backer_id is None:
            await challenges.record_attempt(tx, KIND, client.network)
        nonce = tx.entropy.bytes(NONCE_BYTES)
    if backer_id is None:
        raise BackerRefused()
    return means.vault.seal_ticket(backer_id, tx.now, TICKET_LIFETIME, nonce)
