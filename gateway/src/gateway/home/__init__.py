"""What an app shows first, in one call."""

from gateway.home.document import OPERATIONS
from gateway.home.screen import Home

__all__ = ["OPERATIONS", "Home"]
