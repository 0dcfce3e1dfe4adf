"""What a message is: a frozen fact with its publisher, subject, version and listeners declared on the class.

Strict when written (an unknown field is refused), tolerant when read (`Message.parse` ignores what it does not know). Every
message carries its aggregate's whole public state after the change and its sequence number, so that a consumer can make
its copy equal to it and drop what is older than what it holds: any order of delivery ends in the same state.
"""

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from common.messages.audience import Audience

SERVICES = ("identity", "events", "commerce", "dp", "wallet", "releases")

_BY_TYPE: dict[str, type["Message"]] = {}


class Part(BaseModel):
    """A value inside a message; camelCase on the wire, like the message itself."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class MoneyPart(Part):
    """An amount in minor units of one currency."""

    amount: int
    currency: str


class Message(Part):
    """Something that happened, told to other services. The class docstring says when it is published."""

    publisher: ClassVar[str]
    subject: ClassVar[str]
    version: ClassVar[int] = 1
    listeners: ClassVar[tuple[str, ...]] = ()
    audience: ClassVar[Audience | None] = None
    """Who is shown it live."""
    about: ClassVar[str]
    """The field that holds the aggregate's id."""

    sequence: int
    """Grows with every change of the aggregate; the higher one is the newer state."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "subject" in cls.__dict__:
            _BY_TYPE[cls.type()] = cls

    @classmethod
    def type(cls) -> str:
        """The CloudEvents type, which carries the version: `order.paid.v1`."""
        return f"{cls.subject}.v{cls.version}"

    @classmethod
    def parse(cls, body: bytes | str) -> Self:
        """Read a message's body, ignoring fields a newer publisher may have added. Raises pydantic's ValidationError."""
        return cls.model_validate_json(body, extra="ignore")

    @property
    def aggregate_id(self) -> str:
        """The id of what the message is about."""
        return str(getattr(self, self.about))

    def body(self) -> str:
        """The JSON that crosses the wire."""
        return self.model_dump_json(by_alias=True)


def catalogue() -> list[type[Message]]:
    """Every message class, ordered by publisher and subject."""
    return sorted(_BY_TYPE.values(), key=lambda kind: (SERVICES.index(kind.publisher), kind.subject, kind.version))


def message_class(message_type: str) -> type[Message] | None:
    """The class of a CloudEvents type, or None when this release does not know it."""
    return _BY_TYPE.get(message_type)
