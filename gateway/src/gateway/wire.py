"""What an exchange asks of the client's connection, so that it need not know the server it came through."""

from typing import Protocol


class ClientGone(Exception):
    """Whoever asked is no longer there."""


class Wire(Protocol):
    """The client's connection, as far as an exchange needs it."""

    address: str

    @property
    def closing(self) -> bool:
        """Whether nobody is left to read an answer."""
        ...

    @property
    def blocked(self) -> bool:
        """Whether sending more would wait."""
        ...

    @property
    def leaving(self) -> bool:
        """Whether the process is about to end."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes."""
        ...

    async def drained(self, seconds: float) -> None:
        """Wait until the client has read enough. Raises TimeoutError."""
        ...

    def read_on(self) -> None:
        """There is room for more of the body."""
        ...

    def abort(self) -> None:
        """Cut the connection."""
        ...

    def finished(self, *, keep: bool, unread: bool) -> None:
        """The answer is complete."""
        ...
