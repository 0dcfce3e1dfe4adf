"""The package is what Apple's format says: checked by OpenSSL and by a reading of the manifest written here."""

import hashlib
import json
import re
import subprocess
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from devstack.certificates import Certificates
from wallet.domain.face import Face
from wallet.formats.apple_credentials import AppleCredentials
from wallet.formats.pkpass import build_pkpass, signature


def unpacked(package: bytes) -> dict[str, bytes]:
    """File name to content."""
    with zipfile.ZipFile(BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def openssl_accepts(content: bytes, signed: bytes, root: Path, folder: Path) -> bool:
    """Whether OpenSSL verifies `signed` over `content` up to `root`."""
    (folder / "manifest.json").write_bytes(content)
    (folder / "signature").write_bytes(signed)
    command = "openssl cms -verify -binary -inform DER -in signature -content manifest.json -purpose any -out /dev/null"
    done = subprocess.run([*command.split(), "-CAfile", root], cwd=folder, capture_output=True, timeout=30, check=False)
    return done.returncode == 0


def manifest_faults(files: dict[str, bytes]) -> list[str]:
    """Every file that is not listed, not there, or not what the manifest says."""
    listed: dict[str, str] = json.loads(files["manifest.json"])
    present = set(files) - {"manifest.json", "signature"}
    changed = {name for name in present & set(listed) if hashlib.sha1(files[name]).hexdigest() != listed[name]}
    return sorted((present ^ set(listed)) | changed)


def test_openssl_verifies_the_signature_and_every_file_is_in_the_manifest(
    face: Face, credentials: AppleCredentials, root_pem: Path, tmp_path: Path
) -> None:
    files = unpacked(build_pkpass(face, credentials))
    assert openssl_accepts(files["manifest.json"], files["signature"], root_pem, tmp_path)
    assert manifest_faults(files) == []
    assert sorted(files) == [
        "cs.lproj/pass.strings",
        "de.lproj/pass.strings",
        "es.lproj/pass.strings",
        "fr.lproj/pass.strings",
        "icon.png",
        "icon@2x.png",
        "icon@3x.png",
        "logo.png",
        "logo@2x.png",
        "logo@3x.png",
        "manifest.json",
        "pass.json",
        "signature",
    ]


def test_the_content_is_absent_from_the_signature_and_the_digest_is_sha256(
    face: Face, credentials: AppleCredentials
) -> None:
    files = unpacked(build_pkpass(face, credentials))
    command = ["openssl", "cms", "-cmsout", "-print", "-inform", "DER"]
    shown = subprocess.run(command, input=files["signature"], capture_output=True, timeout=30, check=True).stdout
    assert b"eContent: <ABSENT>" in shown
    assert re.search(rb"digestAlgorithm:\s+algorithm: sha256 ", shown)
    assert b"signingTime" in shown
    assert b"Apple Worldwide Developer Relations Certification Authority" in shown


def test_a_manifest_with_line_breaks_still_verifies(
    credentials: AppleCredentials, root_pem: Path, tmp_path: Path
) -> None:
    content = json.dumps({"pass.json": "00", "icon.png": "11"}, indent=2).encode()
    assert b"\n" in content
    assert openssl_accepts(content, signature(content, credentials), root_pem, tmp_path)


def test_a_changed_manifest_or_a_strange_root_does_not_verify(
    face: Face, credentials: AppleCredentials, strangers: Certificates, root_pem: Path, tmp_path: Path
) -> None:
    files = unpacked(build_pkpass(face, credentials))
    assert not openssl_accepts(files["manifest.json"] + b" ", files["signature"], root_pem, tmp_path)
    assert not openssl_accepts(files["manifest.json"], files["signature"], strangers.apple / "root.pem", tmp_path)


@pytest.mark.parametrize("victim", ["icon.png", "pass.json", "cs.lproj/pass.strings"])
def test_a_tampered_file_is_detected(face: Face, credentials: AppleCredentials, victim: str) -> None:
    files = unpacked(build_pkpass(face, credentials))
    files[victim] += b" "
    assert manifest_faults(files) == [victim]


def test_an_added_and_a_removed_file_are_detected(face: Face, credentials: AppleCredentials) -> None:
    files = unpacked(build_pkpass(face, credentials))
    del files["icon.png"]
    files["strip.png"] = b"x"
    assert manifest_faults(files) == ["icon.png", "strip.png"]


@pytest.mark.parametrize(
    ("event", "holder"),
    [('Žižkov "& <b>', "ليلى أحمد"), ("Line\nbreak \\ and \u2028", "Zoë 🎟"), ("東京", "O'Brien; DROP")],
)
def test_names_arrive_exactly_as_they_were_written(
    face: Face, credentials: AppleCredentials, event: str, holder: str
) -> None:
    files = unpacked(
        build_pkpass(replace(face, holder=holder, gathering=replace(face.gathering, name=event)), credentials)
    )
    document = json.loads(files["pass.json"])
    assert document["eventTicket"]["primaryFields"][0]["value"] == event
    assert document["eventTicket"]["auxiliaryFields"][0]["value"] == holder
    assert (document["semantics"]["eventName"], document["semantics"]["attendeeName"]) == (event, holder)


def test_the_same_inputs_give_the_same_files_in_the_same_order(face: Face, credentials: AppleCredentials) -> None:
    first, second = build_pkpass(face, credentials), build_pkpass(face, credentials)
    with zipfile.ZipFile(BytesIO(first)) as one, zipfile.ZipFile(BytesIO(second)) as two:
        heads = [[(entry.filename, entry.date_time, entry.external_attr) for entry in zf.filelist] for zf in (one, two)]
    assert heads[0] == heads[1]
    # The signature carries the second in which it was made; everything else is equal whenever it is built.
    assert unpacked(first) | {"signature": b""} == unpacked(second) | {"signature": b""}


def test_icons_have_the_sizes_of_the_three_screens_and_the_organisations_colour(
    face: Face, credentials: AppleCredentials
) -> None:
    look = replace(face.look, background="#aa3300")
    files = unpacked(build_pkpass(replace(face, look=look), credentials))
    sizes = {}
    for name in ("icon.png", "icon@2x.png", "icon@3x.png", "logo.png", "logo@2x.png", "logo@3x.png"):
        with Image.open(BytesIO(files[name])) as image:
            sizes[name] = image.size
            assert image.convert("RGB").getpixel((0, image.height - 1)) == (0xAA, 0x33, 0x00)
    assert sizes == {
        "icon.png": (29, 29),
        "icon@2x.png": (58, 58),
        "icon@3x.png": (87, 87),
        "logo.png": (50, 50),
        "logo@2x.png": (100, 100),
        "logo@3x.png": (150, 150),
    }
