"""Clock-driven work; each job calls an action."""

from datetime import timedelta

from common.db import Database
from common.jobs import Job
from events.actions.count_doors import AT_MOST_EVERY, count_doors
from events.actions.end_events import end_events


def jobs(database: Database) -> list[Job]:
    """What runs by itself, and how often."""
    return [
        Job("end-events", timedelta(seconds=60), lambda: end_events(database)),
        Job("count-doors", AT_MOST_EVERY, lambda: count_doors(database)),
    ]
