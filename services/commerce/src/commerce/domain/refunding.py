"""What goes back when an order is refunded: which tickets and add-ons, and how much money of which account.

Tickets that were used are taken only when forced. A line's money is split by the largest remainder, so that its tickets
given back one by one come to exactly what the line cost. The fees on top of the lines go back with the whole order only. The
platform gives its own fee up in proportion to what went back, reckoned from the beginning, so that nothing is lost to
rounding. An order nothing is live of is `refunded`, also where a share was kept.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from commerce.domain.order import AddOnLine, Admission, Line, Order
from commerce.domain.pricing import WHOLE, share_of, share_of_add_on
from commerce.domain.refund import Refund, Source
from commerce.domain.stock import Goods
from commerce.errors import (
    AdmissionsUsed,
    AlreadyRefunded,
    OrderLineNamedTwice,
    OrderNotRefundable,
    OrdinalsUnfit,
    RefundsFrozen,
    UnknownOrderLine,
)
from common.ids import OrderLineId, PaymentId
from common.money import Money


@dataclass(frozen=True, slots=True)
class LineWish:
    """So many of one line shall go back; the named ordinals, or the last ones not used where none are named."""

    line_id: OrderLineId
    quantity: int
    ordinals: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RefundWish:
    """What shall go back: the whole order, or some lines, or an amount that leaves all tickets as they are."""

    lines: tuple[LineWish, ...] | None
    amount: Money | None
    reason: str
    forced: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """What of an order goes back: admissions, so many of add-on lines, and what all that cost."""

    admissions: tuple[tuple[OrderLineId, int], ...]
    add_ons: tuple[tuple[OrderLineId, int], ...]
    cost: Money


@dataclass(frozen=True, slots=True)
class Pot:
    """Money that came by one payment and was not given back, and the account it lies on. No payment: it came at the door."""

    payment_id: PaymentId | None
    provider: str | None
    source: Source
    left: Money


def require_refundable(order: Order) -> None:
    """Only an order that was paid, and no bank looks at, is refunded this way. Raises OrderNotRefundable, RefundsFrozen."""
    if order.status not in ("paid", "partially_refunded", "refunded"):
        raise OrderNotRefundable(status=order.status)
    if order.disputed:
        raise RefundsFrozen()


def take_nothing(order: Order) -> Taken:
    """Money alone goes back."""
    return Taken((), (), Money.zero(order.total.currency))


def take_everything(order: Order, *, forced: bool) -> Taken:
    """All that is left of an order. Raises AdmissionsUsed."""
    taken = _Taking(order, forced)
    for line in order.lines:
        taken.take(line, [admission.ordinal for admission in line.admissions if admission.live])
    for add_on in order.add_ons:
        taken.take_add_on(add_on, add_on.quantity - add_on.returned)
    return taken.done()


def take_unused(order: Order) -> Taken:
    """All that is left of an order, except tickets that were used."""
    taken = _Taking(order, forced=False)
    for line in order.lines:
        unused = [each.ordinal for each in line.admissions if each.live and each.admitted_at is None]
        taken.take(line, unused)
    for add_on in order.add_ons:
        taken.take_add_on(add_on, add_on.quantity - add_on.returned)
    return taken.done()


def take_lines(order: Order, wishes: Sequence[LineWish], *, forced: bool) -> Taken:
    """Some of an order.

    Raises AdmissionsUsed, AlreadyRefunded, or a 422 that points at the line at fault.
    """
    lines = {line.id: line for line in order.lines}
    add_ons = {line.id: line for line in order.add_ons}
    taken = _Taking(order, forced)
    for place, wish in enumerate(wishes):
        if any(other.line_id == wish.line_id for other in wishes[:place]):
            raise OrderLineNamedTwice(pointer=f"/lines/{place}/lineId")
        if wish.line_id in lines:
            taken.take(lines[wish.line_id], _ordinals(lines[wish.line_id], wish, place, forced=forced))
        elif wish.line_id not in add_ons:
            raise UnknownOrderLine(pointer=f"/lines/{place}/lineId")
        elif wish.ordinals:
            raise OrdinalsUnfit(pointer=f"/lines/{place}/ordinals")
        else:
            taken.take_add_on(add_ons[wish.line_id], wish.quantity)
    return taken.done()


class _Taking:
    """Gathers what goes back."""

    def __init__(self, order: Order, forced: bool) -> None:
        self._forced = forced
        self._admissions: list[tuple[OrderLineId, int]] = []
        self._add_ons: list[tuple[OrderLineId, int]] = []
        self._used: list[dict[str, object]] = []
        self._cost = Money.zero(order.total.currency)

    def take(self, line: Line, ordinals: Sequence[int]) -> None:
        used = {admission.ordinal for admission in line.admissions if admission.admitted_at is not None}
        self._used += [{"line_id": line.id, "ordinal": ordinal} for ordinal in ordinals if ordinal in used]
        self._admissions += [(line.id, ordinal) for ordinal in ordinals]
        self._cost = self._cost + share_of(line, ordinals).gross

    def take_add_on(self, line: AddOnLine, count: int) -> None:
        left = line.quantity - line.returned
        if count > left:
            raise AlreadyRefunded(left=left, line_id=line.id)
        if count:
            self._add_ons.append((line.id, count))
            self._cost = self._cost + share_of_add_on(line, count).gross

    def done(self) -> Taken:
        if self._used and not self._forced:
            raise AdmissionsUsed(admissions=self._used)
        return Taken(tuple(self._admissions), tuple(self._add_ons), self._cost)


def _ordinals(line: Line, wish: LineWish, place: int, *, forced: bool) -> list[int]:
    live = {admission.ordinal: admission for admission in line.admissions if admission.live}
    if wish.ordinals:
        known = {admission.ordinal for admission in line.admissions}
        named = set(wish.ordinals)
        if len(named) != len(wish.ordinals) or len(named) != wish.quantity or not named <= known:
            raise OrdinalsUnfit(pointer=f"/lines/{place}/ordinals")
        gone = sorted(named - live.keys())
        if gone:
            raise AlreadyRefunded(admissions=[{"line_id": line.id, "ordinal": ordinal} for ordinal in gone])
        return sorted(named)
    if wish.quantity > len(live):
        raise AlreadyRefunded(left=len(live), line_id=line.id)
    return sorted(_last(list(live.values()), wish.quantity))


def _last(live: Sequence[Admission], count: int) -> list[int]:
    """The last ones not used; those used come after all others."""
    first_to_go = sorted(live, key=lambda admission: (admission.admitted_at is not None, -admission.ordinal))
    return [admission.ordinal for admission in first_to_go[:count]]


def fees_on_top(order: Order) -> Money:
    """What the buyer pays beside the lines."""
    passed_on = order.sums.platform_fee if order.sums.platform_fee_passed_on else Money.zero(order.total.currency)
    return order.sums.service_fee + passed_on


def fee_given_up(order: Order, refunded_before: Money, amount: Money) -> Money:
    """The platform's part of its fee for what goes back now, after `refunded_before` of the same order."""
    fee, total = order.sums.platform_fee, order.total.amount
    if not total:
        return Money.zero(fee.currency)

    def up_to(refunded: int) -> int:
        return (2 * fee.amount * refunded + total) // (2 * total)

    before = refunded_before.amount
    return Money(min(amount.amount, up_to(before + amount.amount) - up_to(before)), fee.currency)


def kept_of(order: Order) -> Money:
    """What is kept of an order that its buyer gives back: the share shown before buying, half up."""
    share = (2 * order.total.amount * order.cancellation.kept_rate + WHOLE) // (2 * WHOLE)
    return Money(share, order.total.currency)


def goods_of(order: Order, taken: Taken) -> Goods:
    """What of the stock goes back with it."""
    tiers = {line.id: line.ticket_tier_id for line in order.lines}
    add_ons = {line.id: line.add_on_id for line in order.add_ons}
    return Goods(
        Counter(tiers[line_id] for line_id, _ in taken.admissions),
        {add_ons[line_id]: count for line_id, count in taken.add_ons},
    )


def given_back(order: Order, taken: Taken, refunds: Sequence[Refund]) -> Order:
    """The order after that. Money that fitted no order goes back without a change to the order itself."""
    gone, returned = set(taken.admissions), dict(taken.add_ons)
    after = replace(
        order,
        refunded=sum(
            (refund.amount for refund in refunds if refund.amount.currency == order.refunded.currency), order.refunded
        ),
        lines=tuple(_without(line, gone) for line in order.lines),
        add_ons=tuple(replace(line, returned=line.returned + returned.get(line.id, 0)) for line in order.add_ons),
    )
    own = any(refund.source == "organiser_payable" for refund in refunds)
    if order.paid_at is None or not own:
        return after
    if _anything_left(after):
        return replace(after, version=order.version + 1, status="partially_refunded")
    return replace(after, version=order.version + 1, status="refunded", holding="released")


def _without(line: Line, gone: set[tuple[OrderLineId, int]]) -> Line:
    kept = tuple(
        replace(admission, live=admission.live and (line.id, admission.ordinal) not in gone)
        for admission in line.admissions
    )
    return replace(line, admissions=kept)


def _anything_left(order: Order) -> bool:
    live = any(admission.live for line in order.lines for admission in line.admissions)
    return live or any(line.returned < line.quantity for line in order.add_ons)


def own_pot(pots: Sequence[Pot]) -> Pot | None:
    """The money the order was paid with, as far as it is still there: one payment paid it."""
    return next((pot for pot in pots if pot.source == "organiser_payable"), None)


def surplus_of(pots: Sequence[Pot]) -> list[Pot]:
    """Money that came for the order and fits none."""
    return [pot for pot in pots if pot.source == "unallocated"]
