"""One look at everything: what the page draws and `/status.json` tells. States and counts, nothing that names a machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.health import ServiceHealth
from gateway.status.doorway import Fact, Mood, Road

Json = dict[str, Any]

_WORST_FIRST: tuple[Mood, ...] = ("bad", "warn", "good")


@dataclass(frozen=True, slots=True)
class ServicePicture:
    """One service as this gateway sees it."""

    health: ServiceHealth
    road: Road
    past: Sequence[str]
    """Its states in the last minutes, oldest first."""

    @property
    def waits_for_people(self) -> int:
        """What nobody will mend by waiting: dead letters, messages set aside, drift."""
        health = self.health
        return (health.dead_letters or 0) + (health.outbox_set_aside or 0) + (health.drift or 0)

    def told(self) -> Json:
        """As JSON."""
        road = self.road
        return self.health.told() | {
            "road": {
                "open": road.open,
                "replicas": road.replicas,
                "asked": road.asked,
                "underWay": road.under_way,
            },
            "past": list(self.past),
        }


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything at one moment."""

    at: datetime
    services: Mapping[str, ServicePicture]
    facts: Sequence[Fact]
    under_way: int
    up_seconds: float
    version: str
    step_seconds: float
    """Between two moments of the services' past; 0 where nobody keeps one."""

    @property
    def mood(self) -> Mood:
        """How to take it all: `bad` once something is not answered, `warn` while something is limited or waits for people."""
        moods: set[Mood] = {fact.mood for fact in self.facts if fact.mood == "bad"}
        for service in self.services.values():
            if service.health.status in ("unready", "away"):
                moods.add("bad")
            elif service.health.status == "degraded" or service.waits_for_people:
                moods.add("warn")
        return next((mood for mood in _WORST_FIRST if mood in moods), "good")

    def told(self) -> Json:
        """As JSON."""
        return {
            "at": self.at.isoformat(),
            "status": {"good": "well", "warn": "limited", "bad": "broken"}[self.mood],
            "services": {name: service.told() for name, service in self.services.items()},
            "gateway": {
                "facts": [{"name": fact.name, "mood": fact.mood, "words": fact.words} for fact in self.facts],
                "requestsUnderWay": self.under_way,
                "upSeconds": int(self.up_seconds),
                "version": self.version,
            },
            "pastStepSeconds": self.step_seconds,
        }
