"""Tests wait for a condition with a deadline; they never sleep for a guessed time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Value = TypeVar("Value")


async def eventually(
    condition: Callable[[], Awaitable[Value]], *, within: float = 10.0, what: str = "the condition"
) -> Value:
    """Ask again and again until `condition` gives something true, and return that. Fails the test after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        value = await condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come about within {within} s; last seen: {value!r}")
        await asyncio.sleep(0.01)
