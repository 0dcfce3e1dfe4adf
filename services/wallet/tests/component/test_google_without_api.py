"""Google Wallet where its API is not to be called, and where it is not configured."""

import jwt
import pytest

from common.messages import EventPublished, PassIssued
from common.principal import Principal
from common.testing import RunService
from devstack.certificates import Certificates
from wallet.formats.google import GoogleIssuer


async def test_without_an_api_the_link_carries_the_whole_ticket_and_nobody_is_called(
    run: RunService, issuer: GoogleIssuer, event: EventPublished, ticket: PassIssued, holder: Principal
) -> None:
    async with run() as world:
        await world.hear(event, ticket)
        answer = await world.post(f"/v1/wallet/passes/{ticket.pass_id}/google", by=holder)
        claims = jwt.decode(
            answer.json()["saveUrl"].removeprefix("https://pay.google.com/gp/v/save/"),
            issuer.account.key.public_key(),
            algorithms=["RS256"],
            audience="google",
        )
        rows = await world.rows("SELECT google_wanted_at FROM wallet_passes")
    assert claims["iss"] == issuer.account.email
    assert claims["payload"]["eventTicketClasses"][0]["id"] == f"{issuer.issuer_id}.{event.event_id}"
    assert claims["payload"]["eventTicketObjects"][0]["ticketHolderName"] == "Ada Lovelace"
    assert rows == [{"google_wanted_at": None}]


@pytest.mark.parametrize("fault", ["no issuer", "not a key file"])
async def test_without_usable_credentials_google_is_unavailable_and_apple_works(
    run: RunService,
    certificates: Certificates,
    event: EventPublished,
    ticket: PassIssued,
    holder: Principal,
    fault: str,
) -> None:
    faults: dict[str, dict[str, object]] = {
        "no issuer": {"google_issuer_id": ""},
        "not a key file": {"google_service_account_file": certificates.apple / "root.pem"},
    }
    async with run(settings=faults[fault]) as world:
        await world.hear(event, ticket)
        google_answer = await world.post(f"/v1/wallet/passes/{ticket.pass_id}/google", by=holder)
        apple_answer = await world.get(f"/v1/wallet/passes/{ticket.pass_id}/apple", by=holder)
    assert (google_answer.status_code, google_answer.json()["code"]) == (503, "wallet.google_not_configured")
    assert apple_answer.status_code == 200
