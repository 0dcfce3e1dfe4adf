"""Has a business buyer's number checked by the tax authority, before an order is quoted or placed.

The authority is asked outside of any transaction, and only where its word could change the total. A number that it does not
know refuses the order; that nobody could be asked refuses nobody: tax is charged as usual, and the invoice says so.
"""

from commerce.actions.place_order import buyer_of, offer_and_quote
from commerce.adapters.tax_authority import TaxAuthority
from commerce.domain.basket import Basket
from commerce.domain.sale_settings import PlatformFee
from commerce.domain.vat_check import VatCheck, Verdict, check_of, could_be_checked_for
from commerce.domain.vat_number import VatNumber
from commerce.store import documents, vat_verdicts
from common.db import Database, Transaction
from common.principal import Principal


async def check_before_placing(
    database: Database, authority: TaxAuthority, principal: Principal, platform: PlatformFee, basket: Basket
) -> VatCheck | None:
    """As `check_vat_number`, for somebody who may order at all."""
    buyer_of(principal)
    return await check_vat_number(database, authority, platform, basket)


async def check_vat_number(
    database: Database, authority: TaxAuthority, platform: PlatformFee, basket: Basket
) -> VatCheck | None:
    """What became of it; None where nobody needed to be asked. Raises VatNumberInvalid and what quoting the basket raises."""
    number = basket.vat_number()
    if number is None:
        return None
    async with database.transaction() as tx:
        now = tx.now
        requester = await _requester(tx, platform, basket, number)
        if requester is None:
            return None
        verdict = await vat_verdicts.find_verdict(tx, number, requester)
    return check_of(verdict or await _ask(database, authority, number, requester), now)


async def _requester(tx: Transaction, platform: PlatformFee, basket: Basket, number: VatNumber) -> VatNumber | None:
    """The number of the seller who must know; None where the buyer cannot owe the tax, or there is none."""
    offered, quoted = await offer_and_quote(tx, platform, basket, None)
    if not offered.settings.reverse_charge or not quoted.priced.sums.tax:
        return None
    seller = await documents.find_seller_details(tx, offered.event.organization_id)
    return None if seller is None else could_be_checked_for(number, seller.tax_id)


async def _ask(database: Database, authority: TaxAuthority, number: VatNumber, requester: VatNumber) -> Verdict | None:
    """Two who ask at once both ask: nobody waits behind another's call."""
    said = await authority.ask(number, requester)
    if said is None:
        return None
    async with database.transaction() as tx:
        verdict = Verdict(*said, checked_at=tx.now)
        vat_verdicts.save_verdict(tx, number, requester, verdict)
    return verdict
