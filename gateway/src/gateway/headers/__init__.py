"""Which header fields cross the gateway, in both directions, and how those of an answer are written.

Inward: nothing that says who is asking or where from may come from the client, in any spelling; nothing that belongs to
one hop goes to the next (RFC 9110 section 7.6.1). Outward: the same hygiene, and the security headers every answer carries.
"""

from gateway.headers.fields import Header
from gateway.headers.inward import Inbound
from gateway.headers.lines import date_line, line_of, status_line
from gateway.headers.outward import SECURITY, STRICT_TRANSPORT, pass_out, with_own

__all__ = [
    "SECURITY",
    "STRICT_TRANSPORT",
    "Header",
    "Inbound",
    "date_line",
    "line_of",
    "pass_out",
    "status_line",
    "with_own",
]
