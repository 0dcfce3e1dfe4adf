"""CSV as spreadsheets read it (RFC 4180), and so that no cell is taken for a formula.

The file begins with a byte order mark: without it Excel reads UTF-8 as the code page of the machine, and breaks names. Programs
that read CSV as `utf-8-sig` never see it.
A spreadsheet that is set to another separator takes no notice of our quotes: then a cell begins after each of its separators.
Source: RFC 4180; OWASP's page on CSV injection for the letters a formula may begin with, and for separators inside a cell.
"""

import re
from collections.abc import Iterable
from typing import Final

from common.money import Money, exponent

BEGINNING: Final = "\ufeff".encode()
_FORMULA: Final = re.compile(r"(^[\t\r\n]|(?:^|(?<=[;\t\r\n]))[=+\-@\uff1d\uff0b\uff0d\uff20])")
_QUOTED: Final = ('"', ",", ";", "\r", "\n", "\t")

Cell = str | int | Money | None


def line(cells: Iterable[Cell]) -> bytes:
    """One line. Amounts are written with as many digits as their currency has, without its name."""
    return (",".join(_cell(cell) for cell in cells) + "\r\n").encode("utf-8", "replace")


def decimal(money: Money) -> str:
    """`1500.00`: a dot, no thousands, so that every spreadsheet and program reads a number."""
    digits = exponent(money.currency)
    sign = "-" if money.amount < 0 else ""
    whole, rest = divmod(abs(money.amount), 10**digits)
    return f"{sign}{whole}" if digits == 0 else f"{sign}{whole}.{rest:0{digits}d}"


def _cell(cell: Cell) -> str:
    if isinstance(cell, Money):
        return decimal(cell)
    if not isinstance(cell, str):
        return "" if cell is None else str(cell)
    cell = _FORMULA.sub(r"'\1", cell)
    return '"' + cell.replace('"', '""') + '"' if any(letter in cell for letter in _QUOTED) else cell
