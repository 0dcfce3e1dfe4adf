"""What the gateway reads from its environment, each `LANYARD_…`. Only `main` uses it."""

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from common.tokens import SigningKey
from gateway.routes import SERVICES


class GatewaySettings(BaseSettings):
    """Settings of one gateway process."""

    model_config = SettingsConfigDict(env_prefix="LANYARD_", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = "http://127.0.0.1:8000"
    upstreams: dict[str, list[str]]
    """Where each service's replicas are: `{"identity": ["http://127.0.0.1:8001"], …}`."""
    internal_signing_key: SecretStr
    """The private Ed25519 JWK that internal tokens are signed with."""
    replica: str = "gateway-1"
    """The name of this process among the gateways; no two may share one."""
    nats_url: str = ""
    """Empty: drops come with the renewals of the lease alone, at most a second later."""
    nats_user: str = "gateway"
    nats_password: SecretStr = SecretStr("")
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Networks (`10.0.0.0/8,192.168.1.4/32`) whose X-Forwarded-For is believed."""
    rate_limits: dict[str, tuple[int, int]] = {}
    """Other numbers for rate classes: `{"read": [5000, 60]}` is 5000 requests in 60 seconds."""
    loopback_exempt: bool = False
    """Leave this machine's own address out of limits counted per network: the devstack."""
    metrics_token: SecretStr = SecretStr("")
    drain_seconds: float = 0.0
    """How long readiness says no before the gateway stops accepting; as long as balancers need to notice."""
    grace_seconds: float = 30.0
    """How long answers under way may take after that."""
    log_format: Literal["json", "console"] = "json"
    otlp_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @model_validator(mode="after")
    def _every_service_has_an_address(self) -> Self:
        missing = [service for service in SERVICES if not self.upstreams.get(service)]
        if missing:
            raise ValueError(f"LANYARD_UPSTREAMS names no address for: {', '.join(missing)}")
        try:
            SigningKey.from_json(self.internal_signing_key.get_secret_value())
        except (ValueError, KeyError):
            raise ValueError("LANYARD_INTERNAL_SIGNING_KEY is no private Ed25519 JWK") from None
        return self
