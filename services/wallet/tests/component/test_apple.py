"""The Apple package as a phone gets it."""

import json
import subprocess
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from io import BytesIO
from pathlib import Path

import pytest

from common.messages import (
    EventCancelled,
    EventPublished,
    EventUpdated,
    OrganizationCreated,
    PassIssued,
    PassUpdated,
    TicketTierSaved,
)
from common.principal import Principal
from common.testing import FrozenClock, RunService, principals
from devstack.certificates import Certificates

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=250_000)
"""Of today, because the test certificates are made now and are valid from yesterday on."""


def document_of(package: bytes) -> dict[str, object]:
    with zipfile.ZipFile(BytesIO(package)) as archive:
        document: dict[str, object] = json.loads(archive.read("pass.json"))
    return document


def openssl_accepts(package: bytes, root: Path, folder: Path) -> bool:
    """Whether OpenSSL verifies the package's signature up to `root`."""
    with zipfile.ZipFile(BytesIO(package)) as archive:
        archive.extractall(folder)
    command = "openssl cms -verify -binary -inform DER -in signature -content manifest.json -purpose any -out /dev/null"
    done = subprocess.run([*command.split(), "-CAfile", root], cwd=folder, capture_output=True, timeout=30, check=False)
    return done.returncode == 0


async def test_the_download_is_a_signed_package_with_the_names_of_everyone(
    run: RunService,
    organization: OrganizationCreated,
    event: EventPublished,
    ticket: PassIssued,
    tier: TicketTierSaved,
    holder: Principal,
    root_pem: Path,
    tmp_path: Path,
) -> None:
    async with run() as world:
        await world.hear(organization, event, ticket, tier)
        answer = await world.get(f"/v1/wallet/passes/{ticket.pass_id}/apple", by=holder)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.apple.pkpass"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["content-disposition"] == f'attachment; filename="{ticket.pass_id}.pkpass"'
    assert openssl_accepts(answer.content, root_pem, tmp_path)
    document = document_of(answer.content)
    assert document["organizationName"] == "Kino Světozor"
    fields = document["eventTicket"]
    assert isinstance(fields, dict)
    assert fields["primaryFields"][0]["value"] == 'Žižkov "& <b>'
    assert [field["value"] for field in fields["auxiliaryFields"]] == ["Ada Lovelace", "Very early bird"]
    assert fields["backFields"][0]["value"] == "Světozor\nVodičkova 41, Praha"
    assert document["groupingIdentifier"] == ticket.order_id
    assert document["voided"] is False
    assert "webServiceURL" not in document


async def test_the_secret_link_opens_without_a_sign_in_and_a_wrong_key_opens_nothing(
    run: RunService, event: EventPublished, ticket: PassIssued, holder: Principal
) -> None:
    async with run() as world:
        await world.hear(event, ticket)
        wallet = (await world.get(f"/v1/passes/{ticket.pass_id}/wallet", by=holder)).json()
        link = wallet["apple"]["url"].removeprefix("https://lanyard.test")
        opened = await world.get(link)
        wrong = await world.get(link[:-1] + ("0" if link[-1] != "0" else "1"))
        other_pass = ticket.model_copy(update={"pass_id": type(ticket.pass_id).from_uuid(ticket.order_id.uuid)})
        await world.hear(other_pass)
        crossed = await world.get(link.replace(ticket.pass_id, other_pass.pass_id))
    assert opened.status_code == 200
    assert (wrong.status_code, crossed.status_code) == (404, 404)


async def test_what_a_phone_has_is_not_sent_again_until_something_on_it_changes(
    run: RunService, event: EventPublished, ticket: PassIssued, holder: Principal
) -> None:
    clock = FrozenClock(NOON)
    path = f"/v1/wallet/passes/{ticket.pass_id}/apple"
    moved = EventUpdated(**event.model_dump() | {"sequence": 4, "starts_at": event.starts_at + timedelta(hours=1)})
    async with run(clock=clock) as world:
        await world.hear(event, ticket)
        clock.advance(timedelta(minutes=1))
        first = await world.get(path, by=holder)
        since, tag = first.headers["last-modified"], first.headers["etag"]
        assert parsedate_to_datetime(since) == NOON.replace(microsecond=0)
        for headers in ({"If-Modified-Since": since}, {"If-None-Match": tag}, {"If-None-Match": f'"x", {tag}'}):
            again = await world.get(path, by=holder, headers=headers)
            assert (again.status_code, again.content) == (304, b"")
            assert (again.headers["etag"], again.headers["last-modified"]) == (tag, since)
        for headers in (
            {"If-None-Match": '"other"', "If-Modified-Since": since},
            {"If-Modified-Since": format_datetime(NOON - timedelta(days=1), usegmt=True)},
            {"If-Modified-Since": "yesterday"},
        ):
            assert (await world.get(path, by=holder, headers=headers)).status_code == 200
        await world.hear(moved)
        clock.advance(timedelta(minutes=1))
        for headers in ({"If-Modified-Since": since}, {"If-None-Match": tag}):
            newer = await world.get(path, by=holder, headers=headers)
            assert newer.status_code == 200
            assert document_of(newer.content)["relevantDate"] == "2027-06-05T21:00:00+02:00"
            assert parsedate_to_datetime(newer.headers["last-modified"]) > parsedate_to_datetime(since)


async def test_a_second_change_within_one_second_still_reaches_the_phone(
    run: RunService, event: EventPublished, ticket: PassIssued, holder: Principal
) -> None:
    clock = FrozenClock(NOON)
    path = f"/v1/wallet/passes/{ticket.pass_id}/apple"
    renamed = PassUpdated(**ticket.model_dump() | {"sequence": 2, "attendee_name": "Ada King"})
    async with run(clock=clock) as world:
        await world.hear(event, ticket)
        first = await world.get(path, by=holder)
        await world.hear(renamed)
        second = await world.get(path, by=holder, headers={"If-Modified-Since": first.headers["last-modified"]})
    assert second.status_code == 200
    assert "Ada King" in str(document_of(second.content))


async def test_a_cancelled_event_greys_the_pass_on_the_phone(
    run: RunService, event: EventPublished, ticket: PassIssued, holder: Principal
) -> None:
    cancelled = EventCancelled(**event.model_dump() | {"sequence": 4, "status": "cancelled"})
    async with run() as world:
        await world.hear(event, ticket, cancelled)
        answer = await world.get(f"/v1/wallet/passes/{ticket.pass_id}/apple", by=holder)
    assert answer.status_code == 200
    assert document_of(answer.content)["voided"] is True


async def test_a_former_holders_link_shows_the_old_code_voided_and_never_the_new_one(
    run: RunService, event: EventPublished, ticket: PassIssued, holder: Principal
) -> None:
    friend = principals.user("grace@example.org", "Grace")
    handed_on = PassUpdated(
        **ticket.model_dump()
        | {
            "sequence": 2,
            "generation": 2,
            "code": "LYD1.second-code",
            "attendee_name": "Grace Hopper",
            "holder_user_id": friend.user_id,
        }
    )
    async with run() as world:
        await world.hear(event, ticket)
        wallet = (await world.get(f"/v1/passes/{ticket.pass_id}/wallet", by=holder)).json()
        await world.hear(handed_on)
        answer = await world.get(wallet["apple"]["url"].removeprefix("https://lanyard.test"))
    document = document_of(answer.content)
    assert document["voided"] is True
    assert "first-code" in str(document["barcodes"])
    assert "second-code" not in str(document)
    assert "Grace" not in str(document)


@pytest.mark.parametrize("fault", ["absent", "no such file", "another team"])
async def test_without_usable_credentials_apple_is_unavailable_and_the_rest_works(
    run: RunService, event: EventPublished, ticket: PassIssued, holder: Principal, fault: str
) -> None:
    faults: Mapping[str, dict[str, object]] = {
        "absent": {"apple_certificate_file": None},
        "no such file": {"apple_key_file": Path("/nonexistent/key.pem")},
        "another team": {"apple_team_id": "OTHER00000"},
    }
    async with run(settings=faults[fault]) as world:
        await world.hear(event, ticket)
        apple = await world.get(f"/v1/wallet/passes/{ticket.pass_id}/apple", by=holder)
        google = await world.post(f"/v1/wallet/passes/{ticket.pass_id}/google", by=holder)
    assert (apple.status_code, apple.json()["code"]) == (503, "wallet.apple_not_configured")
    assert google.status_code == 200


async def test_a_certificate_that_lapses_while_the_service_runs_signs_nothing_more(
    run: RunService, event: EventPublished, ticket: PassIssued, holder: Principal, certificates: Certificates
) -> None:
    clock = FrozenClock(datetime.now(UTC))
    async with run(clock=clock) as world:
        await world.hear(event, ticket)
        path = f"/v1/wallet/passes/{ticket.pass_id}/apple"
        assert (await world.get(path, by=holder)).status_code == 200
        clock.advance(timedelta(days=5 * 365 + 1))
        answer = await world.get(path, by=holder)
    assert (answer.status_code, answer.json()["code"]) == (503, "wallet.apple_not_configured")
