"""The gateway's own HTTP/1.1 server: connections on llhttp, with the limits and the order of leaving that an edge needs."""

from gateway.edge.connection import Connection
from gateway.edge.server import Edge, Server

__all__ = ["Connection", "Edge", "Server"]
