"""Whose a wallet pass is, when it is void, and when a phone may keep what it has."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from common.ids import EventId, OrderId, OrganizationId, PassId, TicketTierId, UserId, WalletPassId
from common.testing import SeededEntropy
from common.testing.principals import fresh
from wallet.domain.face import Face
from wallet.domain.freshness import last_modified, still_fresh
from wallet.domain.pass_copy import PassCopy, wallet_status
from wallet.domain.wallet_pass import WalletPass, belongs_to, draw_secrets

HOLDER, BUYER, OTHER = (UserId(fresh(UserId)) for _ in range(3))
MOMENT = datetime(2026, 11, 20, 18, 0, 0, 400_000, tzinfo=UTC)


@pytest.fixture
def wallet_pass(face: Face) -> WalletPass:
    return WalletPass(
        wallet_pass_id=WalletPassId(fresh(WalletPassId)),
        pass_id=PassId(fresh(PassId)),
        generation=1,
        event_id=EventId(fresh(EventId)),
        organization_id=OrganizationId(fresh(OrganizationId)),
        holder_user_id=HOLDER,
        buyer_user_id=BUYER,
        auth_token="a" * 32,
        link_key="b" * 32,
        face=face,
        modified_at=MOMENT,
    )


@pytest.mark.parametrize(
    ("asking", "generation", "own"),
    [
        ("holder", 1, True),
        ("holder", 2, True),
        ("buyer", 1, True),
        ("buyer", 2, False),
        ("other", 1, False),
        ("nobody", 1, False),
    ],
)
def test_a_pass_is_its_holders_and_its_buyers_until_it_is_handed_on(
    wallet_pass: WalletPass, asking: str, generation: int, own: bool
) -> None:
    people = {"holder": HOLDER, "buyer": BUYER, "other": OTHER, "nobody": None}
    assert belongs_to(replace(wallet_pass, generation=generation), people[asking]) is own


def test_nobody_signed_in_is_not_the_holder_of_a_pass_without_one(wallet_pass: WalletPass) -> None:
    assert not belongs_to(replace(wallet_pass, holder_user_id=None), None)


def test_both_wallets_say_voided_together(wallet_pass: WalletPass) -> None:
    assert (wallet_pass.apple, wallet_pass.google) == ("ready", "available")
    voided = replace(wallet_pass, face=replace(wallet_pass.face, voided=True))
    assert (voided.apple, voided.google) == ("voided", "voided")


def test_a_wallet_pass_lives_only_while_pass_and_event_do() -> None:
    copy = PassCopy(
        id=PassId(fresh(PassId)),
        order_id=OrderId(fresh(OrderId)),
        event_id=EventId(fresh(EventId)),
        organization_id=OrganizationId(fresh(OrganizationId)),
        ticket_tier_id=TicketTierId(fresh(TicketTierId)),
        ticket_tier_name="T",
        status="issued",
        generation=1,
        code="c",
        attendee_name=None,
        holder_user_id=None,
        buyer_user_id=BUYER,
        sequence=1,
    )
    passes, events = ("issued", "admitted", "voided"), ("draft", "published", "ended", "cancelled")
    live = {
        (status, event)
        for status, event in product(passes, events)
        if wallet_status(replace(copy, status=status), event) == "live"
    }
    assert live == set(product(("issued", "admitted"), ("draft", "published", "ended")))


def test_secrets_are_three_different_draws_of_enough_bits() -> None:
    first, second = draw_secrets(SeededEntropy(1)), draw_secrets(SeededEntropy(2))
    texts = [first.serial, first.auth_token, first.link_key, second.serial, second.auth_token, second.link_key]
    assert len(set(texts)) == 6
    assert [len(text) for text in texts[:3]] == [32, 48, 48]


def test_what_is_sent_in_the_second_of_a_change_is_dated_a_second_earlier() -> None:
    whole = MOMENT.replace(microsecond=0)
    assert last_modified(MOMENT, MOMENT + timedelta(milliseconds=100)) == whole - timedelta(seconds=1)
    assert last_modified(MOMENT, whole + timedelta(seconds=1)) == whole


@pytest.mark.parametrize(
    ("if_none_match", "if_modified_since", "fresh_enough"),
    [
        (None, None, False),
        ('W/"t"', None, True),
        ('"t"', None, True),
        ('"a", W/"t"', None, True),
        ("*", None, True),
        ('"a"', MOMENT + timedelta(days=1), False),
        (None, MOMENT.replace(microsecond=0), True),
        (None, MOMENT + timedelta(days=1), True),
        (None, MOMENT.replace(microsecond=0) - timedelta(seconds=1), False),
    ],
)
def test_a_phone_keeps_what_it_has_when_the_tag_or_else_the_date_says_so(
    if_none_match: str | None, if_modified_since: datetime | None, fresh_enough: bool
) -> None:
    found = still_fresh(
        tag='W/"t"', modified_at=MOMENT, if_none_match=if_none_match, if_modified_since=if_modified_since
    )
    assert found is fresh_enough
