"""How many wrong tokens one network may show: guessing must cost the guesser time, and identity nothing.

Only failures count. A try is counted before it is made and given back when the token turns out right, so that a thousand
tries at once are no more than a thousand one after the other. What the gateway already knows to be right or wrong is no
try: an app that repeats its dead token locks nobody else of its network out.
"""

from collections.abc import Callable
from math import ceil

from gateway.errors import QuotaExceeded
from gateway.limits import LOOPBACK

ALLOWED = 30
WINDOW_SECONDS = 60
POLICY = "wrong-token"
MAX_NETWORKS = 10_000
"""Networks remembered at once; beyond it the oldest windows are forgotten first."""


class Guesses:
    """The wrong tokens of each network, counted in this process."""

    def __init__(self, monotonic: Callable[[], float], *, exempt_loopback: bool = False) -> None:
        """
        Args:
            exempt_loopback: leave this machine's own address out (the devstack).
        """
        self._monotonic = monotonic
        self._exempt_loopback = exempt_loopback
        self._windows: dict[str, list[float]] = {}

    def count(self, network: str) -> None:
        """Count a try whose outcome is not known yet, or one that failed.

        Raises:
            QuotaExceeded: the network has shown too many wrong tokens.
        """
        if self._exempt_loopback and network == LOOPBACK:
            return
        now = self._monotonic()
        window = self._windows.get(network)
        if window is None or now >= window[0]:
            window = self._open(network, now)
        if window[1] >= ALLOWED:
            raise _refusal(ceil(window[0] - now))
        window[1] += 1

    def forgive(self, network: str) -> None:
        """Take a counted try back: the token was right, or nobody could tell."""
        window = self._windows.get(network)
        if window is not None and window[1] > 0:
            window[1] -= 1

    def _open(self, network: str, now: float) -> list[float]:
        self._windows.pop(network, None)
        if len(self._windows) >= MAX_NETWORKS:
            for oldest in list(self._windows)[: MAX_NETWORKS // 10]:
                del self._windows[oldest]
        window = self._windows[network] = [now + WINDOW_SECONDS, 0]
        return window


def _refusal(seconds: int) -> QuotaExceeded:
    """In the words and the fields of the RateLimit draft, like every other quota's.

    Args:
        seconds: until the window ends.
    """
    name = POLICY.encode()
    fields = (
        (b"ratelimit-policy", b'"%b";q=%d;w=%d' % (name, ALLOWED, WINDOW_SECONDS)),
        (b"ratelimit", b'"%b";r=0;t=%d' % (name, seconds)),
    )
    return QuotaExceeded(fields=fields, retry_after=seconds, violated_policies=[POLICY])
