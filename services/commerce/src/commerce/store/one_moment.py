"""For reports: many statements that see the same moment."""

from sqlalchemy import text

from common.db import Transaction


async def see_one_moment(tx: Transaction) -> None:
    """From now on every statement of this transaction sees what was committed before its first, and none may write.

    Must be the transaction's first statement. What takes locks or decides must not call this: it would decide on old news.
    """
    await tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
