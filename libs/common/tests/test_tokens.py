"""A token is believed when the right key signed it for us and it is valid now, and for no other reason.

PyJWT, which the house does not use, is the independent judge of what we sign and the maker of what we refuse.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from common.tokens import InvalidToken, SigningKey, VerifyingKeys, key_id

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
KEY = SigningKey.generate()
KEYS = VerifyingKeys(KEY.public_jwks())
Claims = dict[str, Any]


def claims(**changes: Any) -> Claims:
    issued = int(NOW.timestamp())
    return {"iss": "lanyard", "aud": "events", "sub": "usr_1", "iat": issued, "exp": issued + 60, **changes}


def without(*names: str) -> Claims:
    return {name: value for name, value in claims().items() if name not in names}


def verify(token: str, keys: VerifyingKeys = KEYS, now: datetime = NOW) -> Claims:
    return keys.verify(token, issuer="lanyard", audience="events", now=now)


def seconds(count: float) -> int | float:
    return int(NOW.timestamp()) + count


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forged(header: Claims, signature: Callable[[bytes], bytes], payload: object = None) -> str:
    signed = f"{encoded(header)}.{encoded(claims() if payload is None else payload)}"
    tail = base64.urlsafe_b64encode(signature(signed.encode())).rstrip(b"=").decode()
    return f"{signed}.{tail}"


def private_of(key: SigningKey) -> Ed25519PrivateKey:
    private = OKPAlgorithm.from_jwk(key.private_json())
    assert isinstance(private, Ed25519PrivateKey)
    return private


def refused_as(token: str, reason: str, keys: VerifyingKeys = KEYS) -> None:
    with pytest.raises(InvalidToken, match=f"^{reason}"):
        verify(token, keys)


def test_what_was_signed_is_verified() -> None:
    assert verify(KEY.sign(claims(roles={"platform": []}))) == claims(roles={"platform": []})


def test_an_independent_library_agrees_with_our_signature() -> None:
    token = KEY.sign(claims())
    signed, _, signature = token.rpartition(".")
    public = OKPAlgorithm.from_jwk(json.dumps(json.loads(KEY.public_jwks())["keys"][0]))
    judge = OKPAlgorithm()
    raw = base64.urlsafe_b64decode(signature + "==")
    assert judge.verify(signed.encode(), public, raw)
    assert not judge.verify(signed.encode() + b"x", public, raw)
    header = jwt.get_unverified_header(token)
    assert header == {"alg": "Ed25519", "kid": KEY.key.kid, "typ": "JWT"}
    assert jwt.decode(token, options={"verify_signature": False}) == claims()


def test_we_believe_what_an_independent_library_signed() -> None:
    token = forged({"alg": "Ed25519", "kid": KEY.key.kid}, private_of(KEY).sign)
    assert verify(token) == claims()


def test_the_private_key_is_kept_and_read_again_and_is_not_in_the_public_one() -> None:
    again = SigningKey.from_json(KEY.private_json())
    assert again.public_jwks() == KEY.public_jwks()
    assert verify(again.sign(claims())) == claims()
    assert json.loads(KEY.private_json())["d"] not in KEY.public_jwks()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (claims(exp=seconds(-30)), "expired"),
        (claims(exp=str(seconds(60))), "expired"),
        (claims(exp=True), "expired"),
        (claims(exp=None), "expired"),
        (without("exp"), "expired"),
        (claims(aud="commerce"), "audience"),
        (claims(aud=["events"]), "audience"),
        (without("aud"), "audience"),
        (claims(iss="someone"), "issuer"),
        (without("iss"), "issuer"),
        (claims(iat=seconds(31)), "from the future"),
        (without("iat"), "from the future"),
        (claims(nbf=seconds(31)), "not yet valid"),
        (claims(nbf="now"), "not yet valid"),
    ],
)
def test_a_claim_that_is_missing_or_wrong_is_refused_for_its_reason(changed: Claims, reason: str) -> None:
    refused_as(KEY.sign(changed), reason)


@pytest.mark.parametrize("changed", [claims(exp=seconds(-29)), claims(iat=seconds(30)), claims(nbf=seconds(30))])
def test_clocks_may_differ_by_half_a_minute(changed: Claims) -> None:
    assert verify(KEY.sign(changed)) == changed


def test_a_token_ends() -> None:
    token = KEY.sign(claims())
    assert verify(token, now=NOW + timedelta(seconds=89)) == claims()
    with pytest.raises(InvalidToken, match=r"^expired"):
        verify(token, now=NOW + timedelta(seconds=90))


def test_a_token_without_a_signature_is_refused() -> None:
    for spelling in ("none", "None", "NONE", ""):
        refused_as(forged({"alg": spelling, "kid": KEY.key.kid}, lambda _: b""), "signature")


@pytest.mark.parametrize("secret", ["jwks", "x", "raw"])
def test_the_public_key_is_never_taken_for_a_shared_secret(secret: str) -> None:
    public = json.loads(KEY.public_jwks())["keys"][0]
    raw = base64.urlsafe_b64decode(public["x"] + "==")
    shared = {"jwks": KEY.public_jwks().encode(), "x": public["x"].encode(), "raw": raw}[secret]
    for algorithm in ("HS256", "Ed25519"):
        token = forged(
            {"alg": algorithm, "kid": KEY.key.kid}, lambda signed: hmac.new(shared, signed, hashlib.sha256).digest()
        )
        refused_as(token, "signature")


def test_the_older_name_of_the_algorithm_is_not_accepted() -> None:
    refused_as(forged({"alg": "EdDSA", "kid": KEY.key.kid}, private_of(KEY).sign), "signature")


def test_another_key_under_our_key_id_is_refused() -> None:
    other = private_of(SigningKey.generate())
    refused_as(forged({"alg": "Ed25519", "kid": KEY.key.kid}, other.sign), "signature")


def test_a_key_id_nobody_knows_is_refused_even_with_the_right_key() -> None:
    refused_as(forged({"alg": "Ed25519", "kid": "unknown"}, private_of(KEY).sign), "signature")


@pytest.mark.parametrize(
    "header", [{"jwk": json.loads(KEY.public_jwks())["keys"][0]}, {"jku": "https://evil.test/jwks"}]
)
def test_a_key_the_token_brings_along_is_not_used(header: Claims) -> None:
    other = SigningKey.generate()
    if "jwk" in header:
        header = {"jwk": json.loads(other.public_jwks())["keys"][0]}
    refused_as(forged({"alg": "Ed25519", "kid": other.key.kid, **header}, private_of(other).sign), "signature")
    refused_as(forged({"alg": "Ed25519", "kid": KEY.key.kid, **header}, private_of(other).sign), "signature")


def test_an_extension_we_do_not_know_but_must_understand_is_refused() -> None:
    header = {"alg": "Ed25519", "kid": KEY.key.kid, "crit": ["exp2"], "exp2": 1}
    refused_as(forged(header, private_of(KEY).sign), "signature")


@pytest.mark.parametrize("payload", [[1], "text", 5])
def test_claims_are_an_object(payload: object) -> None:
    refused_as(forged({"alg": "Ed25519", "kid": KEY.key.kid}, private_of(KEY).sign, payload), "signature")


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "a.b.c.d", "\ud800", "ÿ.ÿ.ÿ", "e30.e30.e30", "e30.e30."])
def test_what_is_no_token_is_refused(token: str) -> None:
    refused_as(token, "signature")


@pytest.mark.parametrize("part", [0, 1, 2])
def test_one_changed_letter_is_refused(part: int) -> None:
    parts = KEY.sign(claims()).split(".")
    middle = len(parts[part]) // 2
    letter = "A" if parts[part][middle] != "A" else "B"
    parts[part] = parts[part][:middle] + letter + parts[part][middle + 1 :]
    refused_as(".".join(parts), "signature")


def test_during_a_rotation_both_keys_are_believed_and_afterwards_one() -> None:
    newer = SigningKey.generate()
    [former_half], [newer_half] = (json.loads(key.public_jwks())["keys"] for key in (KEY, newer))
    both = VerifyingKeys(json.dumps({"keys": [former_half, newer_half]}))
    assert both.key_ids == {KEY.key.kid, newer.key.kid}
    assert verify(KEY.sign(claims()), both) == verify(newer.sign(claims()), both) == claims()
    refused_as(KEY.sign(claims()), "signature", VerifyingKeys(newer.public_jwks()))


@pytest.mark.parametrize(
    ("token", "kid"),
    [
        (KEY.sign(claims()), KEY.key.kid),
        ("e30.e30.", None),
        ("", None),
        ("W10.e30.", None),
        ("a.b.c", None),
        ("\ud800", None),
    ],
    ids=["ours", "no kid", "empty", "a list", "no JSON", "half a pair"],
)
def test_the_key_id_a_token_names_is_read_without_believing_it(token: str, kid: str | None) -> None:
    assert key_id(token) == kid
