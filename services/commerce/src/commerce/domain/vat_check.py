"""Whether a business buyer owes the tax instead of the seller, and how that is known.

Sources: ticketing anchor 38; articles 138, 194 and 196 of the EU's VAT directive; the Commission's word that the number of a
consultation is what proves one. What organisers sell and where it is taxed they know alone: they say so in the sale's settings.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from commerce.domain.vat_number import VatNumber
from commerce.errors import VatNumberInvalid

Outcome = Literal["valid", "unavailable"]
"""What an order keeps of a check: the number is good, or nobody could say. With a number that is not, there is no order."""

KEPT: Final = timedelta(hours=24)
"""For how long a number that was good is taken for good."""
KEPT_INVALID: Final = timedelta(minutes=10)
"""A number that was just registered, or whose member state erred, is not refused for a day."""

REVERSE_CHARGE_NOTE: Final = "Reverse charge: the recipient owes the tax (Article 196 of Directive 2006/112/EC)."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the tax authority said of a number, and when; `identifier` is its number of that consultation."""

    valid: bool
    identifier: str
    checked_at: datetime

    def holds(self, now: datetime) -> bool:
        """Whether it may be used again."""
        return now < self.checked_at + (KEPT if self.valid else KEPT_INVALID)


@dataclass(frozen=True, slots=True)
class VatCheck:
    """What became of the check of a buyer's number. `identifier` is the proof of one that was found good."""

    outcome: Outcome
    checked_at: datetime
    identifier: str = ""


def could_be_checked_for(number: VatNumber, seller: str) -> VatNumber | None:
    """The seller's number, where a buyer with that one might owe the tax: both are of the EU, but not of one member state."""
    requester = VatNumber.read(seller)
    return None if requester is None or requester.country == number.country else requester


def check_of(verdict: Verdict | None, now: datetime) -> VatCheck:
    """What an order keeps of it. Nobody answering refuses nobody. Raises VatNumberInvalid."""
    if verdict is None:
        return VatCheck("unavailable", now)
    if not verdict.valid:
        raise VatNumberInvalid(pointer="/billing/taxId")
    return VatCheck("valid", verdict.checked_at, verdict.identifier)
