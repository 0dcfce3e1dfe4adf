"""How the gateway speaks to the services: its own pooled HTTP/1.1 client on llhttp, which knows good replicas from bad."""

from gateway.upstream.connection import Connection
from gateway.upstream.failures import AnswerMalformed, ConnectionBroken, OutOfTime, Unreachable
from gateway.upstream.figures import Figures
from gateway.upstream.pool import Pool
from gateway.upstream.request import Exchange, Request

__all__ = [
    "AnswerMalformed",
    "Connection",
    "ConnectionBroken",
    "Exchange",
    "Figures",
    "OutOfTime",
    "Pool",
    "Request",
    "Unreachable",
]
