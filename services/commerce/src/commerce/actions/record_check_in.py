"""Hears that an admission was used, so that a refund can refuse it later."""

from commerce.errors import UnknownAdmission
from commerce.store import copies
from common.db import Transaction
from common.messages import CheckInRecorded


async def record_check_in(tx: Transaction, message: CheckInRecorded) -> None:
    """Remember the first use. Leaving counts as well: whoever left was inside."""
    if not await copies.record_admitted(tx, message.order_line_id, message.ordinal, message.scanned_at):
        raise UnknownAdmission(line_id=message.order_line_id, ordinal=message.ordinal)
