"""What every service process reads from its environment. A service's own `settings.py` extends this; nothing else reads it."""

from typing import Any, Literal, Self

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Settings all services share, each `LANYARD_…` in the environment."""

    model_config = SettingsConfigDict(env_prefix="LANYARD_", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = 8000
    drain_seconds: float = Field(default=0.0, ge=0, le=3)
    """How long to stay open after readiness went off, where a balancer has to notice first."""
    database_url: str
    """The app role's, which may change rows but not tables."""
    migrations_database_url: str = ""
    """The owner's; only `migrate` needs it."""
    database_pool_size: int = 10
    nats_url: str
    nats_user: str
    nats_password: SecretStr
    internal_keys: str
    """JWKS with the public keys the gateway signs internal tokens with; two during a rotation."""
    public_url: str = "http://127.0.0.1:8000"
    """What links in mails, callbacks and share pages start with."""
    metrics_token: SecretStr = SecretStr("")
    """The bearer `/metrics` asks for; empty leaves it open, as in the devstack."""
    cron_secret: SecretStr = SecretStr("")
    """What `X-Cron-Secret` must say; empty refuses every cron call."""
    consumers: Literal["on", "off"] = "on"
    """Off, the service hears no messages; they wait at the broker. For measurements and for repairs."""
    storage_url: str = ""
    log_format: Literal["json", "console"] = "json"
    otlp_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")

    @classmethod
    def for_documents(cls, placeholders: dict[str, Any]) -> Self:
        """Settings good enough to print the API with. A service with further required settings extends this."""
        return cls(**placeholders)
