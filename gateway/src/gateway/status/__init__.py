"""The page at `/status`, for people, and `/status.json`, for programs: how the whole is, from what the services say."""

from gateway.status.board import Status
from gateway.status.document import OPERATIONS
from gateway.status.doorway import Doorway

__all__ = ["OPERATIONS", "Doorway", "Status"]
