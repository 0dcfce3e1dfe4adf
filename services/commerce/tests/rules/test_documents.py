"""What documents say: sums that are exactly those of the order and its refunds, in any currency and any script."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pypdf import PdfReader
from services.commerce.tests.rules.orders import bare_sums, paid_order

from commerce.domain.document import (
    Document,
    Entry,
    Paper,
    needs_credit_note,
    number_of,
    paper_of_refund,
    paper_of_sale,
    total_of,
)
from commerce.domain.order import AddOnLine, Admission, Charge, Line, Order
from commerce.domain.party import Party
from commerce.domain.refund import Refund
from commerce.formats.document_pdf import document_pdf
from commerce.formats.paper_json import read, written
from commerce.formats.pdf_fonts import printable
from common.clock import SystemEntropy
from common.ids import AddOnId, DocumentId, OrderLineId, RefundId, TicketTierId
from common.money import Money

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SELLER = Party("Jazz & Söhne GmbH", "Musterstraße 12\n10115 Berlin", "DE123456789")
BUYER = Party("Ada Obi", email="ada@example.org")


def fresh(kind: Any) -> Any:
    return kind.new(NOW, SystemEntropy())


def money(amount: int, currency: str = "EUR") -> Money:
    return Money(amount, currency)


def order_of(currency: str = "EUR", lines: int = 1, **changes: Any) -> Order:
    """Lines of three tickets for 100.01 in all at 19 %, two booklets for 10.71 at 7 %, and a service fee of 3.50."""
    tickets = tuple(
        Line(
            fresh(OrderLineId),
            fresh(TicketTierId),
            f"Seats {number}",
            money(3_500, currency),
            Charge(money(499, currency), 19_000, money(1_597, currency), money(10_001, currency)),
            tuple(Admission(ordinal, None, None, live=True, admitted_at=None) for ordinal in (1, 2, 3)),
        )
        for number in range(lines)
    )
    booklets = Charge(money(0, currency), 7_000, money(70, currency), money(1_071, currency))
    booklet = AddOnLine(fresh(OrderLineId), fresh(AddOnId), "Booklet", money(536, currency), 2, 0, booklets)
    sums = replace(bare_sums(currency), tax=money(1_597 * lines + 70, currency), service_fee=money(350, currency))
    total = money(10_001 * lines + 1_071 + 350, currency)
    return paid_order(total, **({"sums": sums, "lines": tickets, "add_ons": (booklet,)} | changes))


def sale_of(order: Order, **changes: Any) -> Document:
    paper = replace(paper_of_sale(order, SELLER, BUYER, date(2026, 11, 21), date(2026, 12, 24)), **changes)
    return Document(fresh(DocumentId), order.organization_id, order.id, None, 42, NOW, paper)


def refund_of(order: Order, amount: int, **changes: Any) -> Refund:
    currency = order.total.currency
    refund = Refund(
        id=fresh(RefundId),
        order_id=order.id,
        payment_id=None,
        provider=None,
        status="pending",
        source="organiser_payable",
        origin="organiser",
        amount=money(amount, currency),
        fee_returned=money(0, currency),
        reason="asked",
        forced=False,
        requested_by="x",
        admissions=(),
        add_ons=(),
        reference=None,
        failure=None,
        tries=1,
        created_at=NOW,
        settled_at=None,
    )
    return replace(refund, **changes)


def credited(order: Order, refund: Refund, *earlier: Refund) -> Paper:
    return paper_of_refund(sale_of(order), order, refund, earlier, SELLER, date(2026, 11, 22))


def short(paper: Paper) -> list[tuple[int, int, int]]:
    return [(entry.tax_rate, entry.gross.amount, entry.tax.amount) for entry in paper.entries]


def pages_of(document: Document) -> list[str]:
    """The text of each page, read by another program than the one that wrote it."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(document_pdf(document))).pages]


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_a_document_comes_to_exactly_what_the_order_came_to(currency: str) -> None:
    """Scenario 37."""
    order = order_of(currency)
    paper = sale_of(order).paper
    assert total_of(paper.entries, currency) == paper.total == order.total
    assert sum((entry.tax for entry in paper.entries), money(0, currency)) == order.sums.tax
    rates = [(rate.tax_rate, rate.net.amount, rate.tax.amount, rate.gross.amount) for rate in paper.rates()]
    assert rates == [(19_000, 8_404, 1_597, 10_001), (7_000, 1_001, 70, 1_071), (0, 350, 0, 350)]


@pytest.mark.parametrize(
    ("currency", "total", "seats"),
    [("EUR", "EUR 114.22", "100.01"), ("JPY", "JPY 11,422", "10,001"), ("KWD", "KWD 11.422", "10.001")],
)
def test_amounts_are_printed_with_the_digits_of_their_currency(currency: str, total: str, seats: str) -> None:
    """Scenario 36."""
    [text] = pages_of(sale_of(order_of(currency)))
    assert total in text
    assert seats in text
    assert f"Amount {currency}" in text


def test_without_billing_details_a_seller_writes_receipts() -> None:
    order = order_of()
    plain = paper_of_sale(order, Party("Jazz"), BUYER, date(2026, 11, 21), None)
    assert (plain.kind, sale_of(order).paper.kind) == ("receipt", "invoice")
    assert [number_of(kind, 42) for kind in ("invoice", "receipt", "credit_note")] == [
        "INV-000042",
        "R-000042",
        "CN-000042",
    ]


def test_a_number_for_tax_that_nobody_checked_frees_nobody_from_tax() -> None:
    """Scenario 38: no service is asked, so it is as when that service is down."""
    business = replace(BUYER, tax_id="NL999999999B01")
    taxed = paper_of_sale(order_of(), SELLER, business, date(2026, 11, 21), None)
    assert taxed.total == order_of().total
    assert taxed.notes == (
        "The buyer's VAT number was not checked. Tax is charged as usual; there is no reverse charge.",
    )
    untaxed = order_of(sums=replace(bare_sums("EUR"), service_fee=money(350)))
    assert "reverse charge" in paper_of_sale(untaxed, SELLER, business, date(2026, 11, 21), None).notes[0]
    [text] = pages_of(sale_of(order_of(), buyer=business))
    assert "VAT number (not checked): NL999999999B01" in text


def test_refunds_of_all_tickets_one_by_one_credit_all_of_the_tax() -> None:
    order = order_of()
    [line] = order.lines
    parts = [
        refund_of(order, amount, admissions=((line.id, ordinal),))
        for ordinal, amount in ((1, 3_334), (2, 3_334), (3, 3_333))
    ]
    papers = [credited(order, refund) for refund in parts]
    assert [short(paper) for paper in papers] == [
        [(19_000, 3_334, 533)],
        [(19_000, 3_334, 532)],
        [(19_000, 3_333, 532)],
    ]
    assert papers[0].corrects == "INV-000042"


def test_a_whole_refund_credits_what_was_billed() -> None:
    order = order_of()
    [line], [booklet] = order.lines, order.add_ons
    everything = tuple((line.id, ordinal) for ordinal in (1, 2, 3))
    paper = credited(order, refund_of(order, 11_422, admissions=everything, add_ons=((booklet.id, 2),)))
    assert short(paper) == [(19_000, 10_001, 1_597), (7_000, 1_071, 70), (0, 350, 0)]
    assert (paper.total, paper.rates()) == (order.total, sale_of(order).paper.rates())


def test_pieces_of_an_add_on_are_credited_in_turn() -> None:
    order = order_of()
    [booklet] = order.add_ons
    first, second = (refund_of(order, amount, add_ons=((booklet.id, 1),)) for amount in (536, 535))
    assert short(credited(order, first)) == [(7_000, 536, 35)]
    assert short(credited(order, second, first)) == [(7_000, 535, 35)]


def test_what_was_kept_is_not_credited_and_free_amounts_follow_the_rates() -> None:
    order = order_of()
    [line] = order.lines
    kept = credited(order, refund_of(order, 9_000, admissions=tuple((line.id, ordinal) for ordinal in (1, 2, 3))))
    assert short(kept) == [(19_000, 9_000, 1_437)]
    free = credited(order, refund_of(order, 1_000))
    assert short(free) == [(19_000, 875, 140), (7_000, 94, 6), (0, 31, 0)]
    assert total_of(free.entries, "EUR") == money(1_000)


def test_money_that_was_never_part_of_the_sale_is_not_credited() -> None:
    order = order_of()
    assert needs_credit_note(refund_of(order, 5))
    assert not needs_credit_note(refund_of(order, 5, source="unallocated"))
    assert not needs_credit_note(refund_of(order, 0))


def test_a_paper_is_kept_and_read_without_a_difference() -> None:
    order = order_of("KWD", buyer_name="عمر")
    for paper in (sale_of(order).paper, credited(order, refund_of(order, 100))):
        assert read(written(paper)) == paper


def test_the_same_document_is_the_same_bytes() -> None:
    document = sale_of(order_of())
    assert document_pdf(document) == document_pdf(document)
    assert document_pdf(document) != document_pdf(replace(document, number=43))


def test_a_hundred_lines_run_over_pages_and_each_is_numbered() -> None:
    pages = pages_of(sale_of(order_of(lines=100)))
    assert len(pages) >= 4
    for number, text in enumerate(pages, start=1):
        assert f"page {number} of {len(pages)}" in text
        assert "INV-000042" in text
    assert all(any(f"Seats {number}" in text for text in pages) for number in range(100))
    assert "EUR 10,015.21" in pages[-1]


@pytest.mark.parametrize("name", ["Çağla Ünal", "Ольга Иванова", "Νίκος Παππάς", "Nguyễn Thị Ánh", "ታደሰ በቀለ"])
def test_names_are_printed_letter_by_letter(name: str) -> None:
    [text] = pages_of(sale_of(order_of(), buyer=Party(name), seller=replace(SELLER, name=name)))
    assert text.count(name) >= 2


@pytest.mark.parametrize(
    ("name", "font"),
    [
        ("عمر خالد", "Arabic"),
        ("עומר כהן", "Hebrew"),
        ("देवदत्त शर्मा", "Devanagari"),
        ("রহিম উদ্দিন", "Bengali"),
        ("தமிழ்", "Tamil"),
        ("ธนพร", "Thai"),
    ],
)
def test_scripts_whose_letters_join_are_written_in_a_font_of_their_own(name: str, font: str) -> None:
    """Read back, such letters come in another order or as ligatures; so the font tells."""
    document = sale_of(order_of(), buyer=Party(name))
    [page] = PdfReader(io.BytesIO(document_pdf(document))).pages
    fonts = [str(each.get_object()["/BaseFont"]) for each in page["/Resources"]["/Font"].values()]  # type: ignore[index]
    assert [each for each in fonts if f"NotoSans{font}" in each.replace("-", "")]
    assert printable(name) == name
    assert "\ufffd" not in page.extract_text()


def test_letters_nobody_can_print_and_control_characters_break_nothing() -> None:
    entry = Entry("東京\x00\x1b[2J😀 \ud800 Ticket", 1, money(5), money(0), 0, money(0), money(5))
    [text] = pages_of(sale_of(order_of(), entries=(entry,), total=money(5), buyer=Party("東京\n\n" + "x" * 300)))
    assert "Ticket" in text
    assert "\ufffd" in text
