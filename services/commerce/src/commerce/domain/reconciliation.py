"""A provider's list of a day beside our books: everything that is not the same is a difference, and each has a name."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from commerce.domain.payment import Payment, ProviderRecord, Told
from common.ids import PaymentId
from common.money import Money

Kind = Literal["unknown_to_us", "not_booked", "booked_but_not_paid", "other_amount", "other_refunds", "unknown_to_them"]


@dataclass(frozen=True, slots=True)
class Booked:
    """What our books say of a payment: the money that came of it, and what went back; None where nothing came.

    While `refunds_under_way`, what went back is known to one side sooner than to the other.
    """

    payment: Payment
    came: Money | None
    went_back: Money | None
    refunds_under_way: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same. `theirs` and `ours` are for people to read."""

    kind: Kind
    reference: str
    payment_id: PaymentId | None
    theirs: str
    ours: str


def differences(theirs: Sequence[ProviderRecord], ours: Mapping[PaymentId, Booked]) -> list[Difference]:
    """What the two do not agree on. `ours` holds every payment that one of `theirs` names, and all we booked that day."""
    listed = {record.payment_id for record in theirs}
    found = [difference for record in theirs for difference in _compared(record, ours)]
    missing = [booked for payment_id, booked in ours.items() if payment_id not in listed and booked.came is not None]
    return found + [
        Difference("unknown_to_them", _name_of(booked.payment), booked.payment.id, "nothing", str(booked.came))
        for booked in missing
    ]


def _compared(record: ProviderRecord, ours: Mapping[PaymentId, Booked]) -> Iterator[Difference]:
    if record.payment_id is None:
        # Others may use the same account; what is not ours to begin with is missed by nobody here.
        return
    booked = ours.get(record.payment_id)
    if booked is None:
        if record.status == "succeeded":
            yield Difference("unknown_to_us", record.reference, record.payment_id, str(record.amount), "nothing")
        return
    came = booked.came
    if record.status == "succeeded" and came is None:
        yield _difference("not_booked", record, str(record.amount), "nothing")
    elif came is not None and record.status != "succeeded":
        yield _difference("booked_but_not_paid", record, _told(record.status), str(came))
    elif came is not None and came != record.amount:
        yield _difference("other_amount", record, str(record.amount), str(came))
    elif came is not None and _refunds_differ(record, booked):
        yield _difference("other_refunds", record, str(record.refunded), str(booked.went_back))


def _refunds_differ(record: ProviderRecord, booked: Booked) -> bool:
    if record.refunded is None or booked.refunds_under_way:
        return False
    return record.refunded != booked.went_back


def _difference(kind: Kind, record: ProviderRecord, theirs: str, ours: str) -> Difference:
    return Difference(kind, record.reference, record.payment_id, theirs, ours)


def _told(status: Told) -> str:
    return f"a payment that is {status}"


def _name_of(payment: Payment) -> str:
    return payment.reference or payment.id
