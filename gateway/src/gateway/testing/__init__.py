"""A world around a real gateway, for its tests: services and identity that speak raw HTTP at its edge."""

from gateway.testing.fakes import OK, FakeService, json_answer
from gateway.testing.identity import FakeIdentity
from gateway.testing.wire import Answer, Heard
from gateway.testing.world import RunGateway, World, holds, start_gateway

__all__ = [
    "OK",
    "Answer",
    "FakeIdentity",
    "FakeService",
    "Heard",
    "RunGateway",
    "World",
    "holds",
    "json_answer",
    "start_gateway",
]
