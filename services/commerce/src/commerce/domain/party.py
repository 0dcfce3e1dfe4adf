"""Who sells or buys, as documents name them."""

from dataclasses import dataclass

from commerce.domain.vat_check import VatCheck
from commerce.domain.vat_number import VatNumber


@dataclass(frozen=True, slots=True)
class Party:
    """Who sells or buys. `address` is as its owner wrote it, over several lines.

    `vat_check` is what became of the check of a buyer's `tax_id`; None where nobody was asked about it.
    """

    name: str
    address: str = ""
    tax_id: str = ""
    email: str = ""
    vat_check: VatCheck | None = None

    def names_number_of(self, other: "Party") -> bool:
        """Whether both name the same number, however it is spelled."""
        number = VatNumber.read(self.tax_id)
        return self.tax_id == other.tax_id if number is None else number == VatNumber.read(other.tax_id)
