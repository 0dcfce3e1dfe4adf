"""Whether an installed app may go on: what its version is worth, and which policies would lock everyone out."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from releases.domain.version import Version, build_of, version_of
from releases.errors import FreshSignInNeeded, LatestBlocked, MinimumAboveLatest, NotAVersion

Platform = Literal["ios", "android", "web"]
Standing = Literal["ok", "recommended", "required", "blocked"]

FRESH: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class ClientPolicy:
    """What one platform's apps are told. `latest` is the newest version in the store; `minimum_build` refines `minimum`."""

    platform: Platform
    version: int = 0
    minimum: str | None = None
    minimum_build: int | None = None
    latest: str | None = None
    blocked: tuple[str, ...] = ()
    store_url: str | None = None
    message: str | None = None
    deadline_at: datetime | None = None
    changed_at: datetime | None = None


def standing(policy: ClientPolicy, version: str | None, build: str | None) -> Standing:
    """What an app of that version is told. One whose version nobody can read is asked to update, never locked out."""
    installed = version_of(version) if version is not None else None
    if installed is None:
        return "recommended"
    if installed in map(_known, policy.blocked):
        return "blocked"
    if policy.minimum is not None and _below_minimum(policy, installed, _known(policy.minimum), build_of(build)):
        return "required"
    if policy.latest is not None and installed < _known(policy.latest):
        return "recommended"
    return "ok"


def check(policy: ClientPolicy) -> ClientPolicy:
    """The policy, if nobody is locked out by it for good.

    Raises:
        NotAVersion: a version in it cannot be compared.
        MinimumAboveLatest: what is demanded is in no store.
        LatestBlocked: what is offered is blocked.
    """
    minimum = None if policy.minimum is None else _checked(policy.minimum, "/minimum")
    blocked = {_checked(text, f"/blocked/{place}") for place, text in enumerate(policy.blocked)}
    if policy.latest is None:
        if minimum is not None:
            raise MinimumAboveLatest(minimum=policy.minimum, latest="nothing", pointer="/minimum")
        return policy
    latest = _checked(policy.latest, "/latest")
    if minimum is not None and minimum > latest:
        raise MinimumAboveLatest(minimum=policy.minimum, latest=policy.latest, pointer="/minimum")
    if latest in blocked:
        raise LatestBlocked(latest=policy.latest, pointer="/blocked")
    return policy


def require_fresh_sign_in(authenticated_at: datetime | None, now: datetime) -> None:
    """A stolen session must not be enough to lock every app out. Raises FreshSignInNeeded."""
    if authenticated_at is None or now - authenticated_at > FRESH:
        raise FreshSignInNeeded(minutes=int(FRESH / timedelta(minutes=1)))


def as_changed(policy: ClientPolicy, now: datetime) -> ClientPolicy:
    """The policy in its next version, checked."""
    return replace(check(policy), version=policy.version + 1, changed_at=now)


def _below_minimum(policy: ClientPolicy, installed: Version, minimum: Version, build: int | None) -> bool:
    if installed != minimum:
        return installed < minimum
    return build is not None and policy.minimum_build is not None and build < policy.minimum_build


def _checked(text: str, pointer: str) -> Version:
    version = version_of(text)
    if version is None:
        raise NotAVersion(pointer=pointer)
    return version


def _known(text: str) -> Version:
    version = version_of(text)
    assert version is not None, "a policy is checked before it is kept"
    return version
