"""A principal at the door, with what it may do."""

from dataclasses import dataclass, field

from common.capabilities import Capability, holds_anywhere
from common.principal import ANONYMOUS, Principal


@dataclass(slots=True)
class Caller:
    """A principal, and the answers already given about it."""

    principal: Principal
    _held: dict[Capability, bool] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For the access log: the id, or the kind of one without."""
        return self.principal.subject or self.principal.kind

    def holds(self, capability: Capability) -> bool:
        """Whether some grant, anywhere, holds the capability."""
        held = self._held.get(capability)
        if held is None:
            held = self._held[capability] = holds_anywhere(self.principal, capability)
        return held


NOBODY = Caller(ANONYMOUS)
