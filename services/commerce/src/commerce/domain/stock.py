"""What is held and sold of each thing, and the one word others hear of a tier."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from commerce.errors import SoldOut
from common.ids import AddOnId, EventId, Id, TicketTierId

Word = Literal["available", "few", "sold_out"]
QuietWay = Literal["held", "sold"]
Way = QuietWay | Literal["offer_held", "offer_sold"]
"""How counts are moved: more is held, more is sold (of either, less for a negative count); or one who waited is offered what
only they may have."""

Thing = TypeVar("Thing", bound=Id)


def in_lock_order(things: Iterable[Thing]) -> list[Thing]:
    """Everyone who changes the stock of several things does so in this order, or two of them would wait for each other."""
    return sorted(things)


@dataclass(frozen=True, slots=True)
class Stock:
    """The counts of one tier. `word` is what was last told of it, `version` grows each time that is told anew.

    `shared` says that its event has a capacity for all its tiers together, which counts too. While people wait, what is
    free is for them.
    """

    ticket_tier_id: TicketTierId
    event_id: EventId
    capacity: int
    held: int
    sold: int
    shared: bool
    waiting: int
    word: Word
    version: int

    @property
    def free(self) -> int:
        """How many are neither held nor sold. Never negative: a capacity lowered below what is sold leaves none."""
        return max(0, self.capacity - self.held - self.sold)

    @property
    def left(self) -> int:
        """How many anyone can still order."""
        return 0 if self.waiting else self.free

    @property
    def quiet_until(self) -> int:
        """Up to how many held and sold it stays plainly available; 0 where more than its own counts decides, or where another
        word than that was told."""
        alone = not self.shared and not self.waiting and self.word == "available"
        return max(0, self.capacity - _few(self.capacity) - 1) if alone else 0


@dataclass(frozen=True, slots=True)
class SharedStock:
    """The counts of all tiers of an event together. Without a capacity it only counts.

    `word` is what the tiers were last told because of it; `told` is false until all of them were.
    """

    event_id: EventId
    capacity: int | None
    held: int
    sold: int
    word: Word
    told: bool

    @property
    def left(self) -> int | None:
        """How many can still be ordered of all tiers together; None for as many as the tiers have."""
        return None if self.capacity is None else max(0, self.capacity - self.held - self.sold)


@dataclass(frozen=True, slots=True)
class AddOnStock:
    """The counts of one add-on. Without a capacity there are as many as are wanted."""

    add_on_id: AddOnId
    capacity: int | None
    held: int
    sold: int

    @property
    def left(self) -> int | None:
        """How many can still be ordered; None for as many as are wanted."""
        return None if self.capacity is None else max(0, self.capacity - self.held - self.sold)


@dataclass(frozen=True, slots=True)
class Goods:
    """So many of each tier and each add-on, to be moved together. A negative count gives back."""

    tiers: Mapping[TicketTierId, int]
    add_ons: Mapping[AddOnId, int]

    @property
    def takes_any(self) -> bool:
        """Whether anything of it is taken, whatever else is given back."""
        return any(count > 0 for count in (*self.tiers.values(), *self.add_ons.values()))

    def less(self, other: "Goods") -> "Goods":
        """What must be moved to come from `other` to this."""
        return Goods(_difference(self.tiers, other.tiers), _difference(self.add_ons, other.add_ons))


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of each thing; `event` of all tiers together. None is as many as are wanted."""

    tiers: Mapping[TicketTierId, int]
    add_ons: Mapping[AddOnId, int | None]
    event: int | None

    def covers(self, goods: Goods) -> bool:
        """All or nothing: one thing too short refuses the order."""
        return (
            all(self.tiers.get(tier, 0) >= count for tier, count in goods.tiers.items())
            and all(_enough(self.add_ons.get(add_on, 0), count) for add_on, count in goods.add_ons.items())
            and _enough(self.event, sum(goods.tiers.values()))
        )

    def plus(self, taken: Goods) -> "Left":
        """What is left where these, taken by the one who asks, are about to go back."""
        return Left(
            {tier: max(0, left + taken.tiers.get(tier, 0)) for tier, left in self.tiers.items()},
            {
                add_on: None if left is None else max(0, left + taken.add_ons.get(add_on, 0))
                for add_on, left in self.add_ons.items()
            },
            self.event,
        )


def left_of(
    tiers: Mapping[TicketTierId, Stock], add_ons: Mapping[AddOnId, AddOnStock], shared: SharedStock | None
) -> Left:
    """What these counts leave."""
    return Left(
        {tier: stock.left for tier, stock in tiers.items()},
        {add_on: stock.left for add_on, stock in add_ons.items()},
        None if shared is None else shared.left,
    )


def sold_out(goods: Goods, left: Left) -> SoldOut:
    """The refusal that names what is left of everything that was asked for, and of the whole event where that is short."""
    wanted = sum(goods.tiers.values())
    return SoldOut(
        tiers=[
            {"ticket_tier_id": tier, "wanted": count, "left": smaller(left.tiers.get(tier, 0), left.event)}
            for tier, count in goods.tiers.items()
            if count > 0
        ],
        add_ons=[
            {"add_on_id": add_on, "wanted": count, "left": left.add_ons.get(add_on, 0)}
            for add_on, count in goods.add_ons.items()
            if count > 0
        ],
        event=None if left.event is None else {"wanted": wanted, "left": left.event},
    )


def is_quiet(goods: Goods, tiers: Mapping[TicketTierId, Stock]) -> bool:
    """Whether taking these, from counts as they were a moment ago, leaves every tier as it was told to be: as nearly every
    order of a sale does. Add-ons have guards of their own, so they are never quiet."""
    return not goods.add_ons and all(
        count > 0 and tier in tiers and tiers[tier].held + tiers[tier].sold + count <= tiers[tier].quiet_until
        for tier, count in goods.tiers.items()
    )


def smaller(left: int, together: int | None) -> int:
    """What is left of a tier, where all tiers together have only so many."""
    return left if together is None else min(left, together)


def availability(capacity: int, left: int) -> Word:
    """The word for so many left of so many."""
    if left <= 0:
        return "sold_out"
    return "few" if left <= _few(capacity) else "available"


def word_of(stock: Stock, shared: SharedStock | None) -> Word:
    """What is said of a tier: the worse of its own word and its event's."""
    own = availability(stock.capacity, stock.left)
    return own if shared is None else max(own, shared_word(shared), key=_WORSE.index)


def shared_word(shared: SharedStock) -> Word:
    """What is said of all tiers of an event because of the capacity they share."""
    if shared.capacity is None or shared.left is None:
        return "available"
    return availability(shared.capacity, shared.left)


_WORSE: tuple[Word, ...] = ("available", "few", "sold_out")


def _few(capacity: int) -> int:
    """Few is a tenth of the capacity; of a small tier, five, or half of it if that is less."""
    return max(capacity // 10, min(5, capacity // 2))


def _enough(left: int | None, count: int) -> bool:
    return left is None or count <= 0 or left >= count


def _difference(after: Mapping[Thing, int], before: Mapping[Thing, int]) -> dict[Thing, int]:
    changes = {thing: after.get(thing, 0) - before.get(thing, 0) for thing in {*after, *before}}
    return {thing: count for thing, count in changes.items() if count}
