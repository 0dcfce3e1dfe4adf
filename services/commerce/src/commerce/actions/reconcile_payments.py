"""Compares providers' lists of a day with our books, both ways; what differs is kept, and alarmed until it is settled."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from commerce.adapters.providers import PaymentProvider, Providers, reason_of
from commerce.domain.payment import ProviderRecord
from commerce.domain.reconciliation import Difference, differences
from commerce.errors import NotOurPayment, ProviderRefused, UnknownSandboxPayment
from commerce.store import reconciliation
from common.db import Database
from common.telemetry import logger

log = logger("reconciliation")

DAYS_BACK = 3
"""How many days are compared each night: money that takes a while to come is seen on its day once it came."""


async def reconcile_payments(database: Database, providers: Providers) -> dict[str, int]:
    """Compare the last days, yesterday included; how many differences each provider has.

    A day is compared once a night, however often this runs: a run that a restart or a provider that was away cost is made
    good by the next.
    """
    today = database.clock.now().date()
    found: dict[str, int] = {}
    for provider in providers.all():
        for back in range(DAYS_BACK, 0, -1):
            day = today - timedelta(days=back)
            try:
                if await _is_done(database, provider, day, today):
                    continue
                count = await reconcile_day(database, provider, day)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one provider, the others are still due
                log.error("ALARM: a day could not be reconciled", provider=provider.name, reason=reason_of(error))
                break
            found[provider.name] = found.get(provider.name, 0) + count
    return {name: count for name, count in found.items() if count}


async def _is_done(database: Database, provider: PaymentProvider, day: date, today: date) -> bool:
    async with database.transaction() as tx:
        at = await reconciliation.reconciled_at(tx, provider.name, day)
    return at is not None and at.date() == today


async def reconcile_day(database: Database, provider: PaymentProvider, day: date) -> int:
    """Compare one day, as UTC counts it; how many differences there are now."""
    start = datetime.combine(day, time.min, UTC)
    end = start + timedelta(days=1)
    theirs = list(await provider.payments_between(start, end))
    async with database.transaction() as tx:
        ours = await reconciliation.books_of_day(tx, provider.name, start, end, theirs)
    listed = {record.payment_id for record in theirs}
    theirs += [
        record
        for payment_id, booked in ours.items()
        if payment_id not in listed and booked.came is not None
        for record in await _ask(provider, booked.payment.reference)
    ]
    found = differences(theirs, ours)
    async with database.transaction() as tx:
        new = await reconciliation.save_day(tx, provider.name, day, len(theirs), found)
    _alarm(provider.name, day, found, new)
    return len(found)


async def _ask(provider: PaymentProvider, reference: str | None) -> Sequence[ProviderRecord]:
    """What was booked that day may have been begun there on another: it is asked about by itself."""
    if reference is None:
        return []
    try:
        told = await provider.fetch(reference)
    except (NotOurPayment, ProviderRefused, UnknownSandboxPayment):
        return []
    return [ProviderRecord(told.reference, told.payment_id, told.status, told.amount, None)]


def _alarm(provider: str, day: date, found: Sequence[Difference], new: int) -> None:
    for each in found:
        log.error(
            "ALARM: a provider's books and ours differ",
            provider=provider,
            day=day.isoformat(),
            kind=each.kind,
            payment=each.payment_id,
            reference=each.reference,
            theirs=each.theirs,
            ours=each.ours,
        )
    if found:
        log.error(
            "ALARM: a day does not add up", provider=provider, day=day.isoformat(), differences=len(found), new=new
        )
