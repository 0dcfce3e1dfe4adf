"""Settings of the events service, beside those all services share."""

from typing import Any, Self

from pydantic import SecretStr

from common.service import ServiceSettings
from common.tokens import SigningKey


class Settings(ServiceSettings):
    """What events reads from its environment beyond what all services do."""

    pass_code_key: SecretStr
    """The Ed25519 key that signs pass codes: a private JWK, or a JWKS. Of several the first signs, and codes of all of
    them (of which the others may be public halves alone) stay good: that is how a key is rotated."""

    @classmethod
    def for_documents(cls, placeholders: dict[str, Any]) -> Self:
        """A throwaway key lets the API be printed without secrets."""
        return super().for_documents({**placeholders, "pass_code_key": SigningKey.generate().private_json()})
