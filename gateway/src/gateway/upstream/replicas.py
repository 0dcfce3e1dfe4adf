"""All replicas of a service: which is asked next, and which are put aside."""

from collections.abc import Callable, Collection, Sequence

from gateway.upstream.replica import Replica


class Replicas:
    """The replica with the fewest requests under way is asked next; among equals they take turns.

    So a replica that hangs or limps is asked less by itself, as its requests pile up. Never more than half are put aside:
    when most of a service seems bad, it is more likely the requests, or the service as a whole.
    """

    def __init__(self, urls: Sequence[str], chance: Callable[[], float]) -> None:
        """
        Args:
            chance: draws evenly from 0 to 1.
        """
        self.all = tuple(Replica(url) for url in urls)
        self.asked = list(self.all)
        """Those that are not put aside."""
        self._chance = chance
        self._turn = 0

    def next(self, most: int, but: Collection[Replica] = ()) -> Replica | None:
        """Whom to ask: not one of `but`, nor one with `most` requests under way; None when there is nobody."""
        asked = self.asked
        self._turn = turn = (self._turn + 1) % len(asked)
        best, fewest = None, 0
        for replica in (*asked[turn:], *asked[:turn]) if turn else asked:
            load = replica.under_way + replica.handicap
            if (best is None or load < fewest) and replica.under_way < most and replica not in but:
                best, fewest = replica, load
        return best

    def weigh(self, replica: Replica, now: float) -> None:
        """Put a replica aside when it has become unfit, and others are left to be asked."""
        standing = replica.standing
        if standing.aside_until is None and standing.unfit(self._share_of_others(replica)):
            self.put_aside(replica, now)

    def put_aside(self, replica: Replica, now: float) -> None:
        """Ask it no more until it says that it is ready, where enough others are left."""
        if replica.standing.aside_until is not None or len(self.all) - len(self.asked) >= len(self.all) // 2:
            return
        self.asked.remove(replica)
        replica.put_aside += 1
        replica.drop_idle()
        replica.standing.put_aside(now, self._chance())

    def keep_aside(self, replica: Replica, now: float) -> None:
        """It has failed its trial."""
        replica.standing.put_aside(now, self._chance())

    def bring_back(self, replica: Replica, now: float) -> None:
        """It has passed its trial."""
        replica.standing.come_back(now)
        self.asked.append(replica)

    def _share_of_others(self, replica: Replica) -> float:
        others = [other.standing.bad_share for other in self.asked if other is not replica]
        return sum(others) / len(others) if others else 1.0
