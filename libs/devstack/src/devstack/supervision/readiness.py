"""Asks a process over HTTP whether it is ready."""

import http.client
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Readiness:
    """What a process answered: status 0 when it did not."""

    status: int
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Whether it takes work."""
        return self.status == http.client.OK


def ask(url: str, timeout: float = 2.0) -> Readiness:
    """One GET; never raises."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=timeout)
    try:
        connection.request("GET", where.path or "/")
        answer = connection.getresponse()
        content = answer.read(1_000_000)
    except (OSError, http.client.HTTPException):
        return Readiness(0)
    finally:
        connection.close()
    try:
        body = json.loads(content)
    except ValueError:
        body = {}
    return Readiness(answer.status, body if isinstance(body, dict) else {})
