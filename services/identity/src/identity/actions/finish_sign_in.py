"""Finishes a sign-in: the code that went to an address came back.

Of many parallel answers each waits for the one before (the challenge's row is locked), so a right code signs in once. A
wrong one must stay counted, so the refusal is raised only after that is committed.
"""

import asyncio

from common.db import Transaction
from common.ids import ChallengeId
from identity.actions.desk import After, Desk
from identity.actions.means import Means
from identity.actions.open_sign_in import Proof, SignedIn, open_sign_in
from identity.domain.challenge import Guess, judge_guess
from identity.domain.client import Client
from identity.errors import CodeRefused
from identity.store import audit, challenges


async def finish_sign_in(desk: Desk, means: Means, challenge_id: ChallengeId, code: str, client: Client) -> SignedIn:
    """Sign in with the code (or the secret of a link) of a challenge.

    Raises:
        CodeRefused: it is wrong, used, too old, burned by five wrong guesses, or replaced by a newer one.
        BackersOnly, BackerRefused, Suspended: see `open_sign_in`; the code stays good then.
    """
    digest = await asyncio.to_thread(means.vault.code_digest, challenge_id, code)
    async with desk.transaction() as (tx, after):
        signed_in = await _answer(tx, after, means, challenge_id, digest, client)
    if signed_in is None:
        raise CodeRefused()
    return signed_in


async def _answer(
    tx: Transaction, after: After, means: Means, challenge_id: ChallengeId, digest: bytes, client: Client
) -> SignedIn | None:
    challenge = await challenges.lock_challenge(tx, challenge_id)
    if challenge is None:
        return None
    guess = judge_guess(challenge, digest, tx.now)
    if guess is Guess.RIGHT:
        await challenges.end_challenge(tx, challenge_id, "used")
        proof = Proof(challenge.address, challenge.purpose, challenge.backer_id)
        return await open_sign_in(tx, after, means, proof, client)
    if guess is not Guess.TOO_LATE:
        await challenges.count_wrong_guess(tx, challenge_id, burns=guess is Guess.BURNS)
    await audit.record(tx, "anonymous", "sign_in.refused", challenge_id, address=client.address, reason=guess.value)
    return None
