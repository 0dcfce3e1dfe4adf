"""What the gateway reads from its environment, each `LANYARD_…`. Only `main` uses it."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from common.tokens import SigningKey
from gateway.cors import listed_origin, origin_of
from gateway.routes import SERVICES

STORES = ("valkey://", "valkeys://", "redis://", "rediss://", "unix://")


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
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Other sites (`https://lanyard.example,http://localhost:5173`) whose pages may call; `public_url` always may."""
    routes_file: Path | None = None
    """The route table to use instead of the one that is shipped; either is read again on SIGHUP."""
    rate_limits: dict[str, tuple[int, int]] = {}
    """Other numbers for rate classes: `{"read": [5000, 60]}` is 5000 requests in 60 seconds."""
    limits_url: SecretStr = SecretStr("")
    """Where several gateways count together: `valkey://[[user]:password@]host[:port][/database]`, `valkeys://` with TLS,
    or the same with `redis://` and `rediss://`. Empty: each gateway counts for itself."""
    limits_patience: float = 0.05
    """Seconds that store may take for an answer; a gateway that waited in vain counts for itself until it is back."""
    client_policy_seconds: float = 10.0
    """Between two questions to releases about the client policies, which also come by message; 0 asks never."""
    watch_seconds: float = 5.0
    """Between two looks at every service, for readiness and the line on the status page; 0 looks only when asked."""
    loopback_exempt: bool = False
    """Leave this machine's own address out of limits counted per network: the devstack."""
    max_connections: int = 10_000
    """Connections of clients at once; the next one is told to come back."""
    max_connections_per_network: int = 2_000
    """Of them, from one network that is no trusted proxy; a whole venue may stand behind one address."""
    live_streams: int = 5000
    """Live streams (`GET /v1/live`) at once."""
    live_bytes: int = 16 * 1024 * 1024
    """Memory for what was told in the last ten minutes, from which streams resume; beyond it they resume from the broker."""
    metrics_token: SecretStr = SecretStr("")
    drain_seconds: float = 0.0
    """How long readiness says no before the gateway stops accepting; as long as balancers need to notice."""
    grace_seconds: float = 30.0
    """How long answers under way may take after that."""
    log_format: Literal["json", "console"] = "json"
    trace_share: float = Field(default=1.0, ge=0.0, le=1.0)
    """Of the requests, how many are recorded as traces where an endpoint is given; a tenth is plenty on a busy night."""
    otlp_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")

    @property
    def origins(self) -> tuple[str, ...]:
        """Whose pages may call."""
        return (origin_of(self.public_url), *self.cors_origins)

    @field_validator("trusted_proxies", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("cors_origins")
    @classmethod
    def _exact(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(listed_origin(each) for each in value)

    @field_validator("limits_url")
    @classmethod
    def _a_store(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not value.get_secret_value().startswith(STORES):
            raise ValueError(f"LANYARD_LIMITS_URL begins with none of: {', '.join(STORES)}")
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
