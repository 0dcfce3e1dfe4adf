"""What dp reads from its environment. Nothing else in dp does."""

from typing import Any, Self

from common.service import ServiceSettings


class Settings(ServiceSettings):
    """What dp needs beyond what all services do, each `LANYARD_…`. `storage_url` is required here."""

    render_threads: int = 2
    """Pictures drawn at the same time. Pillow lets go of the interpreter while it works, so this is cores, not more."""
    render_waiting: int = 300
    """Requests that may wait for their turn; further ones are told to come back."""

    @classmethod
    def for_documents(cls, placeholders: dict[str, Any]) -> Self:
        """Settings to print the API with; nothing is stored then."""
        return super().for_documents({"storage_url": "file:///tmp/lanyard-dp-documents", **placeholders})
