"""Where a pass can be put, and who is told."""

from common.ids import PassId, UserId
from common.messages import (
    EventCancelled,
    EventPublished,
    OrganizationCreated,
    PassIssued,
    PassUpdated,
    PassVoided,
    WalletPassCreated,
    WalletPassUpdated,
    WalletPassVoided,
)
from common.principal import ANONYMOUS, Principal
from common.testing import RunService, eventually, principals
from common.testing.hearing import assert_hears_what_it_is_told
from common.testing.principals import fresh
from wallet.consumers import HANDLERS


def test_every_message_meant_for_the_wallet_has_its_action() -> None:
    assert_hears_what_it_is_told("wallet", HANDLERS)


async def test_an_issued_pass_becomes_a_wallet_pass_and_others_are_told_once(
    run: RunService, event: EventPublished, ticket: PassIssued, holder: Principal
) -> None:
    async with run() as world:
        await world.hear(event, ticket)
        answer = await world.get(f"/v1/passes/{ticket.pass_id}/wallet", by=holder)
        rows = await world.rows("SELECT serial, auth_token, link_key FROM wallet_passes")
        said = await world.said(WalletPassCreated)
    assert answer.status_code == 200
    key = rows[0]["link_key"]
    base = f"https://lanyard.test/v1/wallet/passes/{ticket.pass_id}"
    assert answer.json() == {
        "apple": {"status": "ready", "url": f"{base}/apple?key={key}"},
        "google": {"status": "available", "url": f"{base}/google?key={key}"},
        "badge": {"url": f"{base}/badge?key={key}"},
    }
    assert [len(rows[0][name]) for name in ("serial", "auth_token", "link_key")] == [32, 48, 48]
    assert [(one.pass_id, one.generation, one.apple, one.google, one.sequence) for one in said] == [
        (ticket.pass_id, 1, "ready", "available", 1)
    ]
    assert [(one.holder_user_id, one.buyer_user_id) for one in said] == [(ticket.holder_user_id, ticket.buyer_user_id)]
    assert said[0].holder_user_id == ticket.holder_user_id


async def test_the_key_of_its_link_is_told_of_the_first_holder_only_and_never_shown_live(
    run: RunService, event: EventPublished, ticket: PassIssued
) -> None:
    handed_on = PassUpdated(**ticket.model_dump() | {"sequence": 2, "generation": 2, "code": "LYD1.new"})
    async with run() as world:
        await world.hear(event, ticket, handed_on)
        keys = await world.rows("SELECT link_key FROM wallet_passes ORDER BY generation")
        first, second = await world.said(WalletPassCreated)
        [void] = await world.said(WalletPassVoided)
    assert (first.order_id, first.attendee_name, first.ticket_tier_name) == (
        ticket.order_id,
        "Ada Lovelace",
        "Early bird",
    )
    assert first.link_key == keys[0]["link_key"]
    assert (second.generation, second.link_key, void.generation, void.link_key) == (2, None, 1, None)
    audience = WalletPassCreated.audience
    assert audience is not None
    assert not {"link_key", "attendee_name"} & set(audience.shown)


async def test_holder_buyer_and_staff_may_ask_and_for_everyone_else_there_is_nothing(
    run: RunService, event: EventPublished, ticket: PassIssued, holder: Principal, buyer: Principal
) -> None:
    organization_id = event.organization_id
    allowed = {
        "holder": holder,
        "buyer": buyer,
        "viewer": principals.member_of(organization_id, "viewer"),
        "support": principals.platform("support"),
    }
    strangers = {
        "anonymous": ANONYMOUS,
        "another person": principals.user("eve@example.org"),
        "scanner": principals.device_of(organization_id),
        "owner elsewhere": principals.member_of(type(organization_id)(fresh(type(organization_id))), "owner"),
        "moderator": principals.platform("moderator"),
    }
    async with run() as world:
        await world.hear(event, ticket)
        for path, method in (
            (f"/v1/passes/{ticket.pass_id}/wallet", "GET"),
            (f"/v1/wallet/passes/{ticket.pass_id}/apple", "GET"),
            (f"/v1/wallet/passes/{ticket.pass_id}/google", "POST"),
            (f"/v1/wallet/passes/{ticket.pass_id}/badge", "GET"),
        ):
            good = {who: (await world.call(method, path, by=one)).status_code for who, one in allowed.items()}
            assert good == dict.fromkeys(allowed, 200), path
            for who, one in strangers.items():
                answer = await world.call(method, path, by=one)
                assert (who, answer.status_code, answer.json()["code"]) == (who, 404, "wallet.no_such_pass")
        absent = await world.get(f"/v1/passes/{fresh(PassId)}/wallet", by=holder)
        malformed = await world.get("/v1/passes/evt_01k9e0xq3wfkzv8h8d3rj4n5m6/wallet", by=holder)
    assert (absent.status_code, absent.json()["code"]) == (404, "wallet.no_such_pass")
    assert (malformed.status_code, malformed.json()["code"]) == (422, "common.invalid_request")


async def test_without_an_internal_token_every_route_refuses(
    run: RunService, event: EventPublished, ticket: PassIssued
) -> None:
    async with run() as world:
        await world.hear(event, ticket)
        answer = await world.client.get(f"/v1/passes/{ticket.pass_id}/wallet")
    assert answer.status_code == 401
    assert "WWW-Authenticate" in answer.headers


async def test_a_voided_pass_voids_its_wallet_pass_and_says_so(
    run: RunService, event: EventPublished, ticket: PassIssued, holder: Principal
) -> None:
    void = PassVoided(**ticket.model_dump() | {"sequence": 2, "status": "voided"})
    async with run() as world:
        await world.hear(event, ticket, void)
        answer = await world.get(f"/v1/passes/{ticket.pass_id}/wallet", by=holder)
        said = await world.said(WalletPassVoided)
    assert (answer.json()["apple"]["status"], answer.json()["google"]["status"]) == ("voided", "voided")
    assert [(one.apple, one.google, one.sequence) for one in said] == [("voided", "voided", 2)]


async def test_a_cancelled_event_voids_the_wallet_passes_of_all_its_passes_and_of_no_other(
    run: RunService, event: EventPublished, ticket: PassIssued, holder: Principal
) -> None:
    other_event = event.model_copy(update={"event_id": type(event.event_id)(fresh(type(event.event_id)))})
    elsewhere = ticket.model_copy(update={"pass_id": PassId(fresh(PassId)), "event_id": other_event.event_id})
    second = ticket.model_copy(update={"pass_id": PassId(fresh(PassId)), "ordinal": 2, "code": "LYD1.second"})
    cancelled = EventCancelled(**event.model_dump() | {"sequence": 4, "status": "cancelled"})
    async with run() as world:
        await world.hear(event, other_event, ticket, second, elsewhere, cancelled)
        states = {
            one.pass_id: (await world.get(f"/v1/passes/{one.pass_id}/wallet", by=holder)).json()["apple"]["status"]
            for one in (ticket, second, elsewhere)
        }
        said = await world.said(WalletPassVoided)
    assert states == {ticket.pass_id: "voided", second.pass_id: "voided", elsewhere.pass_id: "ready"}
    assert {one.pass_id for one in said} == {ticket.pass_id, second.pass_id}


async def test_a_big_cancelled_event_shows_as_void_at_once_and_is_told_in_portions(
    run: RunService, event: EventPublished, ticket: PassIssued, holder: Principal
) -> None:
    passes = [
        ticket.model_copy(update={"pass_id": PassId(fresh(PassId)), "ordinal": n, "code": f"LYD1.{n}"})
        for n in range(1, 251)
    ]
    cancelled = EventCancelled(**event.model_dump() | {"sequence": 4, "status": "cancelled"})
    async with run() as world:
        await world.hear(event)
        for number in [await world.send(one) for one in passes]:
            await world.handled(number, within=30)
        await world.hear(cancelled)
        shown = await world.get(f"/v1/passes/{passes[-1].pass_id}/wallet", by=holder)
        assert shown.json()["apple"]["status"] == "voided"

        async def settled() -> bool:
            headers = {"X-Cron-Secret": "cron-secret"}
            answer = await world.client.post("/v1/cron/wallet.settle-passes", headers=headers)
            return bool(answer.json()["ran"])

        await eventually(settled)
        said = await world.said(WalletPassVoided)
    assert len({one.pass_id for one in said}) == len(said) == 250


async def test_a_transferred_pass_gets_a_new_wallet_pass_and_the_old_phone_never_sees_the_new_code(
    run: RunService, event: EventPublished, ticket: PassIssued, holder: Principal, buyer: Principal
) -> None:
    friend = principals.user("grace@example.org", "Grace")
    handed_on = PassUpdated(
        **ticket.model_dump()
        | {
            "sequence": 2,
            "generation": 2,
            "code": "LYD1.second-code",
            "attendee_name": "Grace Hopper",
            "holder_user_id": UserId(str(friend.subject)),
        }
    )
    path = f"/v1/passes/{ticket.pass_id}/wallet"
    async with run() as world:
        await world.hear(event, ticket)
        old = (await world.get(path, by=holder)).json()
        await world.hear(handed_on)
        new = (await world.get(path, by=friend)).json()
        for former in (holder, buyer):
            assert (await world.get(path, by=former)).status_code == 404
        rows = await world.rows(
            "SELECT generation, status, code, attendee_name, serial, auth_token, link_key FROM wallet_passes ORDER BY 1"
        )
        voided = await world.said(WalletPassVoided)
        created = await world.said(WalletPassCreated)
    assert new["apple"] != old["apple"]
    assert [(row["generation"], row["status"], row["code"], row["attendee_name"]) for row in rows] == [
        (1, "voided", "LYD1.first-code", "Ada Lovelace"),
        (2, "live", "LYD1.second-code", "Grace Hopper"),
    ]
    for secret in ("serial", "auth_token", "link_key"):
        assert rows[0][secret] != rows[1][secret]
    assert [(one.generation, one.apple) for one in voided] == [(1, "voided")]
    assert [one.generation for one in created] == [1, 2]


async def test_a_holder_found_later_keeps_serial_and_link_and_is_told_as_an_update(
    run: RunService, event: EventPublished, ticket: PassIssued, holder: Principal
) -> None:
    unheld = ticket.model_copy(update={"holder_user_id": None})
    attached = PassUpdated(**ticket.model_dump() | {"sequence": 2})
    path = f"/v1/passes/{ticket.pass_id}/wallet"
    async with run() as world:
        await world.hear(event, unheld)
        before = await world.rows("SELECT serial, auth_token, link_key FROM wallet_passes")
        assert (await world.get(path, by=holder)).status_code == 404
        await world.hear(attached)
        assert (await world.get(path, by=holder)).status_code == 200
        assert await world.rows("SELECT serial, auth_token, link_key FROM wallet_passes") == before
        updated = await world.said(WalletPassUpdated)
    assert [(one.holder_user_id, one.sequence) for one in updated] == [(ticket.holder_user_id, 2)]


async def test_an_unknown_organisation_does_not_keep_a_pass_from_being_shown(
    run: RunService, event: EventPublished, ticket: PassIssued, organization: OrganizationCreated, holder: Principal
) -> None:
    async with run() as world:
        await world.hear(event, ticket)
        assert (await world.get(f"/v1/wallet/passes/{ticket.pass_id}/apple", by=holder)).status_code == 200
        await world.hear(organization)
        assert await world.rows("SELECT name FROM organizations") == [{"name": "Kino Světozor"}]


async def test_the_badge_is_a_page_that_can_run_nothing(
    run: RunService, event: EventPublished, ticket: PassIssued, holder: Principal
) -> None:
    async with run() as world:
        await world.hear(event, ticket)
        wallet = (await world.get(f"/v1/passes/{ticket.pass_id}/wallet", by=holder)).json()
        answer = await world.get(wallet["badge"]["url"].removeprefix("https://lanyard.test"))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert "Žižkov" in answer.text
