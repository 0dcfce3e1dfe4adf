"""dp under test: the real service on real servers, and the people and pictures that tests share."""

import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from PIL import Image

from common.ids import EventId, OrganizationId
from common.messages import EventPublished, VenuePart
from common.principal import ANONYMOUS, Principal
from common.testing import Running, RunService, principals, running
from common.testing.servers import Servers
from dp.main import service


@pytest.fixture
def storage_folder(tmp_path: Path) -> Path:
    """Where the service under test keeps its objects."""
    return tmp_path / "objects"


@pytest.fixture
def stored(storage_folder: Path) -> Callable[[], list[str]]:
    """The names of everything that is stored now."""

    def names() -> list[str]:
        files = (path for path in storage_folder.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(storage_folder)) for path in files)

    return names


@pytest.fixture
def run(servers: Servers, storage_folder: Path) -> RunService:
    """Runs dp."""

    @asynccontextmanager
    async def start(**options: Any) -> AsyncIterator[Running]:
        settings = {"storage_url": f"file://{storage_folder}", "public_url": "https://lanyard.test"}
        settings |= options.pop("settings", {})
        async with running(service, servers, settings=settings, **options) as world:
            yield world

    return start


class PhotoMaker(Protocol):
    """The fixture `photo`."""

    def __call__(self, colour: tuple[int, int, int] = (200, 30, 30), **options: Any) -> bytes: ...


@pytest.fixture
def photo() -> PhotoMaker:
    """A JPEG of one colour; `options` are Pillow's (exif, comment)."""

    def make(colour: tuple[int, int, int] = (200, 30, 30), **options: Any) -> bytes:
        out = io.BytesIO()
        Image.new("RGB", (600, 800), colour).save(out, "JPEG", **options)
        return out.getvalue()

    return make


@pytest.fixture
def event_message() -> Callable[..., EventPublished]:
    """What events says about an event; keyword arguments change it."""
    organization_id, event_id = principals.fresh(OrganizationId), principals.fresh(EventId)

    def make(**changes: Any) -> EventPublished:
        values: dict[str, Any] = {
            "event_id": event_id,
            "organization_id": organization_id,
            "workspace_id": None,
            "name": "Lagos Design Week",
            "slug": "lagos-design-week",
            "description": None,
            "status": "published",
            "starts_at": datetime(2027, 3, 13, 9, tzinfo=UTC),
            "ends_at": datetime(2027, 3, 13, 17, tzinfo=UTC),
            "timezone": "Africa/Lagos",
            "venue": VenuePart(name="Landmark Centre", city="Lagos"),
            "currency": "NGN",
            "sequence": 2,
        }
        return EventPublished(**(values | changes))

    return make


@dataclass
class Campaigning:
    """A published campaign of a published event, and the people around it."""

    world: Running
    event: EventPublished
    organiser: Principal
    template_id: str
    campaign_id: str
    photo: bytes

    async def make(
        self,
        fields: dict[str, str] | None = None,
        *,
        by: Principal = ANONYMOUS,
        photo: bytes | None = None,
        **parts: str,
    ) -> httpx.Response:
        """Make a picture of Ada, or with other `fields`, `photo` and form parts."""
        return await self.world.post(
            f"/v1/dp/campaigns/{self.campaign_id}/dps",
            by,
            files={"photo": ("me.jpg", self.photo if photo is None else photo, "image/jpeg")},
            data={"fields": json.dumps({"name": "Ada"} if fields is None else fields), **parts},
        )

    async def made(self, **options: Any) -> dict[str, Any]:
        """The same, for tests that begin with a picture."""
        answer = await self.make(**options)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def hub(self) -> list[str]:
        """The ids of the pictures everyone may see, newest first."""
        answer = await self.world.get(f"/v1/dp/campaigns/{self.campaign_id}/hub")
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    async def status(self, dp_id: str) -> str:
        """The status the database holds."""
        from common.ids import DpId

        rows = await self.world.rows("SELECT status FROM dps WHERE id = :id", id=DpId(dp_id).uuid)
        return str(rows[0]["status"])


Campaigner = Callable[..., Awaitable[Campaigning]]


@pytest.fixture
def campaigning(event_message: Callable[..., EventPublished], photo: PhotoMaker) -> Campaigner:
    """Sets a published campaign up in a running dp; keyword arguments are further fields of the campaign."""

    async def set_up(world: Running, *, design: dict[str, Any] | None = None, **fields: Any) -> Campaigning:
        event = event_message()
        organiser = principals.member_of(event.organization_id, "manager")
        await world.hear(event)
        template = await world.post(
            "/v1/dp/templates",
            organiser,
            json={"organizationId": event.organization_id, "name": "Ours"} | ({"design": design} if design else {}),
        )
        assert template.status_code == 201, template.text
        body = {"eventId": event.event_id, "templateId": template.json()["id"], **fields}
        campaign = await world.post("/v1/dp/campaigns", organiser, json=body)
        assert campaign.status_code == 201, campaign.text
        published = await world.post(f"/v1/dp/campaigns/{campaign.json()['id']}/publish", organiser)
        assert published.status_code == 200, published.text
        return Campaigning(world, event, organiser, template.json()["id"], campaign.json()["id"], photo())

    return set_up
