"""Webhooks of organisers' own systems as routes take and answer them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from commerce.domain.webhook import Delivery, DisabledReason, Endpoint, State, Type
from commerce.formats.standard_webhooks import secret_text
from common.ids import MessageId, OrganizationId, WebhookEndpointId
from common.schemas import Body, View

Address = Annotated[
    str,
    StringConstraints(max_length=2000, pattern=r"^[!-~]+$"),
    Field(description="https, on the public internet, in ASCII", examples=["https://shop.example.org/hooks/lanyard"]),
]
Types = Annotated[
    tuple[Type, ...], Field(max_length=20, description="what to be told of; every type when empty or left out")
]
Number = Annotated[int, Field(ge=1, le=2**53, strict=True)]


class NewWebhook(Body):
    """Where an organiser's system listens, and what for."""

    url: Address
    types: Types = ()


class WebhookChange(Body):
    """What to change; what is left out stays."""

    url: Address | None = None
    types: Types | None = None
    enabled: bool | None = Field(default=None, strict=True)


class ReplayFrom(Body):
    """The first number to be told once more."""

    first: Number = Field(alias="from")


class WebhookView(View):
    """A webhook, without its secret."""

    id: WebhookEndpointId
    organization_id: OrganizationId
    url: str
    types: list[str]
    enabled: bool
    disabled_reason: DisabledReason | None
    failing_since: datetime | None
    next_number: int
    old_secret_until: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, endpoint: Endpoint) -> "WebhookView":
        """From the domain's value."""
        return cls(**_shown(endpoint))


class WebhookWithSecret(WebhookView):
    """The same, once, with the secret that verifies what is told. It is never shown again."""

    secret: str

    @classmethod
    def showing(cls, made: tuple[Endpoint, bytes]) -> "WebhookWithSecret":
        """From the domain's value and the secret it was just given."""
        endpoint, secret = made
        return cls(**_shown(endpoint), secret=secret_text(secret))


class Webhooks(View):
    """All webhooks of an organisation: at most ten."""

    items: list[WebhookView]


class DeliveryView(View):
    """Something that was told or is to be."""

    number: int
    id: MessageId
    type: str
    state: State
    attempts: int
    last_answer: str | None
    last_attempt_at: datetime | None
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryView":
        """From the domain's value."""
        return cls(
            number=delivery.number,
            id=delivery.message_id,
            type=delivery.type,
            state=delivery.state,
            attempts=delivery.attempts,
            last_answer=delivery.last_answer,
            last_attempt_at=delivery.last_attempt_at,
            next_attempt_at=delivery.next_attempt_at,
            delivered_at=delivery.delivered_at,
            created_at=delivery.made_at,
        )


class Deliveries(View):
    """In the order of their numbers; `nextAfter` goes on, and is null at the end."""

    items: list[DeliveryView]
    next_after: int | None


class Tested(View):
    """The number under which it is told."""

    number: int


class Replayed(View):
    """How many are told once more."""

    count: int


def _shown(endpoint: Endpoint) -> dict[str, object]:
    return {
        "id": endpoint.id,
        "organization_id": endpoint.organization_id,
        "url": endpoint.url,
        "types": list(endpoint.types),
        "enabled": endpoint.disabled_reason is None,
        "disabled_reason": endpoint.disabled_reason,
        "failing_since": endpoint.failing_since,
        "next_number": endpoint.next_number,
        "old_secret_until": endpoint.old_secret_until,
        "created_at": endpoint.made_at,
    }
