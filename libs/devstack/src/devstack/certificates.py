"""Test certificates in the shape of the real ones, so that the wallet signs on this machine as it would in production.

Apple's chain is root → "Worldwide Developer Relations" intermediate → pass certificate; Google's half is the JSON key
file of a service account. No phone trusts any of it.
"""

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PASS_TYPE_ID = "pass.dev.lanyard"
TEAM_ID = "LANYARDDEV"
ISSUER_ID = "3388000000000000000"
_PASS_TYPE_EXTENSION = x509.ObjectIdentifier("1.2.840.113635.100.6.1.16")
_APPLE_PASS_USAGE = x509.ObjectIdentifier("1.2.840.113635.100.4.14")
# The serial number of Apple's own G4 intermediate, which third-party validators compare with.
_G4_SERIAL = 0x13DC77955271E53DC632E8CCFFE521F3CCC5CED2
_VALID_FOR = timedelta(days=5 * 365)
_RENEW_BEFORE = timedelta(days=30)


@dataclass(frozen=True)
class Certificates:
    """Where the files lie: `apple/{root,intermediate,certificate,key}.pem` and `google-service-account.json`."""

    directory: Path

    @property
    def apple(self) -> Path:
        """The folder the wallet reads the pass certificate, its key and the intermediate from."""
        return self.directory / "apple"

    @property
    def google(self) -> Path:
        """The service account's key file."""
        return self.directory / "google-service-account.json"


@dataclass(frozen=True)
class _Signer:
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


def make_certificates(directory: Path, now: datetime) -> Certificates:
    """Make what is missing, and the chain again when it is about to lapse."""
    made = Certificates(directory)
    directory.mkdir(parents=True, exist_ok=True)
    if not _is_current(made.apple / "certificate.pem", now):
        _replace(made.apple, _apple_files(now))
    if not made.google.exists():
        _write_private(made.google, json.dumps(_service_account(), indent=2).encode())
    return made


def _is_current(certificate: Path, now: datetime) -> bool:
    if not certificate.exists():
        return False
    return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc > now + _RENEW_BEFORE


def _apple_files(now: datetime) -> dict[str, bytes]:
    root = _issue({NameOID.COMMON_NAME: "Lanyard Devstack Root"}, None, now)
    intermediate = _issue(
        {
            NameOID.COMMON_NAME: "Apple Worldwide Developer Relations Certification Authority",
            NameOID.ORGANIZATIONAL_UNIT_NAME: "G4",
            NameOID.ORGANIZATION_NAME: "Apple Inc.",
            NameOID.COUNTRY_NAME: "US",
        },
        root,
        now,
        serial=_G4_SERIAL,
    )
    leaf = _issue(
        {
            NameOID.USER_ID: PASS_TYPE_ID,
            NameOID.COMMON_NAME: f"Pass Type ID: {PASS_TYPE_ID}",
            NameOID.ORGANIZATIONAL_UNIT_NAME: TEAM_ID,
            NameOID.ORGANIZATION_NAME: "Lanyard Devstack",
            NameOID.COUNTRY_NAME: "US",
        },
        intermediate,
        now,
        leaf=True,
    )
    pem = serialization.Encoding.PEM
    return {
        "root.pem": root.certificate.public_bytes(pem),
        "intermediate.pem": intermediate.certificate.public_bytes(pem),
        "certificate.pem": leaf.certificate.public_bytes(pem),
        "key.pem": _private_pem(leaf.key),
    }


def _issue(
    names: dict[x509.ObjectIdentifier, str],
    issuer: _Signer | None,
    now: datetime,
    *,
    serial: int | None = None,
    leaf: bool = False,
) -> _Signer:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(name, value) for name, value in names.items()])
    issuer_name, issuer_key = (issuer.certificate.subject, issuer.key) if issuer else (subject, key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID_FOR)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(x509.BasicConstraints(ca=not leaf, path_length=None), critical=True)
        .add_extension(_key_usage(leaf=leaf), critical=True)
    )
    if leaf:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, _APPLE_PASS_USAGE]), critical=False
        ).add_extension(_pass_type(), critical=False)
    return _Signer(builder.sign(issuer_key, hashes.SHA256()), key)


def _key_usage(*, leaf: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=leaf,
        key_cert_sign=not leaf,
        crl_sign=not leaf,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pass_type() -> x509.UnrecognizedExtension:
    """Apple's own extension: the pass type id as a DER UTF8String."""
    text = PASS_TYPE_ID.encode()
    return x509.UnrecognizedExtension(_PASS_TYPE_EXTENSION, bytes([0x0C, len(text)]) + text)


def _service_account() -> dict[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {
        "type": "service_account",
        "project_id": "lanyard-devstack",
        "private_key_id": hashlib.sha1(public, usedforsecurity=False).hexdigest(),
        "private_key": _private_pem(key).decode(),
        "client_email": "wallet@lanyard-devstack.iam.gserviceaccount.com",
        "client_id": "100000000000000000000",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "universe_domain": "googleapis.com",
    }


def _private_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _replace(directory: Path, contents: dict[str, bytes]) -> None:
    """All files or none: a certificate beside the key of another is worse than none."""
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=directory.parent))
    for name, content in contents.items():
        _write_private(fresh / name, content)
    if directory.exists():
        shutil.rmtree(directory)
    fresh.rename(directory)


def _write_private(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
