"""Finds every taken port before anything is started, so that all are named at once."""

from collections.abc import Iterable

from devstack.servers.failures import CannotStart, PortTaken
from devstack.servers.observed import listener_of
from devstack.servers.ports import is_taken
from devstack.stack import OFFSETS, Stack


def ports_of(stack: Stack, process_names: Iterable[str]) -> dict[str, int]:
    """Every port a stack with these processes listens on, by name."""
    return {name: stack.port(name) for name in dict.fromkeys([*process_names, *OFFSETS])}


def demand_all_free(stack: Stack, process_names: Iterable[str]) -> None:
    """Refuse when any is taken: PortTaken for one, a list of them for more."""
    taken = {name: port for name, port in ports_of(stack, process_names).items() if is_taken(port)}
    if not taken:
        return
    refusals = [PortTaken(name, port, listener_of(port)) for name, port in taken.items()]
    if len(refusals) == 1:
        raise refusals[0]
    raise CannotStart("\n".join(refusal.args[0] for refusal in refusals), refusals[0].mend)
