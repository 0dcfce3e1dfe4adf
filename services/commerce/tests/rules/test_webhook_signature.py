"""Signatures, judged by another program than the one that made them."""

import subprocess
from datetime import UTC, datetime, timedelta

from commerce.formats.webhook_signature import is_authentic, sign

BODY = b'{"id": "evt_1"}'
NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


def test_openssl_comes_to_the_same_signature() -> None:
    header = sign(BODY, "a-secret", NOW)
    seconds, digest = (part.partition("=")[2] for part in header.split(","))
    command = ["openssl", "dgst", "-sha256", "-hmac", "a-secret", "-r"]
    done = subprocess.run(command, input=seconds.encode() + b"." + BODY, capture_output=True, check=True)
    assert done.stdout.decode().split()[0] == digest


def test_a_signature_is_good_for_five_minutes_and_one_minute_ahead() -> None:
    header = sign(BODY, "a-secret", NOW)
    ages = {-61: False, -60: True, 0: True, 300: True, 301: False}
    assert {age: is_authentic(header, BODY, ["a-secret"], NOW + timedelta(seconds=age)) for age in ages} == ages


def test_an_empty_secret_signs_nothing() -> None:
    assert not is_authentic(sign(BODY, "", NOW), BODY, [""], NOW)
    assert not is_authentic(sign(BODY, "", NOW), BODY, [], NOW)
