"""What is sealed opens with its secret, for its purpose, for the thing it is bound to, and for nothing else."""

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.sealing import NONCE_BYTES, NotSealedHere, Sealing
from common.testing import SeededEntropy

OLD, NEW = "a secret for tests only", "the secret after that"
SEALING = Sealing([OLD])
DRAW = SeededEntropy()


def test_what_is_sealed_for_one_purpose_is_not_opened_for_another() -> None:
    sealed = SEALING.seal("mail", b"words", DRAW.bytes(NONCE_BYTES))
    assert SEALING.unseal("mail", sealed) == b"words"
    with pytest.raises(NotSealedHere, match="not sealed here"):
        SEALING.unseal("backer ticket", sealed)


def test_what_is_bound_to_one_thing_is_not_opened_for_another() -> None:
    sealed = SEALING.seal("mail", b"words", DRAW.bytes(NONCE_BYTES), b"this one")
    assert SEALING.unseal("mail", sealed, b"this one") == b"words"
    for other in (b"that one", b""):
        with pytest.raises(NotSealedHere):
            SEALING.unseal("mail", sealed, other)
        assert not SEALING.is_newest("mail", sealed, other)


def test_while_one_secret_replaces_another_the_newer_seals_and_either_opens() -> None:
    before = SEALING.seal("mail", b"words", DRAW.bytes(NONCE_BYTES))
    both = Sealing([NEW, OLD])
    after = both.seal("mail", b"words", DRAW.bytes(NONCE_BYTES))
    assert [both.unseal("mail", each) for each in (before, after)] == [b"words", b"words"]
    assert [both.is_newest("mail", each) for each in (before, after)] == [False, True]
    assert Sealing([NEW]).unseal("mail", after) == b"words"
    for sealing, sealed in ((Sealing([NEW]), before), (SEALING, after)):
        with pytest.raises(NotSealedHere):
            sealing.unseal("mail", sealed)


def test_the_form_is_a_nonce_and_then_aes_256_gcm_under_a_key_of_the_purpose() -> None:
    """What lies in databases must open after every change of this code."""
    nonce = bytes(range(NONCE_BYTES))
    key = hmac.new(OLD.encode(), b"mail", hashlib.sha256).digest()
    assert SEALING.seal("mail", b"words", nonce) == nonce + AESGCM(key).encrypt(nonce, b"words", None)
    assert SEALING.seal("mail", b"words", nonce, b"one") == nonce + AESGCM(key).encrypt(nonce, b"words", b"one")


@pytest.mark.parametrize("sealed", [b"", b"x", b"x" * NONCE_BYTES, b"x" * 60])
def test_what_was_never_sealed_opens_nothing(sealed: bytes) -> None:
    with pytest.raises(NotSealedHere):
        SEALING.unseal("mail", sealed)


def test_a_change_of_any_byte_is_found() -> None:
    sealed = SEALING.seal("mail", b"words", DRAW.bytes(NONCE_BYTES))
    for place in range(len(sealed)):
        with pytest.raises(NotSealedHere):
            SEALING.unseal("mail", sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :])


@pytest.mark.parametrize("secrets", [[], [""], ["fifteen letters"], [OLD, ""], [OLD, "short"]])
def test_a_secret_too_short_to_protect_anything_is_refused(secrets: list[str]) -> None:
    with pytest.raises(ValueError, match="at least 16"):
        Sealing(secrets)
