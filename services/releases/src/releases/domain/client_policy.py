"""What a platform's apps are told about updating, and which policies would lock everyone out.

What a version is worth under a policy is `common.app_versions`: the gateway decides by it too.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from common.app_versions import Version, version_of
from releases.errors import FreshSignInNeeded, LatestBlocked, MinimumAboveLatest, NotAVersion

Platform = Literal["ios", "android", "web"]

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


def _checked(text: str, pointer: str) -> Version:
    version = version_of(text)
    if version is None:
        raise NotAVersion(pointer=pointer)
    return version
