"""Ctrl-C and SIGTERM: the first asks for an orderly stop, the second ends everything at once."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_DONE = b"\0"


@contextmanager
def stop_signals(stopping: threading.Event, at_once: Callable[[], None]) -> Iterator[None]:
    """Set `stopping` on the first signal; on the second call `at_once` and leave with status 130. Main thread only.

    Signals are handled by a thread that reads their numbers from a pipe: setting an event inside a signal handler deadlocks
    when the signal interrupts a wait on that very event.
    """
    heard, tell = os.pipe()
    os.set_blocking(tell, False)
    listener = threading.Thread(target=_listen, args=(heard, stopping, at_once), name="signals", daemon=True)
    listener.start()
    before = {sign: signal.signal(sign, lambda _number, _frame: None) for sign in _SIGNALS}
    old_pipe = signal.set_wakeup_fd(tell)
    try:
        yield
    finally:
        signal.set_wakeup_fd(old_pipe)
        for sign, handler in before.items():
            signal.signal(sign, handler)
        os.write(tell, _DONE)
        listener.join()
        os.close(tell)
        os.close(heard)


def _listen(heard: int, stopping: threading.Event, at_once: Callable[[], None]) -> None:
    while (number := os.read(heard, 1)) != _DONE:
        if number[0] not in _SIGNALS:
            continue
        if stopping.is_set():
            at_once()
            os._exit(130)
        stopping.set()
