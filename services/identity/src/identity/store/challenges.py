"""Challenges, and how often they were asked for."""

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Row

from common.db import Transaction
from common.ids import ChallengeId
from identity.domain.address import Address
from identity.domain.challenge import Challenge
from identity.domain.mail_limits import WINDOW, MailHistory
from identity.domain.policy import BACKER_WINDOW
from identity.tables import attempts, challenges


async def lock_address_and_network(tx: Transaction, address: Address, network: str) -> None:
    """Let mails to one address, and those one network asks for, be counted one after the other."""
    for name in (f"mails to {address.key}", f"mails from {network}"):
        await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


async def mail_history(tx: Transaction, address: Address, network: str) -> MailHistory:
    """The sign-in mails of the last hour. Call it under `lock_address_and_network`."""
    recent = challenges.c.created_at > tx.now - WINDOW
    to_address = challenges.c.email_key == address.key
    from_network = challenges.c.network == network
    query = (
        select(challenges.c.created_at, to_address.label("to_address"), from_network.label("from_network"))
        .where(recent, to_address | from_network)
        .order_by(challenges.c.created_at)
    )
    rows = await tx.all(query)
    both = [row.created_at for row in rows if row.to_address and row.from_network]
    return MailHistory(
        to_address=tuple(row.created_at for row in rows if row.to_address),
        from_network=tuple(row.created_at for row in rows if row.from_network),
        last_of_both=both[-1] if both else None,
    )


async def void_older(tx: Transaction, address: Address) -> None:
    """A newer code makes the one before useless."""
    live = (challenges.c.email_key == address.key) & challenges.c.ended_at.is_(None)
    await tx.execute(update(challenges).where(live).values(ended_at=tx.now, outcome="voided"))


async def insert_challenge(tx: Transaction, challenge: Challenge, network: str) -> None:
    """Keep a new challenge."""
    await tx.execute(
        insert(challenges).values(
            id=challenge.id,
            email=challenge.address.typed,
            email_key=challenge.address.key,
            purpose=challenge.purpose,
            digest=challenge.digest,
            backer_id=challenge.backer_id,
            network=network,
            created_at=tx.now,
            expires_at=challenge.expires_at,
        )
    )


async def lock_challenge(tx: Transaction, challenge_id: ChallengeId) -> Challenge | None:
    """A challenge, locked: whoever answers it next waits for this transaction."""
    row = await tx.one(select(challenges).where(challenges.c.id == challenge_id).with_for_update())
    return _challenge(row) if row else None


async def end_challenge(tx: Transaction, challenge_id: ChallengeId, outcome: str) -> None:
    """It was used."""
    ended = update(challenges).where(challenges.c.id == challenge_id)
    await tx.execute(ended.values(ended_at=tx.now, outcome=outcome))


async def count_wrong_guess(tx: Transaction, challenge_id: ChallengeId, *, burns: bool) -> None:
    """One guess fewer; the last wrong one burns the challenge in the same statement."""
    values: dict[str, object] = {"wrong_guesses": challenges.c.wrong_guesses + 1}
    if burns:
        values |= {"ended_at": tx.now, "outcome": "burned"}
    await tx.execute(update(challenges).where(challenges.c.id == challenge_id).values(**values))


async def record_attempt(tx: Transaction, kind: str, network: str) -> None:
    """A network tried something and was wrong."""
    await tx.execute(insert(attempts).values(kind=kind, network=network, at=tx.now))


async def count_attempts(tx: Transaction, kind: str, network: str) -> int:
    """How many wrong attempts came from a network lately."""
    recent = (attempts.c.kind == kind) & (attempts.c.network == network) & (attempts.c.at > tx.now - BACKER_WINDOW)
    return int(await tx.scalar(select(func.count()).select_from(attempts).where(recent)) or 0)


async def forget_old(tx: Transaction) -> int:
    """Delete challenges and attempts older than a day; how many."""
    day_ago = tx.now - 24 * WINDOW
    old = await tx.execute(delete(challenges).where(challenges.c.created_at < day_ago))
    tries = await tx.execute(delete(attempts).where(attempts.c.at < day_ago))
    return old.rowcount + tries.rowcount


def _challenge(row: Row[tuple[object, ...]]) -> Challenge:
    return Challenge(
        id=row.id,
        address=Address(row.email, row.email_key),
        purpose=row.purpose,
        digest=row.digest,
        backer_id=row.backer_id,
        expires_at=row.expires_at,
        wrong_guesses=row.wrong_guesses,
        ended=row.ended_at is not None,
    )
