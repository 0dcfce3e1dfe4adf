"""releases under test, and the webhooks Railway sends."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from common.testing import Running, RunService, running
from common.testing.servers import Servers
from releases.main import service

SECRETS = "first-secret-of-the-two, second-secret-of-the-two"
COMMIT = "4bf92f3577b34da6a3ce929d0e0e4736aabbccdd"

Webhook = Callable[..., dict[str, Any]]


@pytest.fixture
def run(servers: Servers) -> RunService:
    @asynccontextmanager
    async def start(**options: Any) -> AsyncIterator[Running]:
        settings = {"railway_secrets": SECRETS, "public_url": "https://lanyard.test/", **options.pop("settings", {})}
        async with running(service, servers, settings=settings, **options) as world:
            yield world

    return start


@pytest.fixture
def address() -> str:
    """Where Railway's webhook is, with the first of the two secrets."""
    return "/v1/deployments/railway/first-secret-of-the-two"


@pytest.fixture
def new_format() -> Webhook:
    """A webhook in the format Railway documents since 21 November 2025."""

    def make(
        kind: str = "Deployment.deployed",
        *,
        deployment: str = "8107edff-4b8e-44fc-b43a-04566e847a2a",
        at: str = "2026-11-20T17:48:42.311Z",
        environment: str = "production",
        ephemeral: bool = False,
        service: str = "commerce",
        **details: str,
    ) -> dict[str, Any]:
        said = {"source": "GitHub", "status": "SUCCESS", "branch": "main", "commitHash": COMMIT}
        said |= {"commitAuthor": "Ada Lovelace", "commitMessage": "Sell the last ticket once"}
        return {
            "type": kind,
            "details": {"id": deployment, **said, **details},
            "resource": {
                "workspace": {"id": "2d1a4c1e-0001-4a7e-9d3c-000000000001", "name": "Lanyard"},
                "project": {"id": "2d1a4c1e-0002-4a7e-9d3c-000000000002", "name": "lanyard"},
                "environment": {
                    "id": "2d1a4c1e-0003-4a7e-9d3c-000000000003",
                    "name": environment,
                    "isEphemeral": ephemeral,
                },
                "service": {"id": "2d1a4c1e-0004-4a7e-9d3c-000000000004", "name": service},
                "deployment": {"id": deployment},
            },
            "severity": "INFO",
            "timestamp": at,
        }

    return make


@pytest.fixture
def old_format() -> Webhook:
    """A webhook in the format Railway documented before, with what receivers saw beyond the documentation."""

    def make(
        status: str | None = "SUCCESS",
        *,
        deployment: str = "06103911-1b0d-4c5c-9d0b-1b2c3d4e5f60",
        at: str = "2025-06-01T09:30:00.000Z",
        environment: str = "production",
    ) -> dict[str, Any]:
        payload: dict[str, Any] = {
            "type": "DEPLOY",
            "timestamp": at,
            "project": {
                "id": "2d1a4c1e-0002-4a7e-9d3c-000000000002",
                "name": "lanyard",
                "description": "",
                "createdAt": "2023-04-18T16:32:08.172Z",
            },
            "environment": {"id": "2d1a4c1e-0003-4a7e-9d3c-000000000003", "name": environment},
            "service": {"id": "2d1a4c1e-0004-4a7e-9d3c-000000000004", "name": "events"},
            "deployment": {
                "id": deployment,
                "creator": {"id": "2d1a4c1e-0005-4a7e-9d3c-000000000005", "name": "Ada", "avatar": "https://a.test/a"},
                "meta": {
                    "repo": "lanyard/lanyard",
                    "branch": "main",
                    "commitHash": COMMIT.upper(),
                    "commitAuthor": "ada",
                    "commitMessage": "Open the doors\n\nat six",
                    "rootDirectory": "services/events",
                },
            },
        }
        return payload if status is None else {**payload, "status": status}

    return make
