"""Starts, watches and stops the parts of a stack. Knows nothing of what they are."""

import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from devstack.servers.children import last_lines
from devstack.servers.failures import CannotStart
from devstack.supervision.mends import mend_for

_LOOK_EVERY = 0.1


class Part(Protocol):
    """What can be supervised: the two servers and every Program."""

    name: str
    log: Path

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """Its process, None before the first start."""

    def start(self) -> None:
        """Start it; may return before it is ready."""

    def stop(self) -> None:
        """End it in order and wait."""

    def kill(self) -> None:
        """End it at once."""


class StopRequested(Exception):
    """Somebody asked to stop while something was being waited for."""


class PartFailed(CannotStart):
    """A part ended, or did not get ready, while the stack was starting."""

    def __init__(self, part: Part, what: str) -> None:
        said = last_lines(part.log)
        super().__init__(f"{part.name} {what}:\n{said}", mend_for(said, part.log))
        self.part = part.name


@dataclass(frozen=True)
class Backoff:
    """Pauses before a restart, in seconds: doubling from `first` to `ceiling`, small again after `calm` seconds of life."""

    first: float = 0.5
    ceiling: float = 30.0
    calm: float = 30.0

    def pause(self, crashes: int) -> float:
        """How long to wait after so many crashes in a row."""
        return float(min(self.ceiling, self.first * 2 ** (crashes - 1)))


@dataclass
class _Watched:
    part: Part
    tier: int
    is_ready: Callable[[], bool]
    crashes: int = 0
    started_at: float = field(default_factory=time.monotonic)
    restart_at: float | None = None
    was_ready: bool = True


class Supervisor:
    """The parts of one stack, in tiers: a tier starts after the one below and stops before it."""

    def __init__(
        self, say: Callable[[str, str], None], stopping: threading.Event, backoff: Backoff | None = None
    ) -> None:
        """`say` hears (part, what happened to it); every wait ends when `stopping` is set."""
        self._say = say
        self._stopping = stopping
        self._backoff = backoff or Backoff()
        self._watched: list[_Watched] = []

    def start(self, parts: Sequence[tuple[Part, Callable[[], bool]]], tier: int, patience: float = 90.0) -> None:
        """Start all of them at once and wait until each is ready.

        Raises PartFailed naming the first that ended or the first not ready after `patience` seconds, StopRequested when asked to stop.
        """
        begun = []
        for part, is_ready in parts:
            begun.append(_Watched(part, tier, is_ready))
            self._watched.append(begun[-1])
            part.start()
        deadline = time.monotonic() + patience
        waiting = begun
        while waiting := [one for one in waiting if not self._settled(one)]:
            if time.monotonic() > deadline:
                raise PartFailed(waiting[0].part, f"was not ready after {patience:.0f} s")
            if self._stopping.wait(_LOOK_EVERY):
                raise StopRequested

    def watch(self) -> None:
        """Restart what crashes, until asked to stop."""
        while not self._stopping.wait(_LOOK_EVERY):
            for one in self._watched:
                self._look_after(one)

    def stop_all(self) -> None:
        """Stop tier by tier from the top, each tier's parts side by side. What never started is passed over."""
        for tier in sorted({one.tier for one in self._watched}, reverse=True):
            parts = [one.part for one in self._watched if one.tier == tier]
            with ThreadPoolExecutor(len(parts)) as pool:
                list(pool.map(self._stop, parts))

    def kill_all(self) -> None:
        """SIGKILL to every part, for when waiting is over."""
        for one in self._watched:
            one.part.kill()

    def _settled(self, one: _Watched) -> bool:
        process = one.part.process
        status = process.poll() if process else None
        if status is not None:
            raise PartFailed(one.part, f"ended with status {status} while starting")
        return one.is_ready()

    def _look_after(self, one: _Watched) -> None:
        now = time.monotonic()
        process = one.part.process
        if one.restart_at is not None:
            if now >= one.restart_at:
                self._restart(one)
        elif process is not None and process.poll() is not None:
            if now - one.started_at > self._backoff.calm:
                one.crashes = 0
            one.crashes += 1
            pause = self._backoff.pause(one.crashes)
            one.restart_at = now + pause
            said = last_lines(one.part.log, 5)
            self._say(one.part.name, f"ended with status {process.poll()}; starting it again in {pause:g} s\n{said}")
        elif not one.was_ready and one.is_ready():
            one.was_ready = True
            self._say(one.part.name, "is back")

    def _restart(self, one: _Watched) -> None:
        one.restart_at, one.started_at, one.was_ready = None, time.monotonic(), False
        try:
            one.part.start()
        except CannotStart as failure:
            one.crashes += 1
            one.restart_at = time.monotonic() + self._backoff.pause(one.crashes)
            self._say(one.part.name, str(failure))

    def _stop(self, part: Part) -> None:
        if part.process is not None:
            began = time.monotonic()
            part.stop()
            self._say(part.name, f"stopped after {time.monotonic() - began:.1f} s")
