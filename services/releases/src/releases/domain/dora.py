"""The five figures of software delivery, each with the rows it was counted from.

Source: DORA's metrics as of 2025 (change lead time, deployment frequency, failed deployment recovery time, change fail rate,
deployment rework rate). What each means on what a provider reports:
- a deployment counts when it reached users; sleeping, waking, restarting and giving way are none;
- a change failed when it broke while it ran, or was rolled back (the next deployment brought an earlier commit back);
- it was recovered by the next deployment of the same service that did not fail itself;
- rework is a deployment made because the one before it had failed;
- lead time runs from the first report of a commit (providers do not tell when it was written) to its first reaching users.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from common.ids import DeploymentId


@dataclass(frozen=True, slots=True)
class Shipped:
    """A deployment that reached users. `failed_at` is when it broke afterwards."""

    id: DeploymentId
    service: str | None
    commit_hash: str | None
    started_at: datetime
    deployed_at: datetime
    failed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """One measured stretch of time and the deployment at its end."""

    deployment_id: DeploymentId
    began_at: datetime
    ended_at: datetime

    @property
    def seconds(self) -> int:
        """Its length."""
        return int((self.ended_at - self.began_at).total_seconds())


@dataclass(frozen=True, slots=True)
class Figures:
    """The rows behind the five figures, for deployments that reached users within a window of `days`."""

    days: int
    shipped: tuple[DeploymentId, ...]
    lead_times: tuple[Span, ...]
    failed: tuple[DeploymentId, ...]
    recoveries: tuple[Span, ...]
    rework: tuple[DeploymentId, ...]

    @property
    def per_day(self) -> float:
        """Deployment frequency."""
        return len(self.shipped) / self.days

    @property
    def lead_time_seconds(self) -> int | None:
        """Change lead time: the median; None without any change."""
        return median_seconds(self.lead_times)

    @property
    def fail_share(self) -> float | None:
        """Change fail rate, 0 to 1; None without any deployment."""
        return len(self.failed) / len(self.shipped) if self.shipped else None

    @property
    def recovery_seconds(self) -> int | None:
        """Failed deployment recovery time: the median of those recovered; None without any."""
        return median_seconds(self.recoveries)

    @property
    def rework_share(self) -> float | None:
        """Deployment rework rate, 0 to 1; None without any deployment."""
        return len(self.rework) / len(self.shipped) if self.shipped else None


def figures(deployments: Iterable[Shipped], since: datetime, until: datetime) -> Figures:
    """The figures of the deployments that reached users from `since` to `until` (exclusive).

    Deployments before `since` are of use as well: they tell whether a commit is new and what was rolled back to.
    """
    lead_times: list[Span] = []
    failures: dict[DeploymentId, datetime] = {}
    recoveries: list[Span] = []
    rework: list[DeploymentId] = []
    ordered = sorted(deployments, key=lambda each: (each.deployed_at, each.id))
    for line in _lines(ordered):
        broken = _failures(line)
        failures |= broken
        lead_times += _lead_times(line)
        recoveries += _recoveries(line, broken)
        rework += [later.id for before, later in pairwise(line) if before.id in broken]
    inside = tuple(each.id for each in ordered if since <= each.deployed_at < until)
    return Figures(
        days=max(1, round((until - since) / timedelta(days=1))),
        shipped=inside,
        lead_times=tuple(span for span in lead_times if span.deployment_id in inside),
        failed=tuple(each for each in inside if each in failures),
        recoveries=tuple(span for span in recoveries if span.deployment_id in inside),
        rework=tuple(each for each in rework if each in inside),
    )


def median_seconds(spans: Sequence[Span]) -> int | None:
    """The middle length; of an even number the mean of the two middle ones, rounded down."""
    lengths = sorted(span.seconds for span in spans)
    if not lengths:
        return None
    middle = len(lengths) // 2
    return lengths[middle] if len(lengths) % 2 else (lengths[middle - 1] + lengths[middle]) // 2


def _lines(ordered: Sequence[Shipped]) -> list[list[Shipped]]:
    """The deployments of each service, in order."""
    by_service: dict[str | None, list[Shipped]] = {}
    for each in ordered:
        by_service.setdefault(each.service, []).append(each)
    return list(by_service.values())


def _lead_times(line: Sequence[Shipped]) -> list[Span]:
    """One span for each commit, at its first reaching users."""
    first_heard: dict[str, datetime] = {}
    for each in line:
        if each.commit_hash is not None:
            known = first_heard.get(each.commit_hash, each.started_at)
            first_heard[each.commit_hash] = min(known, each.started_at)
    return [
        Span(each.id, first_heard.pop(each.commit_hash), each.deployed_at)
        for each in line
        if each.commit_hash in first_heard
    ]


def _failures(line: Sequence[Shipped]) -> dict[DeploymentId, datetime]:
    """Which deployments failed and when: when they broke, or when somebody set about taking them back."""
    broken = {each.id: each.failed_at for each in line if each.failed_at is not None}
    seen: set[str | None] = set()
    took_back = False
    for before, later in pairwise(line):
        # After a rollback the same commit may be tried again; that does not make a failure of the rollback.
        took_back = not took_back and later.commit_hash in seen - {None, before.commit_hash}
        if took_back:
            broken.setdefault(before.id, max(later.started_at, before.deployed_at))
        seen.add(before.commit_hash)
    return broken


def _recoveries(line: Sequence[Shipped], broken: dict[DeploymentId, datetime]) -> list[Span]:
    spans = []
    for place, each in enumerate(line):
        if each.id not in broken:
            continue
        mended = next((later for later in line[place + 1 :] if later.id not in broken), None)
        if mended is not None:
            spans.append(Span(mended.id, broken[each.id], max(mended.deployed_at, broken[each.id])))
    return spans
