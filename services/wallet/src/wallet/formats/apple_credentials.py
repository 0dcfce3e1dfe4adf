"""What signs an Apple pass: the pass certificate, its key and Apple's intermediate (WWDR).

A pass signed with the wrong certificate looks fine to us and is refused by every phone without a word, so everything
that can be known beforehand is checked here, and both values are named.
"""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from wallet.errors import (
    CertificateNotCurrent,
    CredentialUnreadable,
    KeyOfAnotherCertificate,
    WrongIntermediate,
    WrongPassType,
    WrongTeam,
)

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class AppleCredentials:
    """Checked credentials. `fingerprint` tells two versions of a renewed certificate apart."""

    pass_type_id: str
    team_id: str
    certificate: x509.Certificate
    key: PrivateKey
    intermediate: x509.Certificate

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in hex."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def valid_until(self) -> datetime:
        """When the certificate lapses and every new pass would be refused."""
        return self.certificate.not_valid_after_utc


def read_apple_credentials(
    *, certificate: bytes, key: bytes, intermediate: bytes, pass_type_id: str, team_id: str, now: datetime
) -> AppleCredentials:
    """Read three PEM blocks and check that they fit one another, the configured identifiers and `now`.

    Raises CredentialUnreadable, KeyOfAnotherCertificate, WrongPassType, WrongTeam, WrongIntermediate,
    CertificateNotCurrent.
    """
    leaf = _certificate(certificate, "certificate")
    issuer = _certificate(intermediate, "intermediate certificate")
    private = _key(key)
    if _public_bytes(private.public_key()) != _public_bytes(leaf.public_key()):
        raise KeyOfAnotherCertificate
    if (found := _attribute(leaf, NameOID.USER_ID)) != pass_type_id:
        raise WrongPassType(found=found, expected=pass_type_id)
    if (found := _attribute(leaf, NameOID.ORGANIZATIONAL_UNIT_NAME)) != team_id:
        raise WrongTeam(found=found, expected=team_id)
    try:
        leaf.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        raise WrongIntermediate(expected=leaf.issuer.rfc4514_string(), found=issuer.subject.rfc4514_string()) from None
    _require_current(leaf, "certificate", now)
    _require_current(issuer, "intermediate certificate", now)
    return AppleCredentials(pass_type_id, team_id, leaf, private, issuer)


def _certificate(pem: bytes, part: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise CredentialUnreadable(part=part) from None


def _key(pem: bytes) -> PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        raise CredentialUnreadable(part="private key") from None
    if not isinstance(key, PrivateKey):
        raise CredentialUnreadable(part="private key")
    return key


def _public_bytes(key: object) -> bytes:
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise CredentialUnreadable(part="certificate's public key")
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _attribute(certificate: x509.Certificate, name: x509.ObjectIdentifier) -> str:
    found = certificate.subject.get_attributes_for_oid(name)
    return str(found[0].value) if found else "(none)"


def _require_current(certificate: x509.Certificate, part: str, now: datetime) -> None:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begin <= now <= end:
        raise CertificateNotCurrent(part=part, valid_from=begin.isoformat(), valid_until=end.isoformat())
