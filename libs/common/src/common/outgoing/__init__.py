"""HTTP to the outside: payment providers, Google, organisers' own systems.

Addresses may come from people, so every call is guarded here, once: `https` only, no private or special-purpose address
(a name is looked up once per connection, and the connection goes to the very addresses that were checked), no
redirects, no proxies, no cookies, one deadline for everything and a cap on what is read. Bodies, paths and queries are
never logged: they carry names, tokens and amounts.

A caller that moves money must know whether the other side may have acted, so the refusals tell it apart:
`DestinationRefused` and `DestinationUnreachable` mean that nothing was sent; after `NoAnswer`, `AnswerTooLarge` and
`AnswerEncoded` the request may have been carried out.
"""

from common.outgoing.addresses import Lookup, is_public
from common.outgoing.answers import (
    Answer,
    AnswerEncoded,
    AnswerMalformed,
    AnswerTooLarge,
    DestinationRefused,
    DestinationUnreachable,
    NoAnswer,
)
from common.outgoing.client import Outgoing

__all__ = [
    "Answer",
    "AnswerEncoded",
    "AnswerMalformed",
    "AnswerTooLarge",
    "DestinationRefused",
    "DestinationUnreachable",
    "Lookup",
    "NoAnswer",
    "Outgoing",
    "is_public",
]
