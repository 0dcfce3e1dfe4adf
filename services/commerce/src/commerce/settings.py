"""Settings of commerce, beside those all services share."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from commerce.domain.pricing import WHOLE
from commerce.domain.sale_settings import PlatformFee
from common.service import ServiceSettings


def _switch(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


Switch = Annotated[Literal["on", "off"], BeforeValidator(_switch)]
Rate = Annotated[int, Field(ge=0, le=WHOLE)]
Percent = Annotated[int, Field(ge=0, le=100)]


STRIPE_URL: Final = "https://api.stripe.com"
PAYSTACK_URL: Final = "https://api.paystack.co"
TAX_AUTHORITY_URL: Final = "https://ec.europa.eu/taxation_customs/vies/rest-api"


def _mode_of(name: str, key: str) -> str:
    """Test or live, as the key itself says. Nothing of the key is named in the refusal."""
    kind, _, rest = key.partition("_")
    mode = rest.partition("_")[0]
    if not key:
        return "none"
    if kind not in ("sk", "rk") or mode not in ("test", "live"):
        raise ValueError(f"{name} is no secret key: it begins with sk_test_ or sk_live_")
    return mode


class Settings(ServiceSettings):
    """The sandbox provider is on in development only; money that is not real must not buy real tickets."""

    sandbox_payments: Switch = "off"
    sandbox_webhook_secret: SecretStr = SecretStr("")
    """What the sandbox signs its webhooks with. Two, separated by a comma, while one replaces the other."""

    sandbox_webhook_url: str = ""
    """Where the sandbox reaches the gateway, where that is not LANYARD_PUBLIC_URL: between containers."""

    stripe_secret_key: SecretStr = SecretStr("")
    """Empty where Stripe is not used. Its beginning says which mode it is of: `sk_test_`, `sk_live_`, or `rk_…`."""

    stripe_webhook_secrets: SecretStr = SecretStr("")
    """What Stripe signs its webhooks with. Two, separated by a comma, while one replaces the other."""

    stripe_api_url: str = STRIPE_URL
    """Another one only for a stand-in, and with test keys."""

    paystack_secret_key: SecretStr = SecretStr("")
    """Empty where Paystack is not used. It signs its webhooks with this, too."""

    paystack_api_url: str = PAYSTACK_URL
    """Another one only for a stand-in, and with test keys."""

    tax_authority_url: str = TAX_AUTHORITY_URL
    """The EU's register of VAT numbers. Empty where nobody is to be asked: then no number counts as checked, and tax is
    charged as usual."""

    tax_authority_seconds: Annotated[float, Field(gt=0, le=8)] = 3.0
    """How long a buyer waits for its answer at most, before tax is charged as usual."""

    platform_fee_rate: Rate = 0
    """What the platform takes of what the lines of an order come to, in thousandths of a percent."""

    tier_discounts: dict[str, Percent] = {}
    """How many percent of the platform's fee each tier of backers is spared, as JSON: `{"Gold": 50}`."""

    webhook_sealing_keys: SecretStr
    """What the secrets of organisers' webhooks are sealed with in the database; at least 16 characters. Two, separated by a
    comma, while the first replaces the second: `./lanyard run webhooks:reseal` seals everything with the first."""

    webhook_origins: str = ""
    """Origins, separated by commas, that organisers' webhooks may name although they are no https on the public internet:
    `http://127.0.0.1:9000`. For development alone."""

    @model_validator(mode="after")
    def _sandbox_signs(self) -> Self:
        """With an empty secret anyone could say that anything was paid."""
        if self.sandbox_payments == "on" and not all(self.sandbox_secrets()):
            raise ValueError("LANYARD_SANDBOX_WEBHOOK_SECRET is needed where LANYARD_SANDBOX_PAYMENTS is on")
        return self

    @model_validator(mode="after")
    def _one_mode(self) -> Self:
        """Money that is not real must not buy what real money buys."""
        modes = {
            _mode_of(name, key.get_secret_value()) for name, key in self._provider_keys() if key.get_secret_value()
        }
        if len(modes) > 1:
            raise ValueError("keys of providers' test and live modes must not be mixed")
        if "live" in modes and self.sandbox_payments == "on":
            raise ValueError("LANYARD_SANDBOX_PAYMENTS must be off where providers' live keys are set")
        stand_in = (self.stripe_api_url, self.paystack_api_url) != (STRIPE_URL, PAYSTACK_URL)
        if "live" in modes and stand_in:
            raise ValueError("live keys are for the providers' own addresses alone")
        return self

    @model_validator(mode="after")
    def _stripe_signs(self) -> Self:
        """Without a secret no webhook could be believed, and buyers would wait for their tickets."""
        if self.stripe_secret_key.get_secret_value() and not all(self.stripe_secrets()):
            raise ValueError("LANYARD_STRIPE_WEBHOOK_SECRETS is needed where LANYARD_STRIPE_SECRET_KEY is set")
        return self

    @classmethod
    def for_documents(cls, placeholders: dict[str, Any]) -> Self:
        """Settings good enough to print the API with."""
        return super().for_documents({**placeholders, "webhook_sealing_keys": "only for documents"})

    def _provider_keys(self) -> tuple[tuple[str, SecretStr], ...]:
        return (
            ("LANYARD_STRIPE_SECRET_KEY", self.stripe_secret_key),
            ("LANYARD_PAYSTACK_SECRET_KEY", self.paystack_secret_key),
        )

    def live(self) -> bool:
        """Whether providers' keys are of their live mode."""
        return any(_mode_of(name, key.get_secret_value()) == "live" for name, key in self._provider_keys())

    def stripe_secrets(self) -> list[str]:
        """The secrets, the newest first."""
        return [part.strip() for part in self.stripe_webhook_secrets.get_secret_value().split(",")]

    def allowed_webhook_origins(self) -> list[str]:
        """Where the guard for addresses people typed lets calls through."""
        return [part.strip() for part in self.webhook_origins.split(",") if part.strip()]

    def sealing_keys(self) -> list[str]:
        """The keys, the newest first."""
        return [part.strip() for part in self.webhook_sealing_keys.get_secret_value().split(",")]

    def sandbox_secrets(self) -> list[str]:
        """The secrets, the newest first."""
        return [part.strip() for part in self.sandbox_webhook_secret.get_secret_value().split(",")]

    def platform_fee(self) -> PlatformFee:
        """The value the domain works with."""
        return PlatformFee(self.platform_fee_rate, tuple(self.tier_discounts.items()))
