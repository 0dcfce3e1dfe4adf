"""The windows that are open now, in memory, and never more of them than there is room for.

Each rate class has a table of its own, in the order in which its windows were opened, which is the order in which they
end. When all tables together are full, the largest gives one up: of its oldest windows the one with the least counted in
it. So a flood of made-up networks pushes out its own windows; whoever wants an exhausted window of theirs forgotten must
first fill the room and exhaust as many windows as are compared, and by then has spent more than it gives back.
"""

from collections import OrderedDict
from collections.abc import Mapping
from itertools import islice

from gateway.limits.classes import RateClass

MOST = 100_000
"""Windows open at once, of all classes together: about 30 MB."""
COMPARED = 64

Window = list[float]
"""When it ends, in seconds of the caller's clock, and how many requests are left in it."""

END, LEFT = 0, 1


class Table:
    """The windows of one rate class."""

    __slots__ = ("_all", "name", "per_network", "requests", "seconds", "velocity", "windows")

    def __init__(self, rate: RateClass, requests: int, seconds: int, every: "Tables") -> None:
        self.name = rate.name
        self.per_network = rate.per_network
        self.velocity = rate.velocity
        self.requests = requests
        self.seconds = seconds
        self.windows: OrderedDict[str, Window] = OrderedDict()
        self._all = every

    def live(self, key: str, now: float) -> Window | None:
        """The key's window, unless it has ended."""
        window = self.windows.get(key)
        return window if window is not None and window[END] > now else None

    def left(self, key: str, now: float) -> float:
        """How many requests the key may still make now."""
        window = self.live(key, now)
        return self.requests if window is None else window[LEFT]

    def opened(self, key: str, now: float) -> Window:
        """The key's window; a new one with the whole quota where the last has ended."""
        return self.live(key, now) or self._put(key, [now + self.seconds, self.requests], now)

    def close(self, key: str, end: float, now: float) -> None:
        """Someone else has counted: nothing is left for the key until `end`."""
        self._put(key, [end, 0], now)

    def full(self, key: str, now: float) -> bool:
        """Whether a window is known in which nothing is left."""
        window = self.live(key, now)
        return window is not None and window[LEFT] <= 0

    def _put(self, key: str, window: Window, now: float) -> Window:
        self.windows.pop(key, None)
        self._drop_ended(now)
        self._all.make_room()
        self.windows[key] = window
        return window

    def _drop_ended(self, now: float) -> None:
        """Two go where one comes, so that ended windows never pile up."""
        for _ in range(2):
            oldest = next(iter(self.windows.values()), None)
            if oldest is None or oldest[END] > now:
                return
            self.windows.popitem(last=False)

    def forget_one(self) -> None:
        """Give up the window that matters least."""
        del self.windows[max(islice(self.windows, COMPARED), key=lambda key: self.windows[key][LEFT])]


class Tables:
    """A table for each class, and the room they share."""

    def __init__(self, numbers: Mapping[str, tuple[int, int]], most: int = MOST) -> None:
        """
        Args:
            numbers: class name → (requests, seconds), where they differ from the class's own.
            most: windows open at once.
        """
        self._numbers = numbers
        self._most = most
        self._tables: dict[str, Table] = {}

    def __len__(self) -> int:
        return sum(len(table.windows) for table in self._tables.values())

    def of(self, rate: RateClass) -> Table:
        """The table of a class; made when it is first asked for."""
        table = self._tables.get(rate.name)
        if table is None:
            requests, seconds = self._numbers.get(rate.name, (rate.requests, rate.seconds))
            table = self._tables[rate.name] = Table(rate, requests, seconds, self)
        return table

    def make_room(self) -> None:
        """See to it that one more window may be opened."""
        if len(self) >= self._most:
            max(self._tables.values(), key=lambda table: len(table.windows)).forget_one()
