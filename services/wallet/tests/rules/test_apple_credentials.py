"""Credentials that a phone would refuse are refused here first, and the refusal names both values."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.x509.oid import NameOID

from wallet.errors import (
    CertificateNotCurrent,
    CredentialUnreadable,
    KeyOfAnotherCertificate,
    WrongIntermediate,
    WrongPassType,
    WrongTeam,
)
from wallet.formats.apple_credentials import AppleCredentials, read_apple_credentials

NOW: Final = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
PASS_TYPE: Final = "pass.test.lanyard"
TEAM: Final = "TEAM123456"


@dataclass(frozen=True)
class Signer:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key in PEM."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def certify(
    names: dict[x509.ObjectIdentifier, str],
    issuer: Signer | None,
    *,
    key: rsa.RSAPrivateKey | None = None,
    authority: bool = False,
    valid: tuple[timedelta, timedelta] = (timedelta(days=-1), timedelta(days=30)),
) -> Signer:
    """Issue a certificate whose validity is counted from NOW; self-signed without `issuer`."""
    own = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(name, value) for name, value in names.items()])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + valid[0])
        .not_valid_after(NOW + valid[1])
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .sign(issuer.key if issuer else own, hashes.SHA256())
    )
    return Signer(certificate, own)


@dataclass(frozen=True)
class Chain:
    """Root, intermediate and pass certificate."""

    root: Signer
    intermediate: Signer
    leaf: Signer

    def leaf_for(
        self,
        pass_type: str = PASS_TYPE,
        team: str = TEAM,
        valid: tuple[timedelta, timedelta] = (timedelta(days=-1), timedelta(days=30)),
    ) -> Signer:
        """Another pass certificate from the same intermediate, with the same key."""
        return certify(leaf_names(pass_type, team), self.intermediate, key=self.leaf.key, valid=valid)


def leaf_names(pass_type: str, team: str) -> dict[x509.ObjectIdentifier, str]:
    """The subject of a pass certificate as Apple writes it."""
    return {
        NameOID.USER_ID: pass_type,
        NameOID.COMMON_NAME: f"Pass Type ID: {pass_type}",
        NameOID.ORGANIZATIONAL_UNIT_NAME: team,
    }


@pytest.fixture(scope="session")
def chain() -> Chain:
    """Root → a stand-in for Apple's WWDR → pass certificate."""
    root = certify({NameOID.COMMON_NAME: "Test Root"}, None, authority=True)
    names = {NameOID.COMMON_NAME: "Apple Worldwide Developer Relations Certification Authority"}
    intermediate = certify(names | {NameOID.ORGANIZATIONAL_UNIT_NAME: "G4"}, root, authority=True)
    return Chain(root, intermediate, certify(leaf_names(PASS_TYPE, TEAM), intermediate))


def read(chain: Chain, leaf: Signer | None = None, /, **changed: bytes) -> AppleCredentials:
    """Read the chain's credentials with some parts replaced."""
    signer = leaf or chain.leaf
    parts = {"certificate": signer.pem, "key": signer.key_pem, "intermediate": chain.intermediate.pem} | changed
    return read_apple_credentials(**parts, pass_type_id=PASS_TYPE, team_id=TEAM, now=NOW)


def test_fitting_credentials_are_read_and_say_until_when_they_last(chain: Chain) -> None:
    credentials = read(chain)
    assert (credentials.pass_type_id, credentials.team_id) == (PASS_TYPE, TEAM)
    assert credentials.valid_until == NOW + timedelta(days=30)


def test_a_renewed_certificate_has_another_fingerprint(chain: Chain) -> None:
    assert read(chain).fingerprint != read(chain, chain.leaf_for()).fingerprint


def test_a_key_of_another_certificate_is_refused(chain: Chain) -> None:
    with pytest.raises(KeyOfAnotherCertificate):
        read(chain, key=chain.root.key_pem)


def test_a_certificate_for_another_pass_type_is_refused_naming_both(chain: Chain) -> None:
    with pytest.raises(WrongPassType, match=f"pass.test.other, but {PASS_TYPE}"):
        read(chain, chain.leaf_for(pass_type="pass.test.other"))


def test_a_certificate_of_another_team_is_refused_naming_both(chain: Chain) -> None:
    with pytest.raises(WrongTeam, match=f"OTHER00000, but {TEAM}"):
        read(chain, chain.leaf_for(team="OTHER00000"))


def test_a_certificate_that_names_no_pass_type_is_refused(chain: Chain) -> None:
    with pytest.raises(WrongPassType, match=r"\(none\)"):
        read(chain, certify({}, chain.intermediate, key=chain.leaf.key))


@pytest.mark.parametrize("days", [(-30, -1), (1, 30)])
def test_a_lapsed_or_future_certificate_is_refused_with_its_dates(chain: Chain, days: tuple[int, int]) -> None:
    begin, end = timedelta(days=days[0]), timedelta(days=days[1])
    with pytest.raises(CertificateNotCurrent, match=(NOW + end).isoformat().replace("+", r"\+")):
        read(chain, chain.leaf_for(valid=(begin, end)))


def test_a_lapsed_intermediate_is_refused(chain: Chain) -> None:
    names = {attribute.oid: str(attribute.value) for attribute in chain.intermediate.certificate.subject}
    lapsed = certify(
        names,
        chain.root,
        key=chain.intermediate.key,
        authority=True,
        valid=(timedelta(days=-9), timedelta(days=-1)),
    )
    with pytest.raises(CertificateNotCurrent, match="intermediate"):
        read(chain, intermediate=lapsed.pem)


def test_an_intermediate_that_did_not_issue_the_certificate_is_refused(chain: Chain) -> None:
    with pytest.raises(WrongIntermediate, match="Test Root"):
        read(chain, intermediate=chain.root.pem)


def test_an_intermediate_with_the_right_name_and_another_key_is_refused(chain: Chain) -> None:
    names = {attribute.oid: str(attribute.value) for attribute in chain.intermediate.certificate.subject}
    with pytest.raises(WrongIntermediate):
        read(chain, intermediate=certify(names, chain.root, authority=True).pem)


@pytest.mark.parametrize("part", ["certificate", "key", "intermediate"])
def test_a_part_that_is_not_pem_is_named(chain: Chain, part: str) -> None:
    with pytest.raises(CredentialUnreadable, match=part):
        read(chain, None, **{part: b"-----BEGIN NOTHING-----"})


def test_a_key_with_a_password_or_of_another_kind_is_unreadable(chain: Chain) -> None:
    locked = chain.leaf.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    other = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for key in (locked, other):
        with pytest.raises(CredentialUnreadable, match="private key"):
            read(chain, key=key)


def test_a_key_with_equal_size_but_other_numbers_is_another_key(chain: Chain) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signer = Signer(certify(leaf_names(PASS_TYPE, TEAM), chain.intermediate).certificate, key)
    with pytest.raises(KeyOfAnotherCertificate):
        read(chain, signer)
