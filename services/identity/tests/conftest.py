"""identity under test: in-process, with a real database, broker and mail server, and people who sign in as people do."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio
from aiosmtpd.smtp import SMTP

from common.ids import OrganizationId, SignInId, UserId, WorkspaceId
from common.principal import ANONYMOUS, SYSTEM, Principal
from common.testing import Running, RunService, eventually, running
from common.testing.servers import Servers
from common.tokens import SigningKey
from identity.api.parts import CLIENT_ADDRESS
from identity.main import service

ACCESS_KEY = SigningKey.generate()
HERE = "127.0.0.1"
CODE = "sign-in code"


@dataclass
class Mailbox:
    """A real SMTP server that keeps what it accepts. `refusals` are answered first, one to each attempt."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    connections: int = 0
    held: asyncio.Event | None = None
    """Where there is one, only the first mail is accepted before it is set."""

    async def handle_EHLO(  # noqa: N802 - the server's own name for it
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802 - the server's own name for it
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - as above
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        if self.held is not None and self.mails:
            await self.held.wait()
        self.mails.append(mail)
        return "250 kept"

    def to(self, address: str, subject: str = "") -> list[EmailMessage]:
        """What arrived for an address with such a subject, oldest first."""
        return [mail for mail in self.mails if mail["To"] == address and subject in mail["Subject"]]

    async def newest_text_to(self, address: str, subject: str = "", *, count: int = 1) -> str:
        """The plain text of the newest mail to an address, once at least `count` arrived."""

        async def arrived() -> list[EmailMessage]:
            found = self.to(address, subject)
            return found if len(found) >= count else []

        part = (await eventually(arrived, what=f"mail number {count} to {address}"))[-1].get_body(("plain",))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")

    async def code_for(self, address: str, *, count: int = 1) -> str:
        """The sign-in code in the newest mail to an address."""
        found = re.search(r"^\d{6}$", await self.newest_text_to(address, CODE, count=count), re.MULTILINE)
        assert found is not None
        return found.group()

    async def link_for(self, address: str, subject: str = "", *, count: int = 1) -> str:
        """The link in the newest mail to an address with such a subject."""
        found = re.search(r"^https://\S+$", await self.newest_text_to(address, subject, count=count), re.MULTILINE)
        assert found is not None
        return found.group()


@dataclass
class Person:
    """Somebody who is signed in."""

    email: str
    user_id: UserId
    sign_in_id: SignInId
    refresh_token: str
    answer: dict[str, Any]


@dataclass
class People:
    """Signs people in through the front door, and sees them as the gateway does."""

    mailbox: Mailbox

    async def ask_for_code(
        self, world: Running, email: str, *, address: str = HERE, ticket: str | None = None
    ) -> tuple[str, str]:
        """Ask for a code and read it in the mailbox: the challenge's id and the code."""
        count = len(self.mailbox.to(email, CODE)) + 1
        body = {"email": email} | ({"backerTicket": ticket} if ticket else {})
        started = await world.post("/v1/auth/email/start", json=body, headers={CLIENT_ADDRESS: address})
        assert started.status_code == 202, started.text
        return started.json()["challengeId"], await self.mailbox.code_for(email, count=count)

    async def answer(
        self, world: Running, challenge_id: str, code: str, *, address: str = HERE, device: str = "a test"
    ) -> httpx.Response:
        """Hand a code back."""
        headers = {CLIENT_ADDRESS: address, "User-Agent": device}
        body = {"challengeId": challenge_id, "code": code}
        return await world.post("/v1/auth/email/verify", json=body, headers=headers)

    async def sign_in(
        self, world: Running, email: str, *, address: str = HERE, device: str = "a test", ticket: str | None = None
    ) -> Person:
        """Sign somebody in by mail code."""
        challenge_id, code = await self.ask_for_code(world, email, address=address, ticket=ticket)
        answered = await self.answer(world, challenge_id, code, address=address, device=device)
        assert answered.status_code == 200, answered.text
        body = answered.json()
        sign_in_id = SignInId(jwt.decode(body["accessToken"], options={"verify_signature": False})["sid"])
        return Person(email, UserId(body["user"]["id"]), sign_in_id, body["refreshToken"], body)

    async def look_up(self, world: Running, name: str) -> dict[str, Any]:
        """What the gateway is told of a sign-in, a device or a key."""
        answer = await world.post("/internal/sign-ins/lookup", SYSTEM, json={"signInId": name})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def seen(self, world: Running, person: Person) -> Principal:
        """The principal the gateway makes of somebody at this moment; anonymous once the sign-in has ended."""
        found = await self.look_up(world, person.sign_in_id)
        if not found["active"]:
            return ANONYMOUS
        return Principal(
            kind="user",
            subject=found["subject"],
            sign_in_id=SignInId(found["signInId"]),
            email=found["email"],
            name=found["name"],
            authorization_version=found["authorizationVersion"],
            platform_roles=frozenset(found["platformRoles"]),
            organization_roles={OrganizationId(key): role for key, role in found["organizationRoles"].items()},
            workspace_roles={WorkspaceId(key): role for key, role in found["workspaceRoles"].items()},
        )

    async def found(self, world: Running, owner: Person, slug: str = "acme") -> OrganizationId:
        """Let somebody found an organisation."""
        by = await self.seen(world, owner)
        made = await world.post("/v1/organizations", by, json={"name": slug.title(), "slug": slug})
        assert made.status_code == 201, made.text
        return OrganizationId(made.json()["id"])

    async def add(
        self, world: Running, by: Person, organization_id: OrganizationId, email: str, role: str
    ) -> httpx.Response:
        """Let somebody add someone to a team."""
        path = f"/v1/organizations/{organization_id}/members"
        return await world.post(path, await self.seen(world, by), json={"email": email, "role": role})

    async def refresh(
        self, world: Running, token: str, retry_id: str | None = None, *, address: str = HERE
    ) -> httpx.Response:
        """Show a refresh token."""
        body = {"refreshToken": token} | ({"retryId": retry_id} if retry_id else {})
        return await world.post("/v1/auth/refresh", json=body, headers={CLIENT_ADDRESS: address})


@pytest_asyncio.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    box = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, hostname="mail.test", loop=loop), HERE, 0)
    box.port = server.sockets[0].getsockname()[1]
    async with server:
        yield box


@pytest.fixture
def people(mailbox: Mailbox) -> People:
    return People(mailbox)


@pytest.fixture
def run(servers: Servers, mailbox: Mailbox) -> RunService:
    """Runs identity; clients on this machine are exempt from limits unless a test says otherwise."""

    @asynccontextmanager
    async def start(**options: Any) -> AsyncIterator[Running]:
        own = {
            "access_token_key": ACCESS_KEY.private_json(),
            "code_pepper": "a pepper for tests only",
            "smtp_url": f"smtp://{HERE}:{mailbox.port}",
            "public_url": "https://lanyard.test",
            "loopback_exempt": True,
        }
        async with running(service, servers, settings={**own, **options.pop("settings", {})}, **options) as world:
            yield world

    return start


@pytest.fixture
def access_keys() -> str:
    """The public keys access tokens are signed with."""
    return ACCESS_KEY.public_jwks()
