"""How each service was in the last minutes, kept in memory: enough for a line on the page, gone with the process."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

KEPT: Final = 120
"""Moments; at one every five seconds they are ten minutes."""


class History:
    """The last moments of every service, oldest first."""

    def __init__(self) -> None:
        self._moments: dict[str, deque[str]] = {}

    def add(self, states: Mapping[str, str]) -> None:
        """One more moment: service → state."""
        for service, state in states.items():
            self._moments.setdefault(service, deque(maxlen=KEPT)).append(state)

    def of(self, service: str) -> Sequence[str]:
        """The states of a service."""
        return tuple(self._moments.get(service, ()))
