"""Object storage behind one URL: a directory by default (`file:///…`), a bucket in production (`s3://bucket/prefix`).

The content type follows from the key's ending and from nothing else, so what is served is what we decided when we
named it, on every kind of storage (a plain directory could not remember a type). Names are the caller's; make them
unguessable where the bytes are not for everyone. For `s3://` the usual `AWS_…` variables give region, endpoint and
credentials.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, ObjectStore, S3Store

CONTENT_TYPES: Final = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "zip": "application/zip",
    "pkpass": "application/vnd.apple.pkpass",
    "json": "application/json",
}
_KEY: Final = re.compile(r"(?:[a-z0-9][a-z0-9_-]*/)*[a-z0-9][a-z0-9_-]*\.([a-z0-9]+)")
_LONGEST_KEY: Final = 255


class KeyNotAllowed(ValueError):
    """A key is lower-case letters, digits, `-` and `_` in folders parted by `/`, with a known ending."""


class ObjectAlreadyStored(Exception):
    """Something is kept under this key, and the caller did not ask to replace it."""


class UnsupportedStorage(ValueError):
    """Storage is a `file:///absolute/path` or an `s3://bucket/prefix` URL."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """Bytes and the content type to serve them with."""

    data: bytes
    content_type: str


class Storage:
    """Bytes under keys. Build it with `from_url`."""

    def __init__(self, store: ObjectStore, *, is_bucket: bool) -> None:
        self._store = store
        self._is_bucket = is_bucket

    @classmethod
    def from_url(cls, url: str) -> "Storage":
        """The storage at `url`; a directory is made if it is not there. Raises UnsupportedStorage."""
        parts = urlsplit(url)
        if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
            return cls(LocalStore(Path(unquote(parts.path)), mkdir=True), is_bucket=False)
        if parts.scheme == "s3" and parts.netloc:
            return cls(S3Store.from_url(url), is_bucket=True)
        raise UnsupportedStorage(f"not a storage URL this platform knows: {parts.scheme or url}")

    async def put(self, key: str, data: bytes, *, replace: bool = False) -> None:
        """Keep `data` under `key`. Raises KeyNotAllowed; ObjectAlreadyStored unless `replace` is asked for."""
        content_type = content_type_of(key)
        try:
            await obstore.put_async(
                self._store,
                key,
                data,
                attributes={"Content-Type": content_type} if self._is_bucket else None,
                mode="overwrite" if replace else "create",
                use_multipart=False,
            )
        except (AlreadyExistsError, FileExistsError):
            raise ObjectAlreadyStored(key) from None

    async def get(self, key: str) -> StoredObject | None:
        """What is kept under `key`, or None. Raises KeyNotAllowed."""
        content_type = content_type_of(key)
        try:
            found = await obstore.get_async(self._store, key)
            return StoredObject(bytes(await found.bytes_async()), content_type)
        except FileNotFoundError:
            return None

    async def exists(self, key: str) -> bool:
        """Whether something is kept under `key`. Raises KeyNotAllowed."""
        content_type_of(key)
        try:
            await obstore.head_async(self._store, key)
        except FileNotFoundError:
            return False
        return True

    async def delete(self, key: str) -> None:
        """Forget what is kept under `key`; deleting twice is no fault. Raises KeyNotAllowed."""
        content_type_of(key)
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            # A bucket answers the same whether or not the object was there, so this would mean that the bucket itself
            # is missing, and erased people would stay wherever it really is.
            if self._is_bucket:
                raise


def content_type_of(key: str) -> str:
    """The type `key` is served with, from its ending. Raises KeyNotAllowed."""
    match = _KEY.fullmatch(key)
    if match is None or len(key) > _LONGEST_KEY or match[1] not in CONTENT_TYPES:
        raise KeyNotAllowed(key)
    return CONTENT_TYPES[match[1]]
