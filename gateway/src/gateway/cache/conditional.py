"""Entity tags: made where a service gives none, compared as If-None-Match asks (RFC 9110 section 13.1.2)."""

import re
from collections.abc import Iterable
from hashlib import blake2b

_TAG = re.compile(rb'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_LIST = re.compile(rb"[ \t]*(?:%b[ \t]*)?(?:,[ \t]*(?:%b[ \t]*)?)*\Z" % (_TAG.pattern, _TAG.pattern))


def made_tag(kind: bytes, body: bytes) -> bytes:
    """A strong tag of these very bytes, said to be of this kind."""
    digest = blake2b(body, digest_size=16, key=blake2b(kind, digest_size=32).digest())
    return b'"%b"' % digest.hexdigest().encode()


def unchanged(tag: bytes, if_none_match: Iterable[bytes]) -> bool:
    """Whether a caller who sent these If-None-Match values has the answer with this tag already.

    Weak and strong tags compare alike here; `*` is any answer. A value that is no list of tags matches nothing.
    """
    asked = b", ".join(if_none_match)
    if not asked:
        return False
    if asked.strip() == b"*":
        return True
    if _LIST.match(asked) is None:
        return False
    return tag.removeprefix(b"W/") in _TAG.findall(asked)
