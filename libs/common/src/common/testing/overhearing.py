"""What is said to the database, as it goes over the wire."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest
from psycopg.pq.abc import PGresult

from common.postgres.link import Link
from common.postgres.statements import Ready

Trips = Mapping[Link, list[list[bytes]]]
"""By connection, each round trip with the texts of its statements."""


@contextmanager
def round_trips(monkeypatch: pytest.MonkeyPatch) -> Iterator[Trips]:
    """Those made meanwhile, of every database in this process."""
    made: defaultdict[Link, list[list[bytes]]] = defaultdict(list)
    run = Link.run

    async def note(link: Link, statements: Sequence[Ready]) -> list[PGresult]:
        made[link].append([statement.sql for statement in statements])
        return await run(link, statements)

    with monkeypatch.context() as listening:
        listening.setattr(Link, "run", note)
        yield made


def naming(trips: Trips, *words: bytes) -> list[list[bytes]]:
    """Round trips in which one of the words is said: services say other things beside."""
    return [trip for made in trips.values() for trip in made if any(word in said for said in trip for word in words)]
