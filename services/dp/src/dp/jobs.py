"""Clock-driven work of dp."""

from datetime import timedelta

from common.db import Database
from common.jobs import Job
from dp.actions.sweep_objects import sweep_objects
from dp.adapters.gallery import Gallery


def jobs(database: Database, gallery: Gallery) -> list[Job]:
    """Every job; `POST /v1/cron/dp.<name>` runs one at once."""
    return [Job("sweep-objects", timedelta(minutes=1), lambda: sweep_objects(database, gallery))]
