"""Signing in by mail code and by link."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import jwt

from common.messages import UserCreated
from common.principal import ANONYMOUS
from common.testing import FrozenClock, Running, RunService, eventually
from identity.api.parts import CLIENT_ADDRESS

if TYPE_CHECKING:
    from services.identity.tests.conftest import Mailbox, People

START, VERIFY = "/v1/auth/email/start", "/v1/auth/email/verify"
ELSEWHERE = "203.0.113.9"


async def test_the_code_in_the_mail_signs_a_new_person_in(run: RunService, people: People, access_keys: str) -> None:
    async with run() as world:
        person = await people.sign_in(world, "Ada@example.org", device="Lanyard/1.0 (iPhone)")
        assert person.answer["isNewUser"] is True
        assert person.answer["expiresIn"] == 300
        assert person.answer["user"]["email"] == "Ada@example.org"
        assert person.answer["user"]["name"] is None
        key = jwt.PyJWK(json.loads(access_keys)["keys"][0], algorithm="EdDSA")
        claims = jwt.decode(person.answer["accessToken"], options={"verify_signature": False})
        signed, _, signature = person.answer["accessToken"].rpartition(".")
        key.key.verify(jwt.utils.base64url_decode(signature), signed.encode())
        assert (claims["sub"], claims["sid"]) == (person.user_id, person.sign_in_id)
        assert [said.email for said in await world.said(UserCreated)] == ["Ada@example.org"]
        served = await world.get("/internal/keys")
        assert served.text == access_keys


async def test_someone_known_signs_in_again_however_the_address_is_typed(run: RunService, people: People) -> None:
    async with run() as world:
        first = await people.sign_in(world, "ada@example.org")
        again = await people.sign_in(world, "ADA@Example.org".replace("Example", "example"))
        assert again.answer["isNewUser"] is False
        assert again.user_id == first.user_id
        assert await world.count("users") == 1
        assert len(await world.said(UserCreated)) == 1


async def test_known_and_unknown_addresses_cause_the_same_work_and_the_same_answer(
    run: RunService, people: People, mailbox: Mailbox
) -> None:
    async with run() as world:
        await people.sign_in(world, "known@example.org")
        answers, statements = [], []
        for email in ("known@example.org", "stranger@example.org"):
            with _recorded(world) as recorded:
                answers.append(await world.post(START, json={"email": email}, headers={CLIENT_ADDRESS: "127.0.0.1"}))
            statements.append(recorded)
            await mailbox.newest_text_to(email)
        known, unknown = answers
        assert (known.status_code, unknown.status_code) == (202, 202)
        assert known.json().keys() == unknown.json().keys() == {"challengeId", "expiresAt"}
        assert known.headers.keys() == unknown.headers.keys()
        assert statements[0] == statements[1]
        assert not any("users" in statement for statement in statements[0])
        assert await world.count("users") == 1


async def test_no_account_is_made_before_the_address_is_proved(run: RunService, people: People) -> None:
    async with run() as world:
        challenge_id, code = await people.ask_for_code(world, "ada@example.org")
        assert await world.count("users") == 0
        wrong = await people.answer(world, challenge_id, "000000" if code != "000000" else "000001")
        assert (wrong.status_code, wrong.json()["code"]) == (401, "identity.code_refused")
        assert await world.count("users") == 0
        assert await world.count("sign_ins") == 0


async def test_five_wrong_guesses_burn_the_code_and_the_owner_asks_anew_at_once_from_elsewhere(
    run: RunService, people: People
) -> None:
    """Scenario 2."""
    async with run(settings={"loopback_exempt": False}) as world:
        challenge_id, code = await people.ask_for_code(world, "ada@example.org", address=ELSEWHERE)
        for guess in range(5):
            wrong = f"{(int(code) + 1 + guess) % 10**6:06}"
            assert (await people.answer(world, challenge_id, wrong)).status_code == 401
        right_too_late = await people.answer(world, challenge_id, code)
        assert right_too_late.status_code == 401
        assert await world.rows("SELECT outcome, wrong_guesses FROM challenges") == [
            {"outcome": "burned", "wrong_guesses": 5}
        ]
        person = await people.sign_in(world, "ada@example.org", address="198.51.100.7")
        assert person.answer["isNewUser"] is True


async def test_a_newer_code_voids_the_older_and_works_once(run: RunService, people: People) -> None:
    """Scenario 4."""
    async with run() as world:
        older, code_a = await people.ask_for_code(world, "ada@example.org")
        newer, code_b = await people.ask_for_code(world, "ada@example.org")
        assert (await people.answer(world, older, code_a)).status_code == 401
        assert (await people.answer(world, newer, code_b)).status_code == 200
        assert (await people.answer(world, newer, code_b)).status_code == 401
        assert await world.count("sign_ins") == 1


async def test_a_code_is_good_for_its_own_challenge_alone(run: RunService, people: People) -> None:
    async with run() as world:
        mine, code = await people.ask_for_code(world, "ada@example.org")
        other, _ = await people.ask_for_code(world, "bob@example.org")
        assert (await people.answer(world, other, code)).status_code == 401
        assert (await people.answer(world, mine, code)).status_code == 200


async def test_a_code_is_refused_after_ten_minutes(run: RunService, people: People, clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        challenge_id, code = await people.ask_for_code(world, "ada@example.org")
        clock.advance(timedelta(minutes=10))
        assert (await people.answer(world, challenge_id, code)).status_code == 401
        assert await world.count("users") == 0


async def test_a_link_signs_in_by_its_token_and_looking_at_it_changes_nothing(
    run: RunService, mailbox: Mailbox
) -> None:
    """Scenario 6: whoever fetches the link twenty times has used nothing."""
    async with run() as world:
        await world.post(START, json={"email": "ada@example.org", "purpose": "link"})
        link = await mailbox.link_for("ada@example.org")
        path = link.removeprefix("https://lanyard.test")
        for _ in range(20):
            await world.get(path)
        assert await world.count("sign_ins") == 0
        token = path.removeprefix("/sign-in/")
        signed_in = await world.post(VERIFY, json={"token": token})
        assert signed_in.status_code == 200
        assert (await world.post(VERIFY, json={"token": token})).status_code == 401
        assert await world.rows("SELECT method FROM sign_ins") == [{"method": "link"}]


async def test_an_answer_names_a_code_or_a_token_and_nothing_else(run: RunService, people: People) -> None:
    async with run() as world:
        challenge_id, code = await people.ask_for_code(world, "ada@example.org")
        bodies: list[dict[str, str]] = [
            {},
            {"code": code},
            {"challengeId": challenge_id},
            {"challengeId": challenge_id, "code": code, "token": "x"},
            {"challengeId": challenge_id, "code": code, "role": "admin"},
            {"challengeId": "usr_01m7x552h8e7m8c9bp0rjx0fnw", "code": code},
        ]
        answers = [await world.post(VERIFY, json=body) for body in bodies]
        assert [answer.status_code for answer in answers] == [422] * 6
        assert (await world.post(VERIFY, json={"token": "no-such-token"})).status_code == 401
        assert (await people.answer(world, challenge_id, code)).status_code == 200


async def test_a_thirty_seconds_pause_lies_between_two_mails_and_the_refusal_sends_none(
    run: RunService, people: People, mailbox: Mailbox, clock: FrozenClock
) -> None:
    async with run(settings={"loopback_exempt": False}, clock=clock) as world:
        await people.ask_for_code(world, "ada@example.org", address=ELSEWHERE)
        again = await world.post(START, json={"email": "ada@example.org"}, headers={CLIENT_ADDRESS: ELSEWHERE})
        assert (again.status_code, again.json()["code"]) == (429, "identity.too_many_mails")
        assert again.headers["Retry-After"] == "30"
        assert await world.count("mails") == 1
        clock.advance(timedelta(seconds=30))
        await people.ask_for_code(world, "ada@example.org", address=ELSEWHERE)
        assert len(mailbox.to("ada@example.org")) == 2


async def test_an_address_gets_five_mails_an_hour_from_wherever_they_are_asked_for(
    run: RunService, people: People
) -> None:
    async with run() as world:
        for host in range(5):
            await people.ask_for_code(world, "ada@example.org", address=f"203.0.113.{host}")
        sixth = await world.post(START, json={"email": "ada@example.org"}, headers={CLIENT_ADDRESS: "203.0.113.99"})
        assert sixth.status_code == 429
        assert await world.count("challenges") == 5


async def test_without_the_gateways_token_nothing_is_answered(run: RunService) -> None:
    async with run() as world:
        naked = await world.client.post(START, json={"email": "ada@example.org"})
        assert naked.status_code == 401
        assert await world.count("challenges") == 0


async def test_the_code_is_nowhere_in_the_database_and_the_mails_words_are_gone_once_sent(
    run: RunService, mailbox: Mailbox
) -> None:
    async with run() as world:
        mailbox.refusals.append("451 later")
        started = await world.post(START, json={"email": "ada@example.org"})
        kept = "SELECT key, recipient, content, email, digest FROM mails CROSS JOIN challenges"
        [waiting] = await world.rows(kept)
        code = await mailbox.code_for("ada@example.org")

        async def gone() -> bool:
            return (await world.rows(kept))[0]["content"] is None

        await eventually(gone, what="the words of a sent mail being erased")
        assert started.status_code == 202
        assert waiting["content"] is not None
        assert code not in str(waiting)
        assert code.encode() not in waiting["content"]


async def test_an_unreadable_request_is_refused_with_a_code(run: RunService) -> None:
    async with run() as world:
        malformed = await world.call(
            "POST", START, ANONYMOUS, content=b"{", headers={"Content-Type": "application/json"}
        )
        unknown = await world.post(START, json={"email": "ada@example.org", "role": "admin"})
        no_address = await world.post(START, json={"email": "ada"})
        assert (malformed.status_code, malformed.json()["code"]) == (400, "common.malformed_body")
        assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/role")
        assert (no_address.status_code, no_address.json()["errors"][0]["pointer"]) == (422, "/email")
        assert await world.count("challenges") == 0


class _recorded:  # noqa: N801 - reads as a verb where it is used
    """The statements a service runs meanwhile for requests: without the postman's and the relay's own."""

    def __init__(self, world: Running) -> None:
        self._observers = world.database.pool.observers
        self._statements: list[str] = []

    def __enter__(self) -> list[str]:
        self._observers.append(self._note)
        return self._statements

    def __exit__(self, *_: object) -> None:
        self._observers.remove(self._note)

    def _note(self, statement: str) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "UPDATE mails")) and "outbox" not in statement:
            self._statements.append(statement)
