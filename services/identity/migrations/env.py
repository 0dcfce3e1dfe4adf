"""Alembic's entry; everything is in common."""

from common.migrations import run_environment
from identity.tables import metadata

run_environment(metadata)
