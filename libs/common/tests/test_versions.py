"""Which version a caller says to have read."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from common.versions import IF_MATCH_REQUIRED, IF_MATCH_TAKEN, IfMatch, version_tag


@pytest.mark.parametrize(
    ("header", "version"),
    [
        ('"7"', 7),
        ('W/"7"', 7),
        ('"7-published"', 7),
        (' "7" ', 7),
        ("*", 0),
        ("7", -1),
        ('"seven"', -1),
        ('"7", "8"', -1),
        ('"-1"', -1),
        ('"0"', -1),
        ('"07"', -1),
        ('"9999999999999999999"', -1),
        ("", -1),
        (None, None),
    ],
)
async def test_reads_the_version_a_caller_names(header: str | None, version: int | None) -> None:
    app = FastAPI()

    @app.get("/")
    async def read(if_match: IfMatch) -> dict[str, int | None]:
        return {"version": if_match}

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        answer = await client.get("/", headers={} if header is None else {"If-Match": header})
    assert answer.json() == {"version": version}


def test_a_tag_comes_back_as_its_version() -> None:
    assert version_tag(7) == '"7"'
    assert version_tag(7, "published") == '"7-published"'


@pytest.mark.parametrize(
    ("said", "required", "refusals"), [(IF_MATCH_REQUIRED, True, {"412", "428"}), (IF_MATCH_TAKEN, False, {"412"})]
)
def test_says_in_the_document_whether_the_version_is_demanded(
    said: dict[str, Any], required: bool, refusals: set[str]
) -> None:
    [parameter] = said["parameters"]
    assert (parameter["name"], parameter["in"], parameter["required"]) == ("If-Match", "header", required)
    assert set(said["responses"]) == refusals
