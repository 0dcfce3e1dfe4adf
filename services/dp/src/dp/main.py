"""dp's composition root."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.service import Parts, Runtime, Service
from common.storage import Storage
from dp import api
from dp.actions.make_dp import Maker
from dp.actions.speaking import republish
from dp.adapters.gallery import Gallery
from dp.adapters.studio import Studio
from dp.consumers import HANDLERS
from dp.formats.picture import Renderer
from dp.jobs import jobs
from dp.settings import Settings
from dp.tables import metadata


def build(runtime: Runtime[Settings]) -> Parts:
    """Put the service together."""
    settings = runtime.settings
    gallery = Gallery(Storage.from_url(settings.storage_url))
    studio = Studio(threads=settings.render_threads, waiting=settings.render_waiting)

    @asynccontextmanager
    async def closing() -> AsyncIterator[None]:
        yield
        studio.close()

    return Parts(
        routers=[api.router],
        handlers=HANDLERS,
        jobs=jobs(runtime.database, gallery),
        republish=republish,
        state={
            "gallery": gallery,
            "maker": Maker(runtime.database, studio, gallery, Renderer()),
            "public_url": settings.public_url.rstrip("/"),
        },
        lifespan=closing,
    )


service = Service("dp", Settings, metadata, build)
