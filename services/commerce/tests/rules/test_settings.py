"""What commerce refuses to start with."""

import pytest
from pydantic import ValidationError

from commerce.settings import Settings

NEEDED = {
    "database_url": "postgresql+psycopg://nobody@127.0.0.1/none",
    "nats_url": "nats://127.0.0.1:4222",
    "nats_user": "commerce",
    "nats_password": "",
    "internal_keys": "{}",
}


def test_the_sandbox_is_off_unless_asked_for() -> None:
    assert Settings.model_validate(NEEDED).sandbox_payments == "off"


@pytest.mark.parametrize("secret", ["", "one,", " , two"])
def test_a_sandbox_without_a_secret_does_not_start(secret: str) -> None:
    with pytest.raises(ValidationError, match="LANYARD_SANDBOX_WEBHOOK_SECRET"):
        Settings.model_validate({**NEEDED, "sandbox_payments": "ON", "sandbox_webhook_secret": secret})
