"""What the house tells of itself to whoever builds on it: its API (OpenAPI), its messages (AsyncAPI), and a page to read."""

from gateway.documents.keeper import Documents
from gateway.documents.merging import merge
from gateway.documents.operations import OPERATIONS

__all__ = ["OPERATIONS", "Documents", "merge"]
