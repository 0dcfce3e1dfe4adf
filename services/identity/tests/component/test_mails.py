"""Mail goes out at once, is tried again where that makes sense, and never twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from common.testing import FrozenClock, Running, RunService, eventually
from identity.actions.send_mails import send_due_mails
from identity.adapters.smtp import MailServer
from identity.formats.vault import Vault

if TYPE_CHECKING:
    from services.identity.tests.conftest import Mailbox, People

START = "/v1/auth/email/start"
NOBODY_LISTENS = "smtp://127.0.0.1:1"


async def _settled(world: Running, column: str) -> dict[str, object]:
    async def row() -> dict[str, object] | None:
        rows = await world.rows(f"SELECT * FROM mails WHERE {column} IS NOT NULL")
        return dict(rows[0]) if rows else None

    found = await eventually(row, what=f"a mail with {column}")
    assert found is not None
    return found


async def test_a_mail_has_a_text_and_an_html_part_and_is_marked_as_automatic(run: RunService, mailbox: Mailbox) -> None:
    async with run() as world:
        await world.post(START, json={"email": "ada@example.org"})
        await mailbox.code_for("ada@example.org")
        [mail] = mailbox.mails
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
        assert (mail["From"], mail["Auto-Submitted"]) == ("Lanyard <no-reply@lanyard.example>", "auto-generated")
        assert mail["Message-ID"] == "<mail-1@lanyard.example>"


async def test_a_refusal_for_now_is_tried_again_after_a_pause(
    run: RunService, mailbox: Mailbox, clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        mailbox.refusals += ["451 greylisted"]
        await world.post(START, json={"email": "ada@example.org"})
        deferred = await _settled(world, "last_error")
        assert deferred["last_error"] == "451 greylisted"
        assert deferred["next_attempt_at"] == clock.now() + timedelta(seconds=2)
        assert mailbox.mails == []
        clock.advance(timedelta(seconds=2))
        await mailbox.code_for("ada@example.org")
        assert (await _settled(world, "sent_at"))["attempts"] == 2


async def test_a_refusal_for_good_is_not_tried_again(run: RunService, mailbox: Mailbox, clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        mailbox.refusals += ["550 no such mailbox"]
        await world.post(START, json={"email": "ada@example.org"})
        failed = await _settled(world, "failed_at")
        assert (failed["last_error"], failed["content"], failed["attempts"]) == ("550 no such mailbox", None, 1)
        clock.advance(timedelta(hours=1))
        other = await world.post(START, json={"email": "bob@example.org"})
        await mailbox.code_for("bob@example.org")
        assert other.status_code == 202
        assert mailbox.to("ada@example.org") == []


async def test_a_code_nobody_can_use_any_more_is_not_sent(
    run: RunService, mailbox: Mailbox, clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        mailbox.refusals += ["451 later"]
        await world.post(START, json={"email": "ada@example.org"})
        await _settled(world, "last_error")
        clock.advance(timedelta(minutes=10))
        assert (await _settled(world, "failed_at"))["last_error"] == "given up: it was not accepted in time"
        assert mailbox.mails == []


async def test_an_absent_mail_server_keeps_nobody_waiting_and_loses_nothing(
    run: RunService, mailbox: Mailbox, clock: FrozenClock
) -> None:
    async with run(settings={"smtp_url": NOBODY_LISTENS}, clock=clock) as world:
        assert (await world.post(START, json={"email": "ada@example.org"})).status_code == 202
        assert "SMTPConnectError" in str((await _settled(world, "last_error"))["last_error"])
        clock.advance(timedelta(seconds=2))
        server = MailServer(f"smtp://127.0.0.1:{mailbox.port}", "Lanyard <no-reply@lanyard.example>")
        vault = Vault("a pepper for tests only")

        async def delivered() -> bool:
            await send_due_mails(world.database, vault, server)
            clock.advance(timedelta(minutes=1))
            return bool(mailbox.mails)

        await eventually(delivered, what="the mail arriving once the server is back")


async def test_of_many_postmen_one_takes_each_mail(run: RunService, people: People, mailbox: Mailbox) -> None:
    async with run(settings={"smtp_url": NOBODY_LISTENS}) as world:
        await asyncio.gather(*(world.post(START, json={"email": f"p{number}@example.org"}) for number in range(10)))

        async def all_deferred() -> bool:
            rows = await world.rows("SELECT count(*) AS n FROM mails WHERE last_error IS NOT NULL")
            return bool(rows[0]["n"] == 10)

        await eventually(all_deferred, what="ten mails being deferred")
        server = MailServer(f"smtp://127.0.0.1:{mailbox.port}", "Lanyard <no-reply@lanyard.example>")
        vault = Vault("a pepper for tests only")

        async def delivered() -> bool:
            await asyncio.gather(*(send_due_mails(world.database, vault, server) for _ in range(5)))
            return len(mailbox.mails) >= 10

        await eventually(delivered, within=30, what="ten mails arriving")
        assert sorted(mail["To"] for mail in mailbox.mails) == [f"p{number}@example.org" for number in range(10)]


async def test_a_batch_goes_over_one_connection_and_a_refused_mail_does_not_keep_the_others(
    run: RunService, mailbox: Mailbox, clock: FrozenClock
) -> None:
    async with run(settings={"smtp_url": NOBODY_LISTENS}, clock=clock) as world:
        for number in range(4):
            await world.post(START, json={"email": f"p{number}@example.org"})

        async def all_deferred() -> bool:
            return len(await world.rows("SELECT id FROM mails WHERE last_error IS NOT NULL")) == 4

        await eventually(all_deferred, what="four mails being deferred")
        clock.advance(timedelta(minutes=2))
        mailbox.refusals += ["550 no such mailbox", "451 greylisted"]
        server = MailServer(f"smtp://127.0.0.1:{mailbox.port}", "Lanyard <no-reply@lanyard.example>")
        assert await send_due_mails(world.database, Vault("a pepper for tests only"), server) == 4
        assert mailbox.connections == 1
        assert len(mailbox.mails) == 2
        states = await world.rows(
            "SELECT sent_at IS NOT NULL AS sent, failed_at IS NOT NULL AS failed, last_error FROM mails ORDER BY 1, 2, 3"
        )
        assert [(row["sent"], row["failed"], row["last_error"]) for row in states] == [
            (False, False, "451 greylisted"),
            (False, True, "550 no such mailbox"),
            (True, False, None),
            (True, False, None),
        ]


async def test_a_mail_server_that_does_not_let_us_in_loses_no_mail(
    run: RunService, mailbox: Mailbox, clock: FrozenClock
) -> None:
    async with run(settings={"smtp_url": f"smtp://us:wrong@127.0.0.1:{mailbox.port}"}, clock=clock) as world:
        await world.post(START, json={"email": "ada@example.org"})
        deferred = await _settled(world, "last_error")
        assert (deferred["failed_at"], deferred["sent_at"], mailbox.mails) == (None, None, [])
        assert deferred["next_attempt_at"] == clock.now() + timedelta(seconds=2)


async def _queued(world: Running, clock: FrozenClock, count: int) -> None:
    """Queue mails that are due again, in a service whose own postman reaches nobody."""
    for number in range(count):
        await world.post(START, json={"email": f"p{number}@example.org"})

    async def all_deferred() -> bool:
        return len(await world.rows("SELECT id FROM mails WHERE last_error IS NOT NULL")) == count

    await eventually(all_deferred, what="every mail being deferred")
    clock.advance(timedelta(minutes=2))


async def test_what_was_sent_in_one_go_is_noted_in_one_statement(
    run: RunService, mailbox: Mailbox, clock: FrozenClock
) -> None:
    async with run(settings={"smtp_url": NOBODY_LISTENS}, clock=clock) as world:
        await _queued(world, clock, 4)
        said: list[str] = []
        world.database.pool.observers.append(said.append)
        server = MailServer(f"smtp://127.0.0.1:{mailbox.port}", "Lanyard <no-reply@lanyard.example>")
        assert await send_due_mails(world.database, Vault("a pepper for tests only"), server) == 4
        assert len([statement for statement in said if "sent_at=" in statement]) == 1
        assert (await world.rows("SELECT count(*) AS n FROM mails WHERE sent_at IS NOT NULL"))[0]["n"] == 4


async def test_a_postman_called_home_notes_what_he_sent_and_leaves_the_rest(
    run: RunService, mailbox: Mailbox, clock: FrozenClock
) -> None:
    async with run(settings={"smtp_url": NOBODY_LISTENS}, clock=clock) as world:
        await _queued(world, clock, 3)
        mailbox.held = asyncio.Event()
        server = MailServer(f"smtp://127.0.0.1:{mailbox.port}", "Lanyard <no-reply@lanyard.example>")
        sending = asyncio.create_task(send_due_mails(world.database, Vault("a pepper for tests only"), server))

        async def first_is_there() -> bool:
            return len(mailbox.mails) == 1

        await eventually(first_is_there, what="the first mail arriving")
        sending.cancel()
        await asyncio.wait([sending])
        mailbox.held.set()
        assert (await world.rows("SELECT count(*) AS n FROM mails WHERE sent_at IS NOT NULL"))[0]["n"] == 1


async def test_an_address_of_several_lines_fails_for_good_and_keeps_nobody_waiting(
    run: RunService, mailbox: Mailbox, clock: FrozenClock
) -> None:
    async with run(settings={"smtp_url": NOBODY_LISTENS}, clock=clock) as world:
        await _queued(world, clock, 2)
        await world.rows(
            "UPDATE mails SET recipient = E'p0@example.org\\r\\nBcc: eve@example.org' "
            "WHERE recipient = 'p0@example.org' RETURNING 1"
        )
        server = MailServer(f"smtp://127.0.0.1:{mailbox.port}", "Lanyard <no-reply@lanyard.example>")
        await send_due_mails(world.database, Vault("a pepper for tests only"), server)
        assert [mail["To"] for mail in mailbox.mails] == ["p1@example.org"]
        failed = await _settled(world, "failed_at")
        assert failed["last_error"] == "To holds a line break or another control character"
