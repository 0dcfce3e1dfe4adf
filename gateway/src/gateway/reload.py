"""The route table read again while the gateway runs, when SIGHUP asks for it.

The file is executed afresh and checked as a whole; only then do requests find the new rows, all of them at once. A request
that has found its row keeps it. A file with a fault changes nothing but a counter and a line in the log.
"""

import asyncio
from collections.abc import Collection, Iterable
from pathlib import Path
from types import ModuleType

from prometheus_client import CollectorRegistry, Counter

from common.telemetry import logger
from gateway import routes
from gateway.limits import CLASSES
from gateway.routing import Public, Router, Row, SignedIn

SHIPPED = Path(routes.__file__)
SHORTEST_REASON = 10
"""Letters; fewer say nothing."""

log = logger("gateway.reload")


class TableRefused(ValueError):
    """Why a file is no table."""


def read_rows(file: Path) -> tuple[Row, ...]:
    """The `ROWS` of a file such as `routes.py`, executed now: no compiled copy, no import of before is used.

    Raises:
        TableRefused: it cannot be executed, or holds no rows.
    """
    module = ModuleType("gateway_route_table")
    try:
        exec(compile(file.read_bytes(), str(file), "exec"), vars(module))  # noqa: S102 - the operator's own file
    except (Exception, SystemExit) as fault:
        raise TableRefused(f"it cannot be executed: {fault!r}") from fault
    rows = getattr(module, "ROWS", ())
    if not rows or not isinstance(rows, tuple) or not all(isinstance(row, Row) for row in rows):
        raise TableRefused("ROWS is no tuple of rows")
    return rows


def router_of(rows: Iterable[Row], served_here: Collection[str]) -> Router:
    """The rows made ready, once each of them makes sense.

    Args:
        served_here: the paths that the gateway itself answers.

    Raises:
        TableRefused: two rows are one, a reason is missing, or a service or a rate class is unknown.
    """
    try:
        router = Router(rows)
    except ValueError as reason:
        raise TableRefused(str(reason)) from None
    for row in router.rows:
        fault = _fault(row, served_here)
        if fault is not None:
            raise TableRefused(f"{row.method} {row.path}: {fault}")
    return router


def _fault(row: Row, served_here: Collection[str]) -> str | None:
    if not row.path.startswith("/") or row.path.startswith("/internal"):
        return "not a path for the outside"
    if isinstance(row.who, SignedIn | Public) and len(row.who.reason) < SHORTEST_REASON:
        return "whoever needs no capability needs a reason"
    if row.service == routes.GATEWAY and row.path not in served_here:
        return "the gateway has no answer of its own to it"
    if row.service not in (*routes.SERVICES, routes.GATEWAY):
        return f"no such service: {row.service}"
    for rate in (*row.policies, *row.policies_of_strangers):
        if rate not in CLASSES:
            return f"no such rate class: {rate.name}"
    return None


class Reload:
    """Reads the table again whenever it is asked to."""

    def __init__(self, file: Path, router: Router, served_here: Collection[str], registry: CollectorRegistry) -> None:
        self._file = file
        self._router = router
        self._served_here = served_here
        self._asked = asyncio.Event()
        self._reloads = Counter(
            "lanyard_gateway_table_reloads", "Times the route table was read again", ["result"], registry=registry
        )
        for result in ("applied", "refused"):
            self._reloads.labels(result)

    def ask(self) -> None:
        """Read it soon; asking again before that is the same wish."""
        self._asked.set()

    async def keep(self) -> None:
        """Do so for as long as the process lives."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            await self._once()

    async def _once(self) -> None:
        try:
            router = await asyncio.to_thread(lambda: router_of(read_rows(self._file), self._served_here))
        except TableRefused as reason:
            self._reloads.labels("refused").inc()
            log.error("the route table was refused; the old one stays", file=str(self._file), reason=str(reason))
            return
        self._router.become(router)
        self._reloads.labels("applied").inc()
        log.info("the route table was read again", file=str(self._file), rows=len(router.rows))
