"""Alembic's entry; everything is in common."""

import commerce.adapters.sandbox.tables
from commerce.tables import metadata
from common.migrations import run_environment

__all__ = ["commerce"]

run_environment(metadata)
