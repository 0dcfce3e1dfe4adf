"""Everything about payments that the composition root chose for this process."""

from collections.abc import Callable
from dataclasses import dataclass

from commerce.adapters.providers import Providers
from commerce.adapters.sandbox.provider import Sandbox
from commerce.errors import SandboxOff


@dataclass(frozen=True)
class Payments:
    """The providers; the sandbox once more, for the hand on it, or None where it is off; and who is woken by a webhook."""

    providers: Providers
    sandbox: Sandbox | None
    webhook_stored: Callable[[], None]

    def require_sandbox(self) -> Sandbox:
        """The sandbox, or a 404 where it is off."""
        if self.sandbox is None:
            raise SandboxOff()
        return self.sandbox
