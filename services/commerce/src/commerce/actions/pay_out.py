"""Makes payouts to organisers, by the platform's own people, and shows them with the account they come from."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from commerce.domain import ledger as accounts
from commerce.domain.payout import Balance, Payout, payable_sum
from commerce.errors import MoreWentBackSince, NothingToPayOut, UnknownOrganization
from commerce.store import ledger, payouts
from common.capabilities import Capability, Scope, holds
from common.db import Transaction
from common.ids import OrganizationId, PayoutId
from common.money import Money
from common.principal import Principal
from common.refusals import MissingCapability
from common.schemas import Page, View

Model = TypeVar("Model", bound=View)


async def pay_out(
    tx: Transaction, principal: Principal, organization_id: OrganizationId, currency: str, until: datetime | None
) -> Payout:
    """Record that what is owed up to `until` (now) left the house. What is disputed is held, so it is not in it.

    Raises UnknownOrganization, MissingCapability, NothingToPayOut, MoreWentBackSince, PayoutsMadeAtOnce.
    """
    _require(principal, Capability.COMMERCE_PAYOUT_WRITE, organization_id)
    await payouts.lock_payouts(tx, organization_id)
    end = tx.now if until is None else min(until, tx.now)
    lines = await payouts.statement_of(tx, organization_id, currency, end)
    amount = payable_sum(currency, lines)
    await _require_available(tx, organization_id, amount)
    number, start = await payouts.last_payout(tx, organization_id, currency)
    if start is not None and end < start:
        # What went back between the two was stated: looked at from before, it would count as if it came again.
        raise NothingToPayOut(currency=currency, payable=str(Money.zero(currency)))
    made = Payout(
        id=tx.new_id(PayoutId),
        organization_id=organization_id,
        number=number + 1,
        amount=amount,
        period_start=start,
        period_end=end,
        made_by=principal.actor,
        made_at=tx.now,
        lines=lines,
    )
    await payouts.add_payout(tx, made)
    at_door = Money(sum(line.at_door for line in lines), currency)
    ledger.add_transfers(tx, accounts.payout(made.organization_id, made.id, made.amount, at_door))
    return made


async def read_balance(tx: Transaction, principal: Principal, organization_id: OrganizationId) -> list[Balance]:
    """An organisation's account, in each currency. Raises UnknownOrganization, MissingCapability."""
    _require(principal, Capability.COMMERCE_PAYOUT_READ, organization_id)
    return await payouts.balances_of(tx, organization_id)


async def list_payouts(
    tx: Transaction,
    principal: Principal,
    organization_id: OrganizationId,
    cursor: str | None,
    limit: int,
    view: Callable[[Payout], Model],
) -> Page[Model]:
    """What was paid out to an organisation, newest first. Raises UnknownOrganization, MissingCapability."""
    _require(principal, Capability.COMMERCE_PAYOUT_READ, organization_id)
    return await payouts.payouts_of(tx, organization_id, cursor, limit, view)


async def _require_available(tx: Transaction, organization_id: OrganizationId, amount: Money) -> None:
    """A period that ended may have brought more than is there now. Raises MoreWentBackSince."""
    balances = await payouts.balances_of(tx, organization_id)
    available = next((each.available for each in balances if each.currency == amount.currency), 0)
    if available < amount.amount:
        raise MoreWentBackSince(amount=str(amount), payable=str(Money(available, amount.currency)))


def _require(principal: Principal, capability: Capability, organization_id: OrganizationId) -> None:
    """Whoever may see an organisation's orders knows that it is there."""
    scope = Scope(organization_id)
    if holds(principal, capability, scope):
        return
    if holds(principal, Capability.COMMERCE_ORDER_READ, scope):
        raise MissingCapability(capability=capability.value)
    raise UnknownOrganization()
