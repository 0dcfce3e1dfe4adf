"""What goes over the wire, in the format of server-sent events (HTML Living Standard, section 9.2).

A block that has an id and no data moves the client's `Last-Event-ID` and shows it nothing: that is how a client that was
quiet for an hour can still resume.
"""

import json


def message(name: str, data: object) -> bytes:
    """An event without its id: JSON holds no line break, so one `data` line is enough."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return f"event: {name}\ndata: {text}\n\n".encode()


def at(position: bytes, event: bytes) -> bytes:
    """An event with the id it leaves the client at."""
    return b"id: " + position + b"\n" + event


def opening(position: bytes, retry_ms: int) -> bytes:
    """The first thing a client is sent."""
    return b": welcome\nretry: %d\nid: %b\n\n" % (retry_ms, position)


def ping(position: bytes) -> bytes:
    """So that nobody on the way takes a quiet stream for a dead one."""
    return b": ping\nid: %b\n\n" % position


def closing(reason: str, retry_ms: int) -> bytes:
    """The last thing a client is sent. Its id stays what it was: connecting anew goes on from there."""
    return b"retry: %d\n" % retry_ms + message("closing", {"reason": reason})


def reset(position: bytes) -> bytes:
    """What was missed cannot be told: read again what you show, and go on from here."""
    return at(position, message("reset", {}))


BEHIND = message("behind", {})
"""More came than was read, and the rest was thrown away: connect anew, with the last id."""
