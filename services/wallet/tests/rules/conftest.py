"""An event and a ticket to show."""

from datetime import UTC, datetime

import pytest

from wallet.domain.face import Face, Gathering, Venue


@pytest.fixture
def gathering() -> Gathering:
    """An evening in Prague."""
    return Gathering(
        event_id="evt_01k9e0xq3wfkzv8h8d3rj4n5m6",
        name="Obscura Night",
        organizer="Kino Světozor",
        starts_at=datetime(2026, 6, 5, 18, 0, tzinfo=UTC),
        ends_at=datetime(2026, 6, 5, 22, 30, tzinfo=UTC),
        timezone="Europe/Prague",
        venue=Venue("Světozor", "Vodičkova 41, Praha", 50.0815, 14.4244),
        page_url="https://lanyard.test/e/obscura-night",
    )


@pytest.fixture
def face(gathering: Gathering) -> Face:
    """Ada's ticket."""
    return Face(
        serial="wpass_01k9e0xq3wfkzv8h8d3rj4n5m6",
        gathering=gathering,
        tier="Early bird",
        code="LYD1.AbCdEf0123456789.ZyXwVu",
        holder="Ada Lovelace",
        group="ord_01k9e0xq3wfkzv8h8d3rj4n5m6",
    )
