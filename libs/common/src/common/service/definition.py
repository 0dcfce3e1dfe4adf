"""What a service says about itself, and what it is handed to work with."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from fastapi import APIRouter
from prometheus_client import CollectorRegistry
from sqlalchemy import MetaData
from starlette.types import ASGIApp

from common.bus import Bus
from common.clock import Clock, Entropy
from common.db import Database, Transaction
from common.inbox import Handlers
from common.jobs import Job
from common.service.settings import ServiceSettings

Settings = TypeVar("Settings", bound=ServiceSettings)

Command = Callable[[dict[str, Any]], Awaitable[object]]
Commands = Mapping[str, Command]


@dataclass
class Runtime(Generic[Settings]):
    """What a composition root builds with. `bus` is None until the process has started, and while it only prints its API.

    `registry` holds what `/metrics` shows.
    """

    settings: Settings
    database: Database
    clock: Clock
    entropy: Entropy
    bus: Bus | None = None
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)


@dataclass(frozen=True)
class Parts:
    """What a composition root built.

    Attributes:
        routers: the routes of `api.py`.
        handlers: the table `message → action` of `consumers.py`.
        jobs: clock-driven work.
        commands: what operators can run, by name.
        republish: publishes the current state of every aggregate and returns how many; see `./lanyard republish`.
        state: what routes reach through `request.app.state`.
        lifespan: opens what needs closing (an SMTP pool, an HTTP client).
        around: ASGI middleware outside of all that the house puts around a service.
    """

    routers: list[APIRouter]
    handlers: Handlers = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    commands: Commands = field(default_factory=dict)
    republish: Callable[[Transaction], Awaitable[int]] | None = None
    state: Mapping[str, object] = field(default_factory=dict)
    lifespan: Callable[[], AbstractAsyncContextManager[None]] | None = None
    around: Sequence[Callable[[ASGIApp], ASGIApp]] = ()


@dataclass(frozen=True)
class Service(Generic[Settings]):
    """A service: its name, its settings, its tables and how it is put together."""

    name: str
    settings: type[Settings]
    metadata: MetaData
    build: Callable[[Runtime[Settings]], Parts]
