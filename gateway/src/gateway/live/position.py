"""How far a client has heard: a position in each stream, since no one number orders the streams of six publishers.

On the wire it is the id of a server-sent event, `COMMERCE.12,EVENTS.40`: every replica understands it, because the broker
gave the numbers. A client only hands it back.
"""

import re
from collections.abc import Sequence

Position = tuple[int, ...]
"""One number for each stream, in the order of `Positions.streams`."""

_LONGEST = 512
_PART = re.compile(r"([A-Z]{1,32})\.([0-9]{1,19})\Z")


class Positions:
    """Writes and reads positions in a given set of streams."""

    def __init__(self, streams: Sequence[str]) -> None:
        self.streams = tuple(sorted(streams))

    def text(self, position: Position) -> bytes:
        """As an id."""
        parts = zip(self.streams, position, strict=True)
        return ",".join(f"{stream}.{number}" for stream, number in parts).encode()

    def read(self, text: bytes) -> Position | None:
        """What an id says; None unless it names exactly these streams, as one from another release may not."""
        if len(text) > _LONGEST:
            return None
        parts = [_PART.match(part) for part in text.decode("latin-1").strip().split(",")]
        numbers = {part[1]: int(part[2]) for part in parts if part is not None}
        if len(numbers) != len(parts) or numbers.keys() != set(self.streams):
            return None
        return tuple(numbers[stream] for stream in self.streams)


def later(one: Position, other: Position) -> Position:
    """The further of the two in each stream."""
    return tuple(map(max, one, other))


def moved(position: Position, stream: int, number: int) -> Position:
    """The position after hearing message `number` of a stream."""
    return (*position[:stream], number, *position[stream + 1 :])
