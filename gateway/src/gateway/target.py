"""What a request may look like before anything is done with it: its target and the headers that decide its meaning.

The gateway decides by the path and the service decides by the path, so both must read the same one. Whatever two
parsers could read differently (an encoded slash, a dot segment, a NUL, an absolute form) is refused, never mended.
"""

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from common.refusals import Refusal
from gateway.errors import HostRefused, MalformedRequest, TargetRefused
from gateway.headers import Inbound

MAX_TARGET = 8 * 1024
"""Bytes of path and query together."""

_ORDINARY = re.compile(rb"(?:/[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]*)+\Z")
_PATH = re.compile(rb"/[A-Za-z0-9._~!$&'()*+,;=:@/%-]*\Z")
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_HOST = re.compile(rb"[A-Za-z0-9.:_\[\]-]{1,255}\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def decoded_path(raw_path: bytes) -> str:
    """The path with its escapes read once, as the services read it.

    Raises:
        TargetRefused: the path could be read in two ways.
    """
    if _ORDINARY.match(raw_path):
        return raw_path.decode("ascii")
    if b"\\" in raw_path:
        raise TargetRefused(reason="a backslash")
    if not _PATH.match(raw_path):
        raise TargetRefused(reason="a character that a path cannot hold")
    if _BROKEN_ESCAPE.search(raw_path):
        raise TargetRefused(reason="a broken percent escape")
    return _read_escapes(raw_path)


def _read_escapes(raw_path: bytes) -> str:
    decoded = unquote_to_bytes(raw_path)
    if decoded.count(b"/") != raw_path.count(b"/"):
        raise TargetRefused(reason="an encoded slash")
    if b"\\" in decoded:
        raise TargetRefused(reason="a backslash")
    try:
        path = decoded.decode("utf-8")
    except UnicodeDecodeError:
        raise TargetRefused(reason="an escape that is not UTF-8") from None
    if _CONTROL.search(path):
        raise TargetRefused(reason="a control character")
    if any(segment in (".", "..") for segment in path.split("/")):
        raise TargetRefused(reason="a dot segment")
    return path


def fault_of(target: bytes, inbound: Inbound, version: str) -> Refusal | None:
    """What is wrong with a request that the parser let pass: its target's form, its Host, its framing; None if nothing.

    The parser refuses two lengths, and a length beside a transfer coding. It lets other codings, HTTP/0.9 and any
    number of Host headers through.
    """
    if version not in ("1.1", "1.0"):
        return MalformedRequest()
    if not target.startswith(b"/"):
        return TargetRefused(reason="more than a path")
    if b"#" in target:
        return TargetRefused(reason="a fragment")
    if len(target) > MAX_TARGET:
        return TargetRefused(reason=f"more than {MAX_TARGET} bytes")
    if inbound.chunked and (inbound.odd_coding or version == "1.0"):
        return MalformedRequest()
    return None if len(inbound.hosts) == 1 and _is_host(inbound.hosts[0]) else HostRefused()


@lru_cache(maxsize=1000)
def _is_host(value: bytes) -> bool:
    return _HOST.match(value) is not None
