"""Numbers for value added tax of the EU's member states, as people write them and as the tax authority asks for them.

Only the form is judged here: whether a number was ever given to anybody, the member state alone knows.
Source: the forms that the European Commission lists for VIES. Greece is EL there, and Northern Ireland XI.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

_FORMS: Final = {
    "AT": r"U\d{8}",
    "BE": r"[01]\d{9}",
    "BG": r"\d{9,10}",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"\d{9}",
    "DK": r"\d{8}",
    "EE": r"\d{9}",
    "EL": r"\d{9}",
    "ES": r"[A-Z]\d{7}[A-Z\d]|\d{8}[A-Z]",
    "FI": r"\d{8}",
    "FR": r"[A-Z\d]{2}\d{9}",
    "HR": r"\d{11}",
    "HU": r"\d{8}",
    "IE": r"\d{7}[A-Z]{1,2}|\d[A-Z]\d{5}[A-Z]",
    "IT": r"\d{11}",
    "LT": r"\d{9}|\d{12}",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"\d{8}",
    "NL": r"[A-Z\d]{12}",
    "PL": r"\d{10}",
    "PT": r"\d{9}",
    "RO": r"\d{2,10}",
    "SE": r"\d{12}",
    "SI": r"\d{8}",
    "SK": r"\d{10}",
    "XI": r"\d{9}|\d{12}|GD\d{3}|HA\d{3}",
}
_READ: Final = {country: re.compile(form, re.ASCII) for country, form in _FORMS.items()}
_BETWEEN: Final = str.maketrans("", "", " .-/")


@dataclass(frozen=True, slots=True)
class VatNumber:
    """`country` is the member state's prefix, `number` what follows it, without the marks people put in between."""

    country: str
    number: str

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The number that somebody wrote; None for one that no member state could have given."""
        bare = text.translate(_BETWEEN).upper()
        form = _READ.get(bare[:2])
        return None if form is None or form.fullmatch(bare[2:]) is None else cls(bare[:2], bare[2:])

    def __str__(self) -> str:
        return self.country + self.number
