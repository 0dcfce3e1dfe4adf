"""What commerce refuses to start with."""

import pytest
from pydantic import ValidationError

from commerce.domain.sale_settings import PlatformFee
from commerce.settings import Settings

NEEDED = {
    "database_url": "postgresql+psycopg://nobody@127.0.0.1/none",
    "nats_url": "nats://127.0.0.1:4222",
    "nats_user": "commerce",
    "nats_password": "",
    "internal_keys": "{}",
    "webhook_sealing_keys": "a sealing key for tests only",
}


def test_the_sandbox_is_off_unless_asked_for() -> None:
    assert Settings.model_validate(NEEDED).sandbox_payments == "off"


@pytest.mark.parametrize("secret", ["", "one,", " , two"])
def test_a_sandbox_without_a_secret_does_not_start(secret: str) -> None:
    with pytest.raises(ValidationError, match="LANYARD_SANDBOX_WEBHOOK_SECRET"):
        Settings.model_validate({**NEEDED, "sandbox_payments": "ON", "sandbox_webhook_secret": secret})


def test_the_platform_takes_nothing_unless_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.model_validate(NEEDED).platform_fee() == PlatformFee(0, ())
    monkeypatch.setenv("LANYARD_PLATFORM_FEE_RATE", "2500")
    monkeypatch.setenv("LANYARD_TIER_DISCOUNTS", '{"Gold": 50, "Silver": 20}')
    fee = Settings.model_validate(NEEDED).platform_fee()
    assert fee == PlatformFee(2_500, (("Gold", 50), ("Silver", 20)))
    assert [fee.spared(tiers) for tiers in ((), ("Bronze",), ("Silver", "Gold"))] == [0, 0, 50]


@pytest.mark.parametrize(
    "settings",
    [{"platform_fee_rate": 100_001}, {"platform_fee_rate": -1}, {"tier_discounts": {"Gold": 101}}],
    ids=["more-than-all", "less-than-nothing", "more-than-the-fee"],
)
def test_fees_out_of_bounds_do_not_start(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({**NEEDED, **settings})


STRIPE = {"stripe_secret_key": "sk_test_1", "stripe_webhook_secrets": "whsec_1"}


def test_providers_are_off_unless_a_key_is_set() -> None:
    settings = Settings.model_validate(NEEDED)
    assert (settings.stripe_secret_key.get_secret_value(), settings.paystack_secret_key.get_secret_value()) == ("", "")
    assert not settings.live()


@pytest.mark.parametrize("secrets", ["", "one,", " , two"])
def test_stripe_without_a_webhook_secret_does_not_start(secrets: str) -> None:
    with pytest.raises(ValidationError, match="LANYARD_STRIPE_WEBHOOK_SECRETS"):
        Settings.model_validate({**NEEDED, **STRIPE, "stripe_webhook_secrets": secrets})


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({**STRIPE, "paystack_secret_key": "sk_live_1"}, "must not be mixed"),
        ({**STRIPE, "stripe_secret_key": "sk_live_1", "paystack_secret_key": "sk_test_1"}, "must not be mixed"),
        (
            {**STRIPE, "stripe_secret_key": "sk_live_1", "sandbox_payments": "on", "sandbox_webhook_secret": "s"},
            "LANYARD_SANDBOX_PAYMENTS must be off",
        ),
        ({**STRIPE, "stripe_secret_key": "rk_live_1", "stripe_api_url": "http://127.0.0.1:1"}, "own addresses alone"),
        ({"paystack_secret_key": "pk_test_1"}, "LANYARD_PAYSTACK_SECRET_KEY is no secret key"),
        ({**STRIPE, "stripe_secret_key": "whsec_1"}, "LANYARD_STRIPE_SECRET_KEY is no secret key"),
    ],
)
def test_keys_that_do_not_belong_together_do_not_start(settings: dict[str, str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Settings.model_validate({**NEEDED, **settings})


def test_keys_of_one_mode_start_and_secrets_are_not_shown() -> None:
    settings = Settings.model_validate({**NEEDED, **STRIPE, "stripe_secret_key": "rk_live_42"})
    assert settings.live()
    assert settings.stripe_secrets() == ["whsec_1"]
    assert "rk_live_42" not in repr(settings) and "whsec_1" not in repr(settings)


def test_the_tax_authority_is_the_real_one_unless_nobody_is_to_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.model_validate(NEEDED)
    assert settings.tax_authority_url == "https://ec.europa.eu/taxation_customs/vies/rest-api"
    assert settings.tax_authority_seconds == 3
    monkeypatch.setenv("LANYARD_TAX_AUTHORITY_URL", "")
    assert Settings.model_validate(NEEDED).tax_authority_url == ""


@pytest.mark.parametrize("seconds", [0, -1, 9])
def test_a_buyer_does_not_wait_for_the_tax_authority_without_end(seconds: int) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({**NEEDED, "tax_authority_seconds": seconds})
