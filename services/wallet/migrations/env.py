"""Alembic's entry; everything is in common."""

from common.migrations import run_environment
from wallet.tables import metadata

run_environment(metadata)
