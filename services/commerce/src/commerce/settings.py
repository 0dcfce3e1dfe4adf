"""Settings of commerce, beside those all services share."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, SecretStr

from common.service import ServiceSettings


def _switch(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


Switch = Annotated[Literal["on", "off"], BeforeValidator(_switch)]


class Settings(ServiceSettings):
    """The sandbox provider is on in development only; money that is not real must not buy real tickets."""

    sandbox_payments: Switch = "off"
    sandbox_webhook_secret: SecretStr = SecretStr("")
    """What the sandbox signs its webhooks with. Two, separated by a comma, while one replaces the other."""
