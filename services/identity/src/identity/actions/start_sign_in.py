"""Begins a sign-in: a code or a link goes to an address.

Nothing here asks whether the address has an account, so nothing about the answer, its time included, can tell.
"""

import asyncio
from dataclasses import dataclass

from common.db import Transaction
from common.ids import BackerId, ChallengeId
from identity.actions.desk import After
from identity.actions.means import Means
from identity.actions.queue_mail import queue_mail
from identity.domain.address import Address
from identity.domain.challenge import Challenge, Purpose, draw_code
from identity.domain.client import Client
from identity.domain.mail_limits import require_mail_allowed
from identity.domain.policy import CODE_LIFETIME
from identity.errors import BackerRefused
from identity.formats import mails
from identity.formats.vault import TOKEN_BYTES, url_text
from identity.store import challenges


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """What someone asks for."""

    address: Address
    purpose: Purpose
    backer_ticket: str | None


async def start_sign_in(
    tx: Transaction, after: After, means: Means, request: SignInRequest, client: Client
) -> Challenge:
    """Send a code or a link, which makes the one before useless. Refuses when it is asked for too often."""
    backer_id = _backer_of(tx, means, request.backer_ticket)
    challenge_id = tx.new_id(ChallengeId)
    code = draw_code(tx.entropy.bytes(8)) if request.purpose == "code" else url_text(tx.entropy.bytes(TOKEN_BYTES))
    digest = await asyncio.to_thread(means.vault.code_digest, challenge_id, code)
    challenge = Challenge(
        challenge_id, request.address, request.purpose, digest, backer_id, tx.now + CODE_LIFETIME, 0, ended=False
    )
    await challenges.lock_address_and_network(tx, request.address, client.network)
    history = await challenges.mail_history(tx, request.address, client.network)
    require_mail_allowed(history, client.network, means.policy, tx.now)
    await challenges.void_older(tx, request.address)
    await challenges.insert_challenge(tx, challenge, client.network)
    queue_mail(tx, means, challenge_id, request.address.typed, _mail(means, challenge, code), CODE_LIFETIME)
    after.send_mail()
    return challenge


def _backer_of(tx: Transaction, means: Means, ticket: str | None) -> BackerId | None:
    if ticket is None:
        return None
    backer_id = means.vault.open_ticket(ticket, tx.now)
    if backer_id is None:
        raise BackerRefused()
    return backer_id


def _mail(means: Means, challenge: Challenge, code: str) -> mails.MailText:
    if challenge.purpose == "code":
        return mails.sign_in_code(code)
    return mails.sign_in_link(f"{means.public_url}/sign-in/{challenge.id}.{code}")
