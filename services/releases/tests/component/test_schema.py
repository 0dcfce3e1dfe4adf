"""Migrations and declared tables are the same, and the API document is the present one."""

from pathlib import Path

from common.service.openapi import openapi_text
from common.testing import RunService
from common.testing.hearing import assert_hears_what_it_is_told
from common.testing.schema import assert_migrations_match
from releases.main import service
from releases.tables import metadata


async def test_the_migrations_make_the_declared_tables(run: RunService) -> None:
    async with run() as world:
        await assert_migrations_match(world.urls, metadata)


def test_the_committed_api_document_is_the_present_one() -> None:
    committed = Path(__file__).parents[2] / "openapi.json"
    assert committed.read_text() == openapi_text(service), "run: python -m releases openapi > openapi.json"


def test_nothing_is_sent_to_a_service_that_hears_nothing() -> None:
    assert_hears_what_it_is_told("releases", {})
