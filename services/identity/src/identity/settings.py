"""What identity reads from its environment beyond what all services do."""

from typing import Any, Literal, Self

from pydantic import SecretStr

from common.service import ServiceSettings
from common.tokens import SigningKey


class Settings(ServiceSettings):
    """Identity's own settings, each `LANYARD_…` in the environment."""

    access_token_key: SecretStr
    """A private Ed25519 JWK: signs the tokens that clients show at the gateway."""
    access_token_further_keys: str = ""
    """A JWKS of further public keys that the gateways are told of: during a rotation the next key's, then the last one's."""
    code_pepper: SecretStr
    """Mixed into everything kept hashed or sealed, so that the database alone gives nothing away. At least 16 characters."""
    smtp_url: str = "smtp://127.0.0.1:1025"
    """`smtp://[user:password@]host:port` (STARTTLS where offered, demanded with a password) or `smtps://…`."""
    mail_from: str = "Lanyard <no-reply@lanyard.example>"
    session_policy: Literal["multi", "single"] = "multi"
    """Whether a person may be signed in on several devices, or the newest sign-in replaces the one before."""
    loopback_exempt: bool = False
    """For the devstack: clients on this machine are not limited by network, and an address may get 60 mails an hour."""

    @classmethod
    def for_documents(cls, placeholders: dict[str, Any]) -> Self:
        """Settings good enough to print the API with."""
        own = {"access_token_key": SigningKey.generate().private_json(), "code_pepper": "only for documents"}
        return super().for_documents({**placeholders, **own})
