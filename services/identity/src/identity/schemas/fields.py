"""Kinds of fields that several bodies share."""

from typing import Annotated

from pydantic import AfterValidator, GetPydanticSchema, StringConstraints, WithJsonSchema
from pydantic_core import core_schema

from identity.domain.address import Address
from identity.formats.addresses import parse_address

MailAddress = Annotated[
    Address,
    GetPydanticSchema(lambda _source, _handler: core_schema.no_info_plain_validator_function(parse_address)),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": 254}),
]
AddressKey = Annotated[str, AfterValidator(lambda text: parse_address(text).key)]
"""For queries: whatever way an address is typed, the key it is unique under."""
Token = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
TokenInPath = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")]
"""Where a token is part of an address it holds only what needs no escape there."""
RetryId = Annotated[str, StringConstraints(min_length=8, max_length=100, pattern=r"^[\x21-\x7e]+$")]
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
