"""The five figures are those worked out by hand.

The script, one service in production, all on one day from midnight (minutes after it):

    id  commit  first heard  reached users  what came of it
    d1  A        10           20
    d2  B        30           60            broke at 90
    d3  B        95          100            the same again, and it held: recovers d2 after 10 minutes
    d4  C       110          120            taken back by d5, which was begun at 150
    d5  B       150          155            the rollback: recovers d4 after 5 minutes
    d6  D       200          240

Lead times: A 10, B 30, C 10, D 40 minutes (a commit counts once); in order 10 10 30 40, the median is 20.
Failed: d2, d4 of six. Rework: d3 and d5 of six. Recoveries: 10 and 5, the median is 7.5 minutes.
"""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

from common.ids import DeploymentId
from releases.domain.dora import Figures, Shipped, figures

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)


def at(minute: int) -> datetime:
    return MIDNIGHT + timedelta(minutes=minute)


def shipped(number: int, commit: str, begun: int, done: int, broke: int | None = None, of: str = "commerce") -> Shipped:
    identity = DeploymentId.from_uuid(UUID(int=number))
    return Shipped(identity, of, commit, at(begun), at(done), None if broke is None else at(broke))


D1, D2 = shipped(1, "A", 10, 20), shipped(2, "B", 30, 60, 90)
D3, D4 = shipped(3, "B", 95, 100), shipped(4, "C", 110, 120)
D5, D6 = shipped(5, "B", 150, 155), shipped(6, "D", 200, 240)
SCRIPT = (D1, D2, D3, D4, D5, D6)


def measured(*deployments: Shipped, days: int = 1) -> Figures:
    return figures(deployments, MIDNIGHT, MIDNIGHT + timedelta(days=days))


def test_the_script_gives_the_figures_worked_out_by_hand() -> None:
    found = measured(*SCRIPT)
    assert found.per_day == 6.0
    assert found.lead_time_seconds == 20 * 60
    assert [span.seconds // 60 for span in found.lead_times] == [10, 30, 10, 40]
    assert found.failed == (D2.id, D4.id)
    assert found.fail_share == 2 / 6
    assert [(span.deployment_id, span.seconds) for span in found.recoveries] == [(D3.id, 600), (D5.id, 300)]
    assert found.recovery_seconds == 450
    assert found.rework == (D3.id, D5.id)
    assert found.rework_share == 2 / 6


def test_the_order_in_which_rows_come_does_not_matter() -> None:
    expected = measured(*SCRIPT)
    assert all(measured(*order) == expected for order in permutations(SCRIPT))


def test_nothing_deployed_gives_no_rates() -> None:
    found = measured()
    assert (found.per_day, found.lead_time_seconds, found.fail_share) == (0.0, None, None)
    assert (found.recovery_seconds, found.rework_share) == (None, None)


def test_deployments_before_the_window_explain_but_do_not_count() -> None:
    found = figures(SCRIPT, at(121), at(121) + timedelta(days=2))
    assert found.shipped == (D5.id, D6.id)
    assert found.per_day == 1.0
    assert found.failed == ()
    assert [span.deployment_id for span in found.recoveries] == [D5.id]
    assert found.rework == (D5.id,)
    assert [span.deployment_id for span in found.lead_times] == [D6.id]


def test_services_are_measured_apart() -> None:
    found = measured(shipped(1, "A", 0, 1), shipped(2, "B", 2, 3, 4, of="events"), shipped(3, "C", 5, 6))
    assert found.failed == (DeploymentId.from_uuid(UUID(int=2)),)
    assert found.recoveries == ()
    assert found.rework == ()


def test_trying_a_commit_again_after_its_rollback_is_no_failure_of_the_rollback() -> None:
    again = shipped(6, "C", 200, 240)
    assert measured(D1, D2, D3, D4, D5, again).failed == (D2.id, D4.id)


def test_deploying_the_same_commit_again_takes_nothing_back() -> None:
    assert measured(D1, shipped(2, "A", 30, 40)).failed == ()
