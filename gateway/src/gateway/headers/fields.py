"""What a header field is, and which fields belong to one hop alone, whichever way they go."""

Header = tuple[bytes, bytes]

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
OF_CONNECTION = frozenset({b"", b"close", b"keep-alive"})
"""What a Connection field may say without naming another field."""
