"""The devstack's passwords and keys: drawn once, kept in one file that only its owner may read.

A secret is named by what it opens; asking for a name nobody asked for before draws it. So a new service or a new key needs no change here.
"""

import json
import os
import secrets
from pathlib import Path

from common.tokens import SigningKey

_BYTES = 24


class Secrets:
    """Everything in the file, by name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}

    def word(self, name: str) -> str:
        """A password or shared secret, of characters that need no quoting anywhere.

        It begins with a letter: nats-server reads the value of an environment reference as configuration, and takes what
        begins with a digit or a minus for a number.
        """
        if name not in self._values:
            self._keep(name, "L" + secrets.token_urlsafe(_BYTES))
        return self._values[name]

    def key(self, name: str) -> SigningKey:
        """An Ed25519 signing key, kept as a private JWK."""
        if name not in self._values:
            self._keep(name, SigningKey.generate().private_json())
        return SigningKey.from_json(self._values[name])

    def _keep(self, name: str, value: str) -> None:
        """Write through a second file: an interrupted write must not lose what opens the databases."""
        self._values[name] = value
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix(".part")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(self._values, file, indent=2, sort_keys=True)
        partial.rename(self._path)
