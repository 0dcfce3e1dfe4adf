"""The Apple package: `pass.json` with its images and translations, a manifest of their hashes, and a signature over it.

The libraries for this that we tried sign with SHA-1, start a process per pass or put the content inside the signature;
the format is small enough to write well. Apart from the moment of signing, the same inputs give the same bytes.
"""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from io import BytesIO
from typing import Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from wallet.domain.face import Face
from wallet.formats.apple_credentials import AppleCredentials
from wallet.formats.pass_images import pass_images
from wallet.formats.pass_json import UpdateService, pass_document
from wallet.formats.pass_words import TRANSLATIONS, strings_file

_FIRST_ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE: Final = 0o100644 << 16


def build_pkpass(face: Face, credentials: AppleCredentials, updates: UpdateService | None = None) -> bytes:
    """The whole signed package for one wallet pass."""
    document = pass_document(face, pass_type_id=credentials.pass_type_id, team_id=credentials.team_id, updates=updates)
    files = {
        "pass.json": json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(),
        **pass_images(face.look.background, face.look.foreground),
        **{f"{language}.lproj/pass.strings": strings_file(words) for language, words in TRANSLATIONS.items()},
    }
    listed = manifest(files)
    return _zipped({**files, "manifest.json": listed, "signature": signature(listed, credentials)})


def manifest(files: Mapping[str, bytes]) -> bytes:
    """`manifest.json`: the SHA-1 of every file. The algorithm is Apple's choice; the signature over it uses SHA-256."""
    listed = {name: hashlib.sha1(content, usedforsecurity=False).hexdigest() for name, content in files.items()}
    return json.dumps(listed, sort_keys=True, separators=(",", ":")).encode()


def signature(content: bytes, credentials: AppleCredentials) -> bytes:
    """A detached PKCS#7 signature in DER over exactly `content`, carrying the certificate and Apple's intermediate."""
    return (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(content)
        .add_signer(credentials.certificate, credentials.key, hashes.SHA256())
        .add_certificate(credentials.intermediate)
        .sign(
            serialization.Encoding.DER,
            # Without Binary the signer turns line feeds into CRLF first, and signs bytes that are not in the package.
            [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary],
        )
    )


def _zipped(files: Mapping[str, bytes]) -> bytes:
    package = BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _FIRST_ZIP_DATE)
            entry.create_system = 3
            entry.external_attr = _PLAIN_FILE
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, compresslevel=6)
    return package.getvalue()
