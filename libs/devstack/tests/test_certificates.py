"""The devstack's certificates have Apple's shape, verify as a chain with OpenSSL, and are renewed before they lapse."""

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from devstack.certificates import PASS_TYPE_ID, TEAM_ID, Certificates, make_certificates

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"), datetime.now(UTC))


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_the_pass_certificate_names_pass_type_and_team_as_apples_do(made: Certificates) -> None:
    leaf = read(made.apple / "certificate.pem")
    subject = {attribute.oid: attribute.value for attribute in leaf.subject}
    assert subject[NameOID.USER_ID] == "pass.dev.lanyard"
    assert subject[NameOID.COMMON_NAME] == "Pass Type ID: pass.dev.lanyard"
    assert subject[NameOID.ORGANIZATIONAL_UNIT_NAME] == TEAM_ID
    extension = leaf.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.2.840.113635.100.6.1.16")).value
    assert isinstance(extension, x509.UnrecognizedExtension)
    assert extension.value == b"\x0c\x10" + PASS_TYPE_ID.encode()


def test_the_intermediate_has_the_name_and_serial_validators_look_for(made: Certificates) -> None:
    intermediate = read(made.apple / "intermediate.pem")
    names = {attribute.oid: attribute.value for attribute in intermediate.subject}
    assert names[NameOID.COMMON_NAME] == "Apple Worldwide Developer Relations Certification Authority"
    assert f"{intermediate.serial_number:x}" == "13dc77955271e53dc632e8ccffe521f3ccc5ced2"


def test_the_key_belongs_to_the_certificate(made: Certificates) -> None:
    key = serialization.load_pem_private_key((made.apple / "key.pem").read_bytes(), None)
    assert key.public_key() == read(made.apple / "certificate.pem").public_key()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the independent verifier is not installed")
def test_openssl_accepts_a_detached_signature_through_the_chain(made: Certificates, tmp_path: Path) -> None:
    apple = made.apple
    (tmp_path / "manifest").write_text('{"pass.json": "0"}\n')
    sign = ["openssl", "cms", "-sign", "-binary", "-in", "manifest", "-outform", "DER", "-out", "signature"]
    sign += [
        "-signer",
        f"{apple}/certificate.pem",
        "-inkey",
        f"{apple}/key.pem",
        "-certfile",
        f"{apple}/intermediate.pem",
    ]
    verify = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature", "-content", "manifest"]
    verify += ["-CAfile", f"{apple}/root.pem", "-purpose", "any"]
    subprocess.run(sign, cwd=tmp_path, check=True, capture_output=True)
    assert subprocess.run(verify, cwd=tmp_path, check=False, capture_output=True).returncode == 0
    (tmp_path / "manifest").write_text('{"pass.json": "1"}\n')
    assert subprocess.run(verify, cwd=tmp_path, check=False, capture_output=True).returncode != 0


def test_the_service_account_has_what_googles_libraries_read(made: Certificates) -> None:
    account = json.loads(made.google.read_text())
    assert account["type"] == "service_account"
    assert account["client_email"] == "wallet@lanyard-devstack.iam.gserviceaccount.com"
    assert serialization.load_pem_private_key(account["private_key"].encode(), None)
    assert len(account["private_key_id"]) == 40


def test_private_files_are_for_their_owner_alone(made: Certificates) -> None:
    for file in (made.apple / "key.pem", made.google):
        assert file.stat().st_mode & 0o777 == 0o600


def test_they_are_made_once_and_again_before_they_lapse(tmp_path: Path) -> None:
    first = make_certificates(tmp_path, NOW)
    serial, account = read(first.apple / "certificate.pem").serial_number, first.google.read_text()
    make_certificates(tmp_path, NOW + timedelta(days=365))
    assert read(first.apple / "certificate.pem").serial_number == serial
    make_certificates(tmp_path, NOW + timedelta(days=5 * 365 - 20))
    assert read(first.apple / "certificate.pem").serial_number != serial
    assert first.google.read_text() == account
    assert sorted(file.name for file in tmp_path.iterdir()) == ["apple", "google-service-account.json"]
