"""How the gateway speaks to the services: its own pooled HTTP/1.1 client on llhttp."""

from gateway.upstream.connection import AnswerMalformed, Connection, ConnectionBroken, OutOfTime
from gateway.upstream.pool import Exchange, Pool, Request, Unreachable

__all__ = [
    "AnswerMalformed",
    "Connection",
    "ConnectionBroken",
    "Exchange",
    "OutOfTime",
    "Pool",
    "Request",
    "Unreachable",
]
