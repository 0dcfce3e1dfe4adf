"""Clock-driven work: settling what a message about an event left, and keeping Google up to date."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from common.db import Database
from common.jobs import Job
from wallet.actions.save_to_google import put_stale_at_google
from wallet.actions.settle_passes import settle_passes
from wallet.adapters.providers import Providers


def jobs(database: Database, providers: Providers) -> list[Job]:
    """The jobs of this service; the one for Google only where Google is configured."""
    found = [Job("settle-passes", timedelta(seconds=5), _settle(database))]
    if providers.google is not None and providers.google.api is not None:
        google = providers.google
        found.append(Job("update-google", timedelta(seconds=30), lambda: put_stale_at_google(database, google)))
    return found


def _settle(database: Database) -> Callable[[], Awaitable[object]]:
    return lambda: settle_passes(database)
