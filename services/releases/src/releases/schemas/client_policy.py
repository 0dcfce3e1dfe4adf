"""Client policies on the wire."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from common.app_versions import Standing
from common.schemas import Body, Moment, Prose, View
from releases.actions.read_client_policy import Told
from releases.domain.client_policy import ClientPolicy, Platform

VersionText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
StoreUrl = Annotated[str, StringConstraints(pattern=r"^(https|itms-apps|market)://[!-~]+$", max_length=500)]
Build = Annotated[int, Field(ge=0, lt=10**18)]


class PolicyChanges(Body):
    """What of a policy is to be another: what is left out stays, null takes it away."""

    minimum: VersionText | None = None
    minimum_build: Build | None = None
    latest: VersionText | None = None
    blocked: Annotated[tuple[VersionText, ...], Field(max_length=200)] = ()
    store_url: StoreUrl | None = None
    message: Annotated[Prose, StringConstraints(max_length=1000)] | None = None
    deadline_at: Moment | None = None

    def changes(self) -> dict[str, Any]:
        """The fields that were sent, as the domain's policy names them."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class PolicyView(View):
    """What a platform's apps are told."""

    platform: Platform
    revision: int
    minimum: str | None
    minimum_build: int | None
    latest: str | None
    blocked: list[str]
    store_url: str | None
    message: str | None
    deadline_at: datetime | None
    changed_at: datetime | None

    @classmethod
    def of(cls, policy: ClientPolicy) -> "PolicyView":
        """From the domain's value."""
        return cls(
            platform=policy.platform,
            revision=policy.version,
            minimum=policy.minimum,
            minimum_build=policy.minimum_build,
            latest=policy.latest,
            blocked=list(policy.blocked),
            store_url=policy.store_url,
            message=policy.message,
            deadline_at=policy.deadline_at,
            changed_at=policy.changed_at,
        )


class ClientPolicyView(View):
    """What one installed app is told. `required` and `blocked` mean: nothing goes on before an update."""

    platform: Platform
    status: Standing
    minimum: str | None
    latest: str | None
    store_url: str | None
    message: str | None
    deadline_at: datetime | None

    @classmethod
    def of(cls, told: Told) -> "ClientPolicyView":
        """From the action's result."""
        policy = told.policy
        return cls(
            platform=policy.platform,
            status=told.standing,
            minimum=policy.minimum,
            latest=policy.latest,
            store_url=policy.store_url,
            message=policy.message,
            deadline_at=policy.deadline_at,
        )
