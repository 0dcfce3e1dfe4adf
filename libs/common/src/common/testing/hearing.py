"""What the catalogue says a service hears, and its table `message → action`, are the same; this finds out."""

from collections.abc import Collection

from common.messages import Message, catalogue


def assert_hears_what_it_is_told(service: str, table: Collection[type[Message]]) -> None:
    """Fail, naming each message, when `table` lacks one that lists `service` among its listeners, or has another."""
    told = {kind for kind in catalogue() if service in kind.listeners}
    differing = sorted(kind.subject for kind in told ^ set(table))
    assert not differing, f"what {service} hears and its table message → action differ: {', '.join(differing)}"
