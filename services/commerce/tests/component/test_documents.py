"""Invoices, receipts and credit notes: numbered without a gap, written once, and the same for ever."""

import asyncio
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from pypdf import PdfReader
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from commerce.actions.issue_documents import issue_due_documents
from commerce.domain.document import Document
from commerce.domain.order import Order
from commerce.store import documents as documents_store
from commerce.store import orders as orders_store
from commerce.store import undocumented as undocumented_store
from commerce.store.document_invariants import find_documents_astray
from commerce.store.undocumented import Undocumented
from commerce.tables import document_counters
from common.clock import SystemEntropy
from common.db import Transaction
from common.ids import OrderId, OrganizationId, RefundId
from common.principal import Principal
from common.testing import Running, RunService, principals
from common.testing.principals import fresh

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

SELLER = {"name": "Jazz & Söhne GmbH", "address": "Musterstraße 12\n10115 Berlin", "taxId": "DE123456789"}
_PAID_ORDERS = """
WITH made AS (
    INSERT INTO orders (id, version, event_id, event_name, organization_id, buyer_user_id, buyer_email, status, holding,
        total, currency, captured, page_token, placed_at, paid_at)
    SELECT gen_random_uuid(), 2, :event, 'Night', :organization, :buyer, 'ben@example.org', 'paid', 'sold', 300000, 'NGN',
        300000, replace(gen_random_uuid()::text, '-', ''), now(), now()
    FROM generate_series(1, :count) RETURNING id
), lines AS (
    INSERT INTO order_lines (id, order_id, place, ticket_tier_id, ticket_tier_name, unit_amount, gross)
    SELECT gen_random_uuid(), id, 0, :tier, 'Regular', 150000, 300000 FROM made RETURNING id, order_id
), people AS (
    INSERT INTO admissions (line_id, ordinal) SELECT id, n FROM lines, generate_series(1, 2) AS n RETURNING line_id
)
SELECT order_id AS id FROM lines
"""
_REFUND = """
WITH refund AS (
    INSERT INTO refunds (id, order_id, status, source, origin, amount, fee_returned, currency, reason, requested_by,
        created_at, settled_at)
    VALUES (:id, :order, 'done', 'organiser_payable', 'organiser', :amount, 0, 'NGN', 'asked', 'x', now(), now())
), gone AS (
    INSERT INTO refunded_admissions (line_id, ordinal, refund_id)
    SELECT line.id, :ordinal, :id FROM order_lines AS line WHERE line.order_id = :order
)
UPDATE orders SET version = version + 1, refunded = refunded + :amount, status = 'partially_refunded' WHERE id = :order
RETURNING 1
"""


async def paid_orders(world: Running, stall: "Stall", count: int = 1) -> list[OrderId]:
    """Orders of the stall's buyer as the service leaves them in its tables when they were paid."""
    assert stall.buyer.user_id is not None
    rows = await world.rows(
        _PAID_ORDERS,
        event=stall.event_id.uuid,
        organization=stall.organization_id.uuid,
        buyer=stall.buyer.user_id.uuid,
        tier=uuid4(),
        count=count,
    )
    return [OrderId.from_uuid(row["id"]) for row in rows]


async def refunded(world: Running, order: OrderId, ordinal: int, amount: int) -> RefundId:
    refund = RefundId.new(world.clock.now(), SystemEntropy())
    await world.rows(_REFUND, id=refund.uuid, order=order.uuid, ordinal=ordinal, amount=amount)
    return refund


async def documents_of(world: Running, order: OrderId | str, by: Principal) -> list[dict[str, Any]]:
    answer = await world.get(f"/v1/orders/{order}/documents", by)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def numbers(world: Running) -> list[str]:
    rows = await world.rows("SELECT kind || ' ' || number AS name FROM documents ORDER BY kind, number")
    return [row["name"] for row in rows]


def words(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


async def test_a_paid_order_gets_one_receipt_that_its_buyer_and_its_link_open(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 2))
        assert await documents_of(world, order["id"], stall.buyer) == []
        none_yet = await world.get(f"{order['pagePath']}/receipt.pdf")
        assert (none_yet.status_code, none_yet.json()["code"]) == (404, "commerce.unknown_document")
        await stall.end(world, await stall.pay(world, order), "succeed")
        for _ in range(2):
            await stall.job(world, "issue-documents")
        [receipt] = await documents_of(world, order["id"], stall.buyer)
        assert (receipt["number"], receipt["kind"], receipt["total"]) == ("R-000001", "receipt", order["total"])
        file = await world.get(receipt["path"], stall.buyer)
        assert (file.status_code, file.headers["Content-Type"]) == (200, "application/pdf")
        assert "NGN 3,000.00" in words(file.content)
        by_link = await world.get(f"{order['pagePath']}/receipt.pdf")
        assert by_link.content == file.content
        assert (await world.get("/o/AAAAAAAAAAAAAAAAAAAAAA/receipt.pdf")).status_code == 404


async def test_numbers_taken_at_the_same_moment_have_neither_gap_nor_double(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        orders = await paid_orders(world, stall, 20)
        await asyncio.gather(*(documents_of(world, order, stall.buyer) for order in orders))
        assert await numbers(world) == [f"receipt {number}" for number in range(1, 21)]
        async with world.database.transaction() as tx:
            assert await find_documents_astray(tx) == []


async def test_one_order_asked_for_many_times_at_once_has_one_document(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [order] = await paid_orders(world, stall)
        await asyncio.gather(
            *(documents_of(world, order, stall.buyer) for _ in range(12)), stall.job(world, "issue-documents")
        )
        assert await numbers(world) == ["receipt 1"]


async def test_control_without_the_counters_lock_numbers_come_twice(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    everyone_looked = asyncio.Barrier(5)

    async def look_then_count(tx: Transaction, organization_id: OrganizationId, kind: str, _count: int) -> int:
        mine = document_counters.c.organization_id == organization_id
        last = await tx.scalar(select(document_counters.c.last).where(mine, document_counters.c.kind == kind))
        await everyone_looked.wait()
        return int(last or 0) + 1

    monkeypatch.setattr(documents_store, "take_numbers", look_then_count)
    async with run() as world:
        orders = await paid_orders(world, stall, 5)
        paths = [f"/v1/orders/{order}/documents" for order in orders]
        answers = await asyncio.gather(*(world.get(path, stall.buyer) for path in paths))
        assert sorted(answer.status_code for answer in answers) == [200, 500, 500, 500, 500]
        assert await numbers(world) == ["receipt 1"]


async def test_control_without_the_orders_lock_only_the_constraint_stops_a_second_document(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    everyone_looked = asyncio.Barrier(4)
    what_they_name = undocumented_store.with_what_they_name

    async def look_and_wait(tx: Transaction, orders: Sequence[Order]) -> list[Undocumented]:
        seen = await what_they_name(tx, orders)
        await everyone_looked.wait()
        return seen

    async with run() as world:
        [order] = await paid_orders(world, stall)
        with monkeypatch.context() as unguarded:
            unguarded.setattr(orders_store, "lock_order", orders_store.find_order)
            unguarded.setattr(undocumented_store, "with_what_they_name", look_and_wait)
            path = f"/v1/orders/{order}/documents"
            answers = await asyncio.gather(*(world.get(path, stall.buyer) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 500, 500, 500]
        assert await numbers(world) == ["receipt 1"]


async def test_a_crash_between_the_number_and_the_document_leaves_no_gap(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scenario 24."""
    add_documents, crashes = documents_store.add_documents, ["all at once", "the first by itself"]

    async def crash_twice(tx: Transaction, issued: Sequence[Document]) -> None:
        if crashes:
            crashes.pop()
            raise ConnectionResetError("the machine went away")
        await add_documents(tx, issued)

    monkeypatch.setattr(documents_store, "add_documents", crash_twice)
    async with run() as world:
        await paid_orders(world, stall, 3)
        await stall.job(world, "issue-documents")
        assert await numbers(world) == ["receipt 1", "receipt 2"]
        await stall.job(world, "issue-documents")
        assert await numbers(world) == ["receipt 1", "receipt 2", "receipt 3"]
        assert await world.rows("SELECT 1 FROM orders WHERE documented_version < version") == []


async def test_an_order_that_does_not_add_up_keeps_no_document_of_the_others_back(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        made = await paid_orders(world, stall, 4)
        await world.rows(
            "UPDATE order_lines SET gross = 299999 WHERE order_id = :order RETURNING 1", order=made[1].uuid
        )
        await stall.job(world, "issue-documents")
        assert await numbers(world) == ["receipt 1", "receipt 2", "receipt 3"]
        left = await world.rows("SELECT id FROM orders WHERE documented_version < version")
        assert [row["id"] for row in left] == [made[1].uuid]
        async with world.database.transaction() as tx:
            assert await find_documents_astray(tx) == []


async def test_an_order_that_others_work_on_holds_up_no_document(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        made = await paid_orders(world, stall, 3)
        async with world.database.transaction() as busy:
            await orders_store.lock_order(busy, made[0])
            await stall.job(world, "issue-documents")
            assert await numbers(world) == ["receipt 1", "receipt 2"]
        await stall.job(world, "issue-documents")
        assert await numbers(world) == ["receipt 1", "receipt 2", "receipt 3"]


async def test_jobs_of_two_replicas_and_buyers_at_once_leave_neither_gap_nor_double(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        made = await paid_orders(world, stall, 40)
        await asyncio.gather(
            issue_due_documents(world.database),
            *(documents_of(world, order, stall.buyer) for order in made[::5]),
            issue_due_documents(world.database),
        )
        await issue_due_documents(world.database)
        assert await numbers(world) == [f"receipt {number}" for number in range(1, 41)]


async def test_invoices_receipts_and_credit_notes_of_several_sellers_come_of_one_job(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        made = await paid_orders(world, stall, 2)
        other = fresh(OrganizationId)
        await world.rows(
            "UPDATE orders SET organization_id = :other WHERE id = :order RETURNING 1",
            other=OrganizationId(other).uuid,
            order=made[1].uuid,
        )
        await world.call(
            "PUT",
            f"/v1/organizations/{stall.organization_id}/billing-details",
            principals.member_of(stall.organization_id, "manager"),
            json=SELLER,
        )
        refunds = [await refunded(world, order, 1, 150_000) for order in made]
        await stall.job(world, "issue-documents")
        rows = await world.rows(
            "SELECT order_id, refund_id, kind, number, paper->'seller'->>'name' AS seller, paper->>'corrects' AS corrects"
            " FROM documents ORDER BY order_id, number, kind DESC"
        )
        assert [tuple(row.values()) for row in rows if row["order_id"] == made[0].uuid] == [
            (made[0].uuid, None, "invoice", 1, SELLER["name"], None),
            (made[0].uuid, refunds[0].uuid, "credit_note", 1, SELLER["name"], "INV-000001"),
        ]
        assert [tuple(row.values()) for row in rows if row["order_id"] == made[1].uuid] == [
            (made[1].uuid, None, "receipt", 1, other, None),
            (made[1].uuid, refunds[1].uuid, "credit_note", 1, other, "R-000001"),
        ]


async def test_each_refund_gets_its_credit_note(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        manager = principals.member_of(stall.organization_id, "manager")
        path = f"/v1/organizations/{stall.organization_id}/billing-details"
        assert (await world.call("PUT", path, manager, json=SELLER)).status_code == 200
        [order] = await paid_orders(world, stall)
        [invoice] = await documents_of(world, order, stall.buyer)
        refunds = [await refunded(world, order, 1, 150_000), await refunded(world, order, 2, 100_000)]
        await stall.job(world, "issue-documents")
        found = await documents_of(world, order, stall.buyer)
        assert [(each["number"], each["refundId"], each["total"]["amount"]) for each in found] == [
            ("INV-000001", None, 300_000),
            ("CN-000001", refunds[0], 150_000),
            ("CN-000002", refunds[1], 100_000),
        ]
        note = words((await world.get(found[2]["path"], manager)).content)
        assert "INV-000001" in note
        assert "NGN 1,000.00" in note
        assert found[0] == invoice


async def test_a_refund_of_a_ticket_is_credited_and_leaves_the_books_in_order(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 3))
        await stall.end(world, await stall.pay(world, order), "succeed")
        await stall.job(world, "issue-documents")
        finance = principals.member_of(stall.organization_id, "finance")
        wish = {"lines": [{"lineId": order["lines"][0]["id"], "quantity": 1, "ordinals": [2]}], "reason": "ill"}
        answer = await world.post(f"/v1/orders/{order['id']}/refunds", finance, key="one", json=wish)
        assert answer.status_code == 201, answer.text
        await stall.job(world, "issue-documents")
        receipt, note = await documents_of(world, order["id"], stall.buyer)
        assert (note["number"], note["total"]) == ("CN-000001", {"amount": 150_000, "currency": "NGN"})
        assert "1 × Regular (no. 2)" in words((await world.get(note["path"], finance)).content)
        assert receipt["total"]["amount"] == 450_000
        await stall.books(world)


async def test_a_gap_in_the_numbers_is_found(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [order] = await paid_orders(world, stall)
        await documents_of(world, order, stall.buyer)
        await world.rows("UPDATE document_counters SET last = 2 RETURNING last")
        async with world.database.transaction() as tx:
            assert await find_documents_astray(tx) == [
                f"organisation {stall.organization_id}: 2 numbers of receipt were given, 1 are there"
            ]


async def test_a_document_stays_as_it_was_issued(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        manager = principals.member_of(stall.organization_id, "manager")
        seller = f"/v1/organizations/{stall.organization_id}/billing-details"
        await world.call("PUT", seller, manager, json=SELLER)
        [order] = await paid_orders(world, stall)
        details = {"name": "Ada Obi Ltd", "address": "Ikoyi Road 7", "taxId": "NL999999999B01"}
        mine = f"/v1/orders/{order}/billing-details"
        assert (await world.call("PUT", mine, stall.buyer, json=details)).json() == {**details, "vatCheck": None}
        [invoice] = await documents_of(world, order, stall.buyer)
        before = (await world.get(invoice["path"], stall.buyer)).content
        assert "Ada Obi Ltd" in words(before)
        assert "VAT number (not checked): NL999999999B01" in words(before)
        await world.call("PUT", seller, manager, json={**SELLER, "name": "Another name"})
        late = await world.call("PUT", mine, stall.buyer, json={**details, "name": "Somebody else"})
        assert (late.status_code, late.json()["code"]) == (409, "commerce.document_issued")
        assert (await world.get(mine, stall.buyer)).json() == {**details, "vatCheck": None}
        assert (await world.get(invoice["path"], stall.buyer)).content == before


async def test_documents_and_details_are_for_the_buyer_and_staff_alone(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [order] = await paid_orders(world, stall)
        [receipt] = await documents_of(world, order, stall.buyer)
        other = principals.member_of(OrganizationId(fresh(OrganizationId)), "owner")
        finance = principals.member_of(stall.organization_id, "finance")
        scanner = principals.member_of(stall.organization_id, "scanner")
        for path in (f"/v1/orders/{order}/documents", receipt["path"], f"/v1/orders/{order}/billing-details"):
            assert (await world.get(path, finance)).status_code == 200
            for stranger in (other, scanner, principals.user()):
                assert (await world.get(path, stranger)).status_code == 404
        seller = f"/v1/organizations/{stall.organization_id}/billing-details"
        assert (await world.get(seller, finance)).json() == {"name": None, "address": None, "taxId": None}
        assert (await world.call("PUT", seller, finance, json=SELLER)).status_code == 403
        assert (await world.call("PUT", seller, other, json=SELLER)).status_code == 404
        mine = f"/v1/orders/{order}/billing-details"
        assert (await world.call("PUT", mine, finance, json={"name": "X"})).status_code == 404
        assert await world.count("seller_details") + await world.count("buyer_details") == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "a\x00b"},
        {"name": "x" * 201},
        {"address": "a\x00"},
        {"address": "\n".join("abcdefghi")},
        {"address": "x" * 501},
        {"taxId": "<script>"},
        {"taxId": "x" * 41},
        {"taxId": 5},
        {"country": "DE"},
    ],
)
async def test_details_that_could_not_be_printed_are_named(
    run: RunService, stall: "Stall", changes: dict[str, Any]
) -> None:
    async with run() as world:
        manager = principals.member_of(stall.organization_id, "manager")
        path = f"/v1/organizations/{stall.organization_id}/billing-details"
        answer = await world.call("PUT", path, manager, json={**SELLER, **changes})
        assert (answer.status_code, len(answer.json()["errors"])) == (422, 1), answer.text
        assert await world.count("seller_details") == 0


@pytest.mark.parametrize("statement", ["UPDATE documents SET number = 1", "DELETE FROM documents"])
async def test_a_document_cannot_be_unsaid(run: RunService, statement: str) -> None:
    async with run() as world:
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with world.database.transaction() as tx:
                await tx.execute(text(statement))
