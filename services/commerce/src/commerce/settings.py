"""Settings of commerce, beside those all services share."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, SecretStr, model_validator

from common.service import ServiceSettings


def _switch(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


Switch = Annotated[Literal["on", "off"], BeforeValidator(_switch)]


class Settings(ServiceSettings):
    """The sandbox provider is on in development only; money that is not real must not buy real tickets."""

    sandbox_payments: Switch = "off"
    sandbox_webhook_secret: SecretStr = SecretStr("")
    """What the sandbox signs its webhooks with. Two, separated by a comma, while one replaces the other."""

    sandbox_webhook_url: str = ""
    """Where the sandbox reaches the gateway, where that is not LANYARD_PUBLIC_URL: between containers."""

    @model_validator(mode="after")
    def _sandbox_signs(self) -> Self:
        """With an empty secret anyone could say that anything was paid."""
        if self.sandbox_payments == "on" and not all(self.sandbox_secrets()):
            raise ValueError("LANYARD_SANDBOX_WEBHOOK_SECRET is needed where LANYARD_SANDBOX_PAYMENTS is on")
        return self

    def sandbox_secrets(self) -> list[str]:
        """The secrets, the newest first."""
        return [part.strip() for part in self.sandbox_webhook_secret.get_secret_value().split(",")]
