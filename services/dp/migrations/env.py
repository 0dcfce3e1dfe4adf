"""Alembic's entry; everything is in common."""

from common.migrations import run_environment
from dp.tables import metadata

run_environment(metadata)
