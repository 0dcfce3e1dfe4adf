"""Draws the printable badge of a pass."""

from common.db import Transaction
from common.ids import PassId
from common.principal import Principal
from wallet.actions.find_wallet_pass import find_wallet_pass
from wallet.formats.badge import badge_svg


async def print_badge(transaction: Transaction, pass_id: PassId, principal: Principal, link_key: str | None) -> bytes:
    """The badge as SVG. Raises NoSuchPass."""
    return badge_svg((await find_wallet_pass(transaction, pass_id, principal, link_key)).face)
