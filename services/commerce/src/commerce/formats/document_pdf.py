"""A document as PDF: A4, as many pages as it needs. The same document is the same bytes whenever it is asked for."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC
from typing import Final, Self

from fpdf import FPDF, FontFace
from fpdf.enums import TableCellFillMode, XPos, YPos
from fpdf.fonts import TTFFont
from fpdf.table import Table

from commerce.domain.document import Document, Entry, Kind, RateSum
from commerce.domain.party import Party
from commerce.domain.pricing import percent
from commerce.formats.pdf_fonts import BOLD, FOLDER, PLAIN, font_of, further_fonts, needs_shaping, printable
from common.money import Money

_TITLES: Final[dict[Kind, str]] = {"invoice": "Invoice", "receipt": "Receipt", "credit_note": "Credit note"}
_MARGIN: Final = 18
_INK: Final = (24, 28, 36)
_QUIET: Final = (98, 106, 120)
_RULE: Final = (205, 210, 218)
_BAND: Final = (243, 245, 248)
_HALF: Final = 92


def document_pdf(document: Document) -> bytes:
    """The whole file."""
    with _Sheet(document) as pdf:
        pdf.add_page()
        _head(pdf, document)
        _parties(pdf, document)
        _entries(pdf, document)
        _sums(pdf, document)
        _notes(pdf, document)
        return bytes(pdf.output())


class _Sheet(FPDF):
    """The page's frame: fonts, margins, and the foot of each page."""

    def __init__(self, document: Document) -> None:
        super().__init__(format="A4")
        paper = document.paper
        self._foot = printable(f"{document.name} · {paper.seller.name}")
        self.set_creation_date(document.issued_at)
        self.set_title(printable(f"{_TITLES[paper.kind]} {document.name}"))
        self.set_author(printable(paper.seller.name))
        self.set_lang("en")
        self.set_margins(_MARGIN, _MARGIN)
        self.set_auto_page_break(True, margin=24)
        self.add_font("Noto", "", FOLDER / PLAIN)
        self.add_font("Noto", "B", FOLDER / BOLD)
        further = further_fonts(_texts(document))
        for font in further:
            self.add_font(font, "", FOLDER / font)
        self.set_fallback_fonts(["Noto", *further], exact_match=False)
        self.set_text_shaping(needs_shaping(_texts(document)))
        self.set_draw_color(*_RULE)
        self.set_line_width(0.2)
        self.ink(_INK, 9)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """The library reads its fonts bit by bit and would leave their files open."""
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()

    def ink(self, colour: tuple[int, int, int], size: float, *, bold: bool = False) -> None:
        """How what follows is written."""
        self.set_text_color(*colour)
        self.set_font("Noto", "B" if bold else "", size)

    def lines(self, width: float, height: float, text: str, *, bold: bool = False) -> None:
        """A text over as many lines as it takes, in the font its script needs."""
        shown = printable(text)
        self.set_font(font_of(shown) or "Noto", "B" if bold and font_of(shown) is None else "")
        self.multi_cell(width, height, shown, align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)

    def footer(self) -> None:
        """Called by the library at the end of each page."""
        self.set_y(-16)
        self.ink(_QUIET, 7.5)
        self.lines(0, 4, f"{self._foot} · page {self.page_no()} of {{nb}}")


def _head(pdf: _Sheet, document: Document) -> None:
    paper = document.paper
    pdf.ink(_INK, 20, bold=True)
    pdf.cell(0, 8, _TITLES[paper.kind], align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ink(_QUIET, 11)
    pdf.cell(0, 6, document.name, align="R")
    below = pdf.get_y() + 8
    pdf.set_xy(_MARGIN, _MARGIN)
    pdf.ink(_INK, 15, bold=True)
    pdf.lines(_HALF, 7, paper.seller.name, bold=True)
    pdf.set_y(max(pdf.get_y(), below))


def _parties(pdf: _Sheet, document: Document) -> None:
    paper, top = document.paper, pdf.get_y()
    _block(pdf, _MARGIN, top, "", _address(paper.seller))
    left = pdf.get_y()
    _facts(pdf, _MARGIN + _HALF + 6, top, document)
    below = max(left, pdf.get_y()) + 8
    _block(pdf, _MARGIN, below, "Credited to" if paper.kind == "credit_note" else "Billed to", _whole(paper.buyer))
    pdf.set_y(pdf.get_y() + 8)


def _block(pdf: _Sheet, left: float, top: float, title: str, lines: Sequence[str]) -> None:
    pdf.set_xy(left, top)
    if title:
        pdf.ink(_QUIET, 8)
        pdf.cell(_HALF, 5, title, new_x=XPos.LEFT, new_y=YPos.NEXT)
    for place, line in enumerate(lines):
        pdf.ink(_INK, 9.5)
        pdf.lines(_HALF, 4.8, line, bold=bool(title) and place == 0)


def _facts(pdf: _Sheet, left: float, top: float, document: Document) -> None:
    paper = document.paper
    facts = [("Date", f"{paper.issued_on:%d %B %Y}"), ("Order", str(paper.order_id))]
    if paper.supplied_on is not None:
        facts.insert(1, ("Date of the event", f"{paper.supplied_on:%d %B %Y}"))
    if paper.corrects is not None:
        facts.append(("For", paper.corrects))
    pdf.set_xy(left, top)
    for name, value in facts:
        pdf.ink(_QUIET, 8)
        pdf.set_x(left)
        pdf.cell(0, 4, name, align="R", new_x=XPos.LEFT, new_y=YPos.NEXT)
        pdf.ink(_INK, 9)
        pdf.cell(0, 5, printable(value), align="R", new_x=XPos.LEFT, new_y=YPos.NEXT)


def _address(party: Party) -> list[str]:
    lines = [line.strip() for line in party.address.splitlines() if line.strip()]
    return [*lines, f"Tax number: {party.tax_id}"] if party.tax_id else lines


def _whole(party: Party) -> list[str]:
    lines = [line.strip() for line in party.address.splitlines() if line.strip()]
    email = [party.email] if party.email and party.email != party.name else []
    return [party.name, *lines, *_vat_number(party), *email]


def _vat_number(party: Party) -> list[str]:
    """With the day of its check, in UTC as the authority counts it, and the proof of that."""
    check = party.vat_check
    if not party.tax_id:
        return []
    if check is None or check.outcome != "valid":
        why = "not checked" if check is None else "could not be checked"
        return [f"VAT number ({why}): {party.tax_id}"]
    day = check.checked_at.astimezone(UTC)
    return [f"VAT number: {party.tax_id}", f"Checked on {day:%d %B %Y}, consultation {check.identifier}"]


def _entries(pdf: _Sheet, document: Document) -> None:
    paper = document.paper
    widths = (56, 12, 25, 22, 15, 21, 25)
    pdf.ink(_INK, 8.5)
    with _table(pdf, widths, whole=True) as table:
        _row(table, ("Item", "Qty", "Unit price", "Discount", "Tax rate", "Tax", f"Amount {paper.total.currency}"))
        for entry in paper.entries:
            _row(table, _cells(entry))


def _cells(entry: Entry) -> tuple[str, ...]:
    return (
        entry.text,
        "" if entry.quantity is None else str(entry.quantity),
        "" if entry.unit_price is None else _amount(entry.unit_price),
        _amount(-entry.discount) if entry.discount else "",
        percent(entry.tax_rate),
        _amount(entry.tax) if entry.tax else "",
        _amount(entry.gross),
    )


def _sums(pdf: _Sheet, document: Document) -> None:
    """Kept together: a total alone on the last page says nothing."""
    paper, rates = document.paper, document.paper.rates()
    if pdf.will_page_break(8 * (len(rates) + 1) + 22):
        pdf.add_page()
    pdf.set_y(pdf.get_y() + 4)
    pdf.ink(_INK, 8.5)
    with _table(pdf, (22, 30, 26, 30), whole=False) as table:
        _row(table, ("Tax rate", "Net", "Tax", "Gross"))
        for rate in rates:
            _row(table, (percent(rate.tax_rate), *_of(rate)))
    pdf.set_y(pdf.get_y() + 3)
    pdf.set_fill_color(*_BAND)
    pdf.set_x(_MARGIN + pdf.epw - 108)
    pdf.ink(_INK, 12, bold=True)
    pdf.cell(50, 11, "  Total credited" if paper.kind == "credit_note" else "  Total", fill=True)
    pdf.cell(58, 11, f"{paper.total}  ", align="R", fill=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _of(rate: RateSum) -> tuple[str, str, str]:
    return _amount(rate.net), _amount(rate.tax), _amount(rate.gross)


def _notes(pdf: _Sheet, document: Document) -> None:
    paper = document.paper
    said = "Unit prices include tax." if paper.prices_include_tax else "Tax was added to unit prices."
    taxed = [said] if any(entry.tax for entry in paper.entries) and paper.kind != "credit_note" else []
    pdf.set_y(pdf.get_y() + 6)
    pdf.ink(_QUIET, 8)
    for note in [*taxed, *paper.notes]:
        pdf.lines(0, 4.5, note)


def _table(pdf: _Sheet, widths: tuple[int, ...], *, whole: bool) -> AbstractContextManager[Table]:
    """The first column is text, the others are numbers. A table that is not `whole` stands at the right, in millimetres."""
    return pdf.table(
        col_widths=widths,
        width=pdf.epw if whole else sum(widths),
        align="CENTER" if whole else "RIGHT",
        text_align=("LEFT", *["RIGHT"] * (len(widths) - 1)),
        borders_layout="HORIZONTAL_LINES",
        cell_fill_mode=TableCellFillMode.NONE,
        headings_style=FontFace(emphasis="BOLD", color=_QUIET, size_pt=8),
        line_height=4.6,
        padding=(1.4, 1),
    )


def _row(table: Table, cells: Sequence[str]) -> None:
    row = table.row()
    for cell in cells:
        shown = printable(cell)
        font = font_of(shown)
        row.cell(shown, style=None if font is None else FontFace(family=font))


def _amount(money: Money) -> str:
    """Without its currency, which the column names."""
    return str(money).removeprefix(f"{money.currency} ")


def _texts(document: Document) -> list[str]:
    """All that anybody wrote, line by line as it is printed."""
    paper = document.paper
    said = [paper.seller.name, *_address(paper.seller), *_whole(paper.buyer), *paper.notes]
    foot = f"{document.name} · {paper.seller.name}"
    return [printable(text) for text in (*said, foot, *(entry.text for entry in paper.entries))]
