"""What the tax authority said of numbers lately, so that neither quotes nor a rush of colleagues ask it again and again."""

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from commerce.domain.vat_check import KEPT, Verdict
from commerce.domain.vat_number import VatNumber
from commerce.tables import vat_verdicts
from common.db import Transaction


async def find_verdict(tx: Transaction, number: VatNumber, requester: VatNumber) -> Verdict | None:
    """What it told that seller of that number, while it may be used again."""
    mine = (vat_verdicts.c.vat_number == str(number)) & (vat_verdicts.c.requester == str(requester))
    row = await tx.one(select(vat_verdicts).where(mine))
    found = None if row is None else Verdict(row.valid, row.identifier, row.checked_at)
    return found if found is not None and found.holds(tx.now) else None


def save_verdict(tx: Transaction, number: VatNumber, requester: VatNumber, verdict: Verdict) -> None:
    """Keep it, unless somebody who asked at the same time keeps a later one."""
    statement = insert(vat_verdicts).values(
        vat_number=str(number),
        requester=str(requester),
        valid=verdict.valid,
        identifier=verdict.identifier,
        checked_at=verdict.checked_at,
    )
    said = {name: statement.excluded[name] for name in ("valid", "identifier", "checked_at")}
    newer = vat_verdicts.c.checked_at <= statement.excluded.checked_at
    tx.post(statement.on_conflict_do_update(constraint="pk_vat_verdicts", set_=said, where=newer))


async def forget_old(tx: Transaction) -> int:
    """Delete what may not be used again; how many."""
    return (await tx.execute(delete(vat_verdicts).where(vat_verdicts.c.checked_at < tx.now - KEPT))).rowcount
