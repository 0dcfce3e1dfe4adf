"""Seals, hashes, tokens and the words of mails."""

import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from common.ids import BackerId, ChallengeId, SignInId, UserId
from common.testing import SeededEntropy
from common.tokens import SigningKey, VerifyingKeys
from identity.domain.mail_schedule import next_attempt
from identity.formats import mails
from identity.formats.access_tokens import AccessTokens
from identity.formats.vault import Vault

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
VAULT = Vault("a pepper for tests only")
DRAW = SeededEntropy()
BACKER = BackerId.new(NOW, DRAW)
TICKET = VAULT.seal_ticket(BACKER, NOW, timedelta(minutes=15), DRAW.bytes(12))


def test_a_ticket_names_its_backer_until_its_fifteen_minutes_are_over() -> None:
    assert VAULT.open_ticket(TICKET, NOW + timedelta(minutes=14, seconds=59)) == BACKER
    assert VAULT.open_ticket(TICKET, NOW + timedelta(minutes=15)) is None


def test_a_ticket_says_nothing_to_whoever_carries_it() -> None:
    assert BACKER not in TICKET
    assert BACKER.uuid.hex not in TICKET


@pytest.mark.parametrize("forged", ["", "bkt_", TICKET[:-4], TICKET[:20] + "AAAA" + TICKET[24:], "bkt_%%%", "bkt_é"])
def test_a_ticket_changed_by_one_letter_opens_nothing(forged: str) -> None:
    assert VAULT.open_ticket(forged, NOW) is None


def test_a_ticket_sealed_with_another_pepper_opens_nothing() -> None:
    assert Vault("quite another pepper").open_ticket(TICKET, NOW) is None


def test_the_same_code_has_another_hash_for_another_challenge_and_another_pepper() -> None:
    one, two = ChallengeId.new(NOW, DRAW), ChallengeId.new(NOW, DRAW)
    hashes = {VAULT.code_digest(one, "123456"), VAULT.code_digest(two, "123456")}
    hashes.add(Vault("quite another pepper").code_digest(one, "123456"))
    assert len(hashes) == 3


def test_case_width_and_blanks_of_a_backers_name_and_code_do_not_count() -> None:
    assert VAULT.access_code_digest(" User123 ", "abc123") == VAULT.access_code_digest("user123", " ＡＢＣ123")
    assert VAULT.access_code_digest("user123", "abc123") != VAULT.access_code_digest("user124", "abc123")


def test_the_successor_of_a_refresh_token_follows_from_token_and_nonce_alone() -> None:
    assert VAULT.successor("lyr_a", b"nonce") == VAULT.successor("lyr_a", b"nonce")
    others = {VAULT.successor("lyr_b", b"nonce"), VAULT.successor("lyr_a", b"other")}
    assert VAULT.successor("lyr_a", b"nonce") not in others


def test_a_pepper_too_short_to_protect_anything_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        Vault("short")


def test_an_access_token_says_who_and_which_sign_in_for_five_minutes_and_nothing_of_roles() -> None:
    key = SigningKey.generate()
    user_id, sign_in_id = UserId.new(NOW, DRAW), SignInId.new(NOW, DRAW)
    token = AccessTokens(key).issue(user_id, sign_in_id, NOW)
    public = jwt.PyJWK(json.loads(key.public_jwks())["keys"][0], algorithm="EdDSA")
    signed, _, signature = token.rpartition(".")
    assert public.key.verify(jwt.utils.base64url_decode(signature), signed.encode()) is None
    claims = jwt.decode(token, options={"verify_signature": False})
    issued = int(NOW.timestamp())
    assert claims == {
        "iss": "lanyard-identity",
        "aud": "lanyard",
        "sub": user_id,
        "sid": sign_in_id,
        "iat": issued,
        "exp": issued + 300,
    }


def test_during_a_rotation_the_tokens_of_both_keys_are_good() -> None:
    """Scenario 4 (gateway); G20."""
    old, new = SigningKey.generate(), SigningKey.generate()
    user_id, sign_in_id = UserId.new(NOW, DRAW), SignInId.new(NOW, DRAW)
    for signing, further in ((old, new), (new, old)):
        tokens = AccessTokens(signing, further.public_jwks())
        keys = VerifyingKeys(tokens.public_jwks)
        assert keys.key_ids == {old.key.kid, new.key.kid}
        for each in (old, new):
            token = AccessTokens(each).issue(user_id, sign_in_id, NOW)
            assert keys.verify(token, issuer="lanyard-identity", audience="lanyard", now=NOW)["sid"] == sign_in_id


def test_a_private_key_is_never_published() -> None:
    private = json.dumps({"keys": [json.loads(SigningKey.generate().private_json())]})
    with pytest.raises(ValueError, match="one of these is private"):
        AccessTokens(SigningKey.generate(), private)
    assert '"d"' not in AccessTokens(SigningKey.generate()).public_jwks


def test_what_people_wrote_cannot_become_markup_or_another_header() -> None:
    mail = mails.order_paid('<script>alert("x")</script>\r\nBcc: all@example.org', [], "https://lanyard.test/o/t")
    assert "<script>" not in mail.html
    assert "&lt;script&gt;" in mail.html
    assert mail.subject == 'Your tickets for <script>alert("x")</script> Bcc: all@example.org'


def test_a_mail_says_the_same_in_both_parts() -> None:
    mail = mails.order_paid("Jazz & Co", [mails.BoughtLine(2, "Early bird")], "https://lanyard.test/o/secret")
    assert "2 x Early bird" in mail.text
    assert "2 × Early bird" in mail.html
    assert "Jazz & Co" in mail.text
    assert "Jazz &amp; Co" in mail.html
    assert all("https://lanyard.test/o/secret" in part for part in (mail.text, mail.html))
    assert mails.MailText.from_bytes(mail.to_bytes()) == mail


def test_a_mail_is_tried_again_ever_more_rarely() -> None:
    waits = [int((next_attempt(attempts, NOW) - NOW).total_seconds()) for attempts in range(1, 11)]
    assert waits == [2, 5, 15, 60, 300, 900, 1800, 3600, 3600, 3600]
