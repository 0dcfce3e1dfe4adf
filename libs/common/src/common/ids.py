"""Typed ids: TypeID 0.3 (a prefix and a UUIDv7 in Crockford base 32), each kind its own Python type.

`OrderId` and `PassId` are both strings on the wire, yet a type checker refuses one in the other's place, and parsing
refuses the wrong prefix. The UUIDv7 inside keeps index pages warm because ids grow with time.
Source: https://github.com/jetify-com/typeid/tree/main/spec and RFC 9562 section 5.7.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self
from uuid import UUID

from common.clock import Entropy

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_DIGITS = {letter: value for value, letter in enumerate(_ALPHABET)}
_SUFFIX_LENGTH = 26
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class MalformedId(ValueError):
    """The text is not an id of the expected kind."""


class Id(str):
    """An id of one kind. Subclasses name the kind by their prefix."""

    __slots__ = ()
    prefix: ClassVar[str] = ""

    def __new__(cls, text: str) -> Self:
        """Raises MalformedId when `text` is not a well-formed id of this kind."""
        head, separator, suffix = text.rpartition("_")
        if not separator or head != cls.prefix:
            raise MalformedId(f"expected an id that begins with {cls.prefix}_")
        _decode(suffix)
        return str.__new__(cls, text)

    @classmethod
    def new(cls, now: datetime, entropy: Entropy) -> Self:
        """A fresh id whose order follows `now`."""
        return cls.from_uuid(uuid7(now, entropy))

    @classmethod
    def from_uuid(cls, value: UUID) -> Self:
        """The id that carries `value`."""
        return str.__new__(cls, f"{cls.prefix}_{_encode(value.int)}")

    @property
    def uuid(self) -> UUID:
        """What the database stores."""
        return UUID(int=_decode(self.rpartition("_")[2]))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: "GetCoreSchemaHandler") -> "CoreSchema":
        from pydantic_core import core_schema  # noqa: PLC0415 - keeps domain code free of pydantic

        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema(max_length=64))

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: "CoreSchema", handler: "GetJsonSchemaHandler") -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{cls.prefix}_[0-7][{_ALPHABET}]{{25}}$", "title": cls.__name__}


def uuid7(now: datetime, entropy: Entropy) -> UUID:
    """A UUIDv7: 48 bits of Unix milliseconds, then 74 random bits."""
    # Whole numbers throughout: `now.timestamp() * 1000` is a float and rounds up for moments far ahead.
    milliseconds = (now - _EPOCH) // _MILLISECOND
    random = int.from_bytes(entropy.bytes(10))
    value = (
        (milliseconds & (1 << 48) - 1) << 80
        | 7 << 76
        | (random >> 62 & 0xFFF) << 64
        | 0b10 << 62
        | random & (1 << 62) - 1
    )
    return UUID(int=value)


def _encode(value: int) -> str:
    letters = [_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5)]
    return "".join(letters)


def _decode(suffix: str) -> int:
    if len(suffix) != _SUFFIX_LENGTH or suffix[0] > "7":
        raise MalformedId("an id has 26 letters and digits after its prefix")
    value = 0
    for letter in suffix:
        if letter not in _DIGITS:
            raise MalformedId("an id holds only digits and lower-case letters without i, l, o and u")
        value = value << 5 | _DIGITS[letter]
    return value


class UserId(Id):
    prefix = "usr"


NOBODY = UserId.from_uuid(UUID(int=0))
"""The buyer of what an organiser gave or sold to a mail address: whoever verifies that address holds the passes."""


class SignInId(Id):
    prefix = "sid"


class OrganizationId(Id):
    prefix = "org"


class WorkspaceId(Id):
    prefix = "wsp"


class MemberId(Id):
    prefix = "mem"


class InvitationId(Id):
    prefix = "inv"


class DeviceId(Id):
    prefix = "dev"


class ApiKeyId(Id):
    prefix = "key"


class EventId(Id):
    prefix = "evt"


class SessionId(Id):
    """An item of an event's agenda."""

    prefix = "ses"


class TicketTierId(Id):
    prefix = "tier"


class OrderId(Id):
    prefix = "ord"


class OrderLineId(Id):
    prefix = "line"


class PaymentId(Id):
    prefix = "pay"


class RefundId(Id):
    prefix = "ref"


class PassId(Id):
    prefix = "pass"


class CheckInId(Id):
    prefix = "chk"


class GateId(Id):
    prefix = "gate"


class PromoCodeId(Id):
    prefix = "promo"


class AddOnId(Id):
    prefix = "addon"


class DocumentId(Id):
    """A receipt, an invoice or a credit note."""

    prefix = "doc"


class PayoutId(Id):
    prefix = "pyt"


class WaitingListEntryId(Id):
    prefix = "wle"


class WebhookEndpointId(Id):
    """Where an organiser's own system hears of orders."""

    prefix = "whe"


class DpTemplateId(Id):
    prefix = "dpt"


class DpCampaignId(Id):
    prefix = "dpc"


class DpId(Id):
    prefix = "dp"


class WalletPassId(Id):
    prefix = "wpass"


class ReleaseId(Id):
    prefix = "rel"


class DeploymentId(Id):
    prefix = "dpl"


class NotificationId(Id):
    prefix = "ntf"


class MessageId(Id):
    """What crosses NATS. It never appears in a path."""

    prefix = "msg"


class ChallengeId(Id):
    """A sign-in that was begun and not yet proved."""

    prefix = "chl"


class BackerId(Id):
    """Someone who backed the crowdfunding, and the code they sign up with."""

    prefix = "bkr"


class AdminId(Id):
    """An entry of the list of addresses that give the platform role admin."""

    prefix = "adm"
