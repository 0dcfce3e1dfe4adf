"""What a pass code proves, without any database."""

import json

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from common.clock import SystemClock, SystemEntropy
from common.ids import EventId, PassId
from common.tokens import SigningKey
from events.formats import base45
from events.formats.pass_code import ForgedPassCode, NotAPassCode, PassClaim, PassCodes, UnusableKey

KEY = SigningKey.generate()
CODES = PassCodes.from_json(KEY.private_json())
NOW, ENTROPY = SystemClock().now(), SystemEntropy()
CLAIM = PassClaim(PassId.new(NOW, ENTROPY), EventId.new(NOW, ENTROPY), 1)


def jwks(*keys: SigningKey, private: int = 1) -> str:
    """A JWKS; the first `private` keys with their private halves."""
    return json.dumps(
        {"keys": [key.key.as_dict(private=place < private) for place, key in enumerate(keys)]}, sort_keys=True
    )


@pytest.mark.parametrize("generation", [1, 2, 65_535])
def test_a_code_says_what_was_signed(generation: int) -> None:
    claim = CLAIM._replace(generation=generation)
    assert CODES.read(CODES.sign(claim)) == claim


def test_a_code_fits_a_small_qr_code() -> None:
    code = CODES.sign(CLAIM)
    assert len(code) == 150
    assert segno.make(code, error="m", boost_error=False, micro=False).version == 6


def test_a_code_never_ends_with_a_space_that_somebody_may_strip() -> None:
    codes = [CODES.sign(PassClaim(PassId.new(NOW, ENTROPY), CLAIM.event_id, 1)) for _ in range(200)]
    assert [code for code in codes if code != code.rstrip()] == []


def test_the_public_half_alone_reads_codes_and_signs_none() -> None:
    reader = PassCodes.from_json(KEY.public_jwks())
    assert reader.read(CODES.sign(CLAIM)) == CLAIM
    assert not reader.can_sign
    with pytest.raises(UnusableKey):
        reader.sign(CLAIM)


@pytest.mark.parametrize("place", range(2, 100))
def test_a_code_with_one_bit_changed_is_forged(place: int) -> None:
    data = bytearray(base45.decode(CODES.sign(CLAIM)))
    data[place] ^= 1
    with pytest.raises(ForgedPassCode):
        CODES.read(base45.encode(bytes(data)))


def test_a_code_that_names_a_key_we_do_not_have_is_forged() -> None:
    data = bytearray(base45.decode(CODES.sign(CLAIM)))
    data[1] ^= 0xFF
    with pytest.raises(ForgedPassCode):
        CODES.read(base45.encode(bytes(data)))


def test_a_code_of_somebody_elses_key_is_forged() -> None:
    for _ in range(20):
        stranger = PassCodes.from_json(SigningKey.generate().private_json())
        with pytest.raises(ForgedPassCode):
            CODES.read(stranger.sign(CLAIM))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://example.org",
        "abc",
        "::::",
        "ZZZ",
        "A",
        "00" * 75,
        CODES.sign(CLAIM)[:-3],
        CODES.sign(CLAIM) + "000",
    ],
)
def test_a_text_of_another_shape_is_no_code_of_ours(text: str) -> None:
    with pytest.raises(NotAPassCode):
        CODES.read(text)


@given(st.text(max_size=200))
def test_no_text_whatever_breaks_the_reader(text: str) -> None:
    with pytest.raises((NotAPassCode, ForgedPassCode)):
        CODES.read(text)


def test_a_code_of_the_former_key_stays_good_while_that_key_is_listed() -> None:
    newer = SigningKey.generate()
    rotated = PassCodes.from_json(jwks(newer, KEY))
    assert rotated.read(CODES.sign(CLAIM)) == CLAIM
    assert rotated.read(rotated.sign(CLAIM)) == CLAIM
    with pytest.raises(ForgedPassCode):
        CODES.read(rotated.sign(CLAIM))


def test_two_keys_with_the_same_key_id_are_both_tried() -> None:
    first = base45.decode(CODES.sign(CLAIM))[1]
    twin = next(
        key
        for key in (SigningKey.generate() for _ in range(20_000))
        if base45.decode(PassCodes.from_json(key.private_json()).sign(CLAIM))[1] == first
    )
    both = PassCodes.from_json(jwks(twin, KEY))
    assert both.read(CODES.sign(CLAIM)) == CLAIM
    assert both.read(both.sign(CLAIM)) == CLAIM


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"keys": []}',
        '{"kty": "EC", "crv": "P-256", "x": "AA"}',
        '{"kty": "OKP", "crv": "Ed25519", "x": "AA"}',
        '{"kty": "OKP", "crv": "X25519", "x": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}',
    ],
)
def test_a_key_that_is_none_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(UnusableKey):
        PassCodes.from_json(text)


def test_two_halves_that_do_not_belong_together_are_refused() -> None:
    other = SigningKey.generate().key.as_dict(private=True)
    mixed = {**KEY.key.as_dict(private=True), "x": other["x"]}
    with pytest.raises(UnusableKey):
        PassCodes.from_json(json.dumps(mixed))


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"ietf!", "QED8WEX0"), (b"", "")],
)
def test_base_45_is_that_of_rfc_9285(data: bytes, text: str) -> None:
    assert base45.encode(data) == text
    assert base45.decode(text) == data


@pytest.mark.parametrize("text", ["GGW", "::", "a", "0", "0000", "ÄÖÜ"])
def test_base_45_refuses_what_stands_for_no_bytes(text: str) -> None:
    with pytest.raises(base45.NotBase45):
        base45.decode(text)


@given(st.binary(max_size=101))
def test_base_45_gives_back_what_it_was_given(data: bytes) -> None:
    assert base45.decode(base45.encode(data)) == data
