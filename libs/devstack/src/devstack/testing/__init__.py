"""For the devstack's own tests: a copy of the tree whose services are small stand-ins."""

from devstack.testing.clone import Clone, free_base

__all__ = ["Clone", "free_base"]
