"""Revoke, then call: somebody is admitted by one replica, loses their right through another, and asks the first again.

The people are written straight into identity's database, because a thousand sign-ins by mail would take minutes; everything
that is tried is done over HTTP, as their apps would do it.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any

import psycopg

from common.clock import SystemClock, SystemEntropy
from common.ids import AdminId, Id, MemberId, OrganizationId, SignInId, UserId
from common.tokens import SigningKey
from gateway.testing.replicas import Replicas

ORGANIZATIONS = 10
LIFETIME = timedelta(minutes=30)
TRIES = 20


@dataclass(frozen=True, slots=True)
class Someone:
    """A person with one sign-in."""

    user_id: UserId
    sign_in_id: SignInId
    token: str


@dataclass(frozen=True, slots=True)
class Trial:
    """One right, and how it is taken away."""

    kind: str
    by: str
    """The token of whoever takes it."""
    taking: tuple[str, str, object]
    """Method, path and body of taking it."""
    right: tuple[str, str]
    """Method and path of what only its holder may do."""
    holder: str
    """The token of whoever has it."""
    refused_with: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial."""

    kind: str
    before: int
    taken: int
    after: int
    as_it_must: bool
    away: int
    """How often the gateway said that identity did not answer in time, and was asked again: nobody is admitted so."""


class Population:
    """People in identity's database."""

    def __init__(self, database: str, key: SigningKey) -> None:
        """
        Args:
            database: a URL of identity's database that may insert.
            key: what identity signs access tokens with.
        """
        self._database = database
        self._key = key
        self._rows: list[tuple[str, tuple[Any, ...]]] = []

    def trials(self, count: int) -> list[Trial]:
        """Trials of every kind in turn, with fresh people."""
        admin = self._someone()
        self._insert("admins", id=_new(AdminId), email=_mail(admin), email_key=_mail(admin), added_by="a test")
        makers = [self._signed_out, self._revoked, self._demoter(), self._suspender(admin)]
        made = [make() for make, _ in zip(cycle(makers), range(count), strict=False)]
        self._write()
        return made

    def someone(self) -> Someone:
        """A person of no role, written at once."""
        person = self._someone()
        self._write()
        return person

    def people(self, count: int) -> list[Someone]:
        """So many persons of no role."""
        made = [self._someone() for _ in range(count)]
        self._write()
        return made

    def _signed_out(self) -> Trial:
        person = self._someone()
        taking = ("POST", "/v1/auth/sign-out", None)
        return Trial("signed out", person.token, taking, ("GET", "/v1/orders"), person.token, 401)

    def _revoked(self) -> Trial:
        phone = self._someone()
        laptop = self._sign_in(phone.user_id)
        taking = ("DELETE", f"/v1/me/sign-ins/{phone.sign_in_id}", None)
        return Trial("revoked", laptop.token, taking, ("GET", "/v1/orders"), phone.token, 401)

    def _suspender(self, admin: Someone) -> Callable[[], Trial]:
        def make() -> Trial:
            person = self._someone()
            taking = ("POST", f"/v1/admin/users/{person.user_id}/suspend", None)
            return Trial("suspended", admin.token, taking, ("GET", "/v1/orders"), person.token, 401)

        return make

    def _demoter(self) -> Callable[[], Trial]:
        teams = cycle([self._organization() for _ in range(ORGANIZATIONS)])

        def make() -> Trial:
            owner, organization_id = next(teams)
            person = self._someone()
            member_id = self._member(organization_id, person, "manager")
            taking = ("PATCH", f"/v1/organizations/{organization_id}/members/{member_id}", {"role": "viewer"})
            return Trial("demoted", owner.token, taking, ("POST", "/v1/events"), person.token, 403)

        return make

    def _organization(self) -> tuple[Someone, OrganizationId]:
        owner, organization_id = self._someone(), OrganizationId(_new(OrganizationId))
        slug = str(organization_id).replace("_", "-")
        self._insert("organizations", id=organization_id, name="Acme", slug=slug, owner_count=1)
        self._member(organization_id, owner, "owner")
        return owner, organization_id

    def _member(self, organization_id: OrganizationId, person: Someone, role: str) -> MemberId:
        member_id = MemberId(_new(MemberId))
        self._insert("team_members", id=member_id, organization_id=organization_id, user_id=person.user_id, role=role)
        return member_id

    def _someone(self) -> Someone:
        user_id = UserId(_new(UserId))
        mail = f"{user_id}@example.org"
        self._insert("users", id=user_id, email=mail, email_key=mail, membership_count=1)
        return self._sign_in(user_id)

    def _sign_in(self, user_id: UserId) -> Someone:
        sign_in_id = SignInId(_new(SignInId))
        times = {"last_used_at": _now(), "expires_at": _now() + LIFETIME}
        self._insert("sign_ins", id=sign_in_id, user_id=user_id, method="code", **times)
        claims = {"iss": "lanyard-identity", "aud": "lanyard", "sub": user_id, "sid": sign_in_id}
        issued = int(_now().timestamp())
        lasting = {"iat": issued, "exp": issued + int(LIFETIME.total_seconds())}
        return Someone(user_id, sign_in_id, self._key.sign(claims | lasting))

    def _insert(self, table: str, **values: object) -> None:
        moment = "added_at" if table == "admins" else "created_at"
        row = {name: value.uuid if isinstance(value, Id) else value for name, value in values.items()}
        row[moment] = _now()
        places = ", ".join(["%s"] * len(row))
        self._rows.append((f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", tuple(row.values())))  # noqa: S608 - our own names

    def _write(self) -> None:
        with psycopg.connect(self._database) as connection, connection.pipeline():
            for statement, values in self._rows:
                connection.execute(statement, values)
        self._rows.clear()


async def run(replicas: Replicas, trials: Sequence[Trial], at_once: int) -> list[Outcome]:
    """Try them, `at_once` side by side, the replicas taking turns at either end."""
    outcomes: list[Outcome] = []
    waiting = iter(enumerate(trials))

    async def work() -> None:
        for number, trial in waiting:
            here = number % len(replicas.gateways)
            there = (number + 1) % len(replicas.gateways)
            outcomes.append(await _try(replicas, trial, here, there))

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())
    return outcomes


async def _try(replicas: Replicas, trial: Trial, here: int, there: int) -> Outcome:
    away = 0

    async def until_told(gateway: int, method: str, path: str, token: str, body: object) -> int:
        nonlocal away
        while (answer := await replicas.ask(gateway, method, path, token, body)).status == 503 and away < TRIES:
            away += 1
            await asyncio.sleep(float(answer.one("retry-after")))
        return answer.status

    method, path = trial.right
    used: object = {} if method == "POST" else None
    before = await until_told(there, method, path, trial.holder, used)
    taken = await until_told(here, *trial.taking[:2], trial.by, trial.taking[2])
    after = await until_told(there, method, path, trial.holder, used)
    as_it_must = (before, after) == (200, trial.refused_with) and taken in (200, 204)
    return Outcome(trial.kind, before, taken, after, as_it_must, away)


def _mail(person: Someone) -> str:
    return f"{person.user_id}@example.org"


def _new(kind: type[Id]) -> Id:
    return kind.new(SystemClock().now(), SystemEntropy())


def _now() -> datetime:
    return datetime.now(UTC)
