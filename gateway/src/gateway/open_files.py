"""Room for open files: a shell grants a process 1,024, which a gateway has used up at five hundred clients."""

import resource

from common.telemetry import logger

log = logger("gateway")

_BESIDE = 1_000
"""For everything that is no client's: services' idle connections, streams of the broker, files."""


def allow_open_files(connections: int) -> None:
    """Raise this process's own limit as far as its user may, to what `connections` clients and their requests need."""
    granted, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * connections + _BESIDE
    if most != resource.RLIM_INFINITY and most < wanted:
        log.warning("fewer files may be open than so many connections need", files=most, connections=connections)
        wanted = most
    if granted != resource.RLIM_INFINITY and granted < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
