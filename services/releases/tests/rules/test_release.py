"""A draft may be rewritten; what was said in public stays said, and can only be taken back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from common.ids import ReleaseId
from releases.domain.release import Amendment, Notes, Release, amended, published, yanked
from releases.errors import NoLongerDraft, NotYetPublished, ReleaseChanged, ReleaseWasYanked

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DRAFT = Release(
    id=ReleaseId.from_uuid(UUID(int=1)),
    version=1,
    release_version="2.10.0",
    channel="stable",
    commit_hash="4bf92f3",
    notes=Notes(added=("A door",)),
    status="draft",
    created_by="usr_x",
    created_at=NOON,
)
PUBLIC = replace(DRAFT, version=2, status="published", published_at=NOON)
TAKEN_BACK = replace(PUBLIC, version=3, status="yanked", yanked_at=NOON, yank_reason="It burns")


def test_an_amendment_changes_what_it_names_and_nothing_else() -> None:
    changed = amended(DRAFT, Amendment(channel="beta", notes=Notes(fixed=("A lock",))), expected=1)
    assert changed == replace(DRAFT, version=2, channel="beta", notes=Notes(fixed=("A lock",)))


def test_an_editor_who_saw_another_version_is_refused() -> None:
    with pytest.raises(ReleaseChanged):
        amended(DRAFT, Amendment(channel="beta"), expected=7)


@pytest.mark.parametrize("release", [PUBLIC, TAKEN_BACK])
def test_what_was_said_in_public_is_not_rewritten(release: Release) -> None:
    with pytest.raises(NoLongerDraft):
        amended(release, Amendment(channel="beta"), expected=None)


def test_publishing_happens_once() -> None:
    assert published(DRAFT, NOON) == PUBLIC
    assert published(PUBLIC, NOON + timedelta(days=1)) is PUBLIC
    with pytest.raises(ReleaseWasYanked):
        published(TAKEN_BACK, NOON)


def test_yanking_happens_once_and_only_to_what_is_public() -> None:
    assert yanked(PUBLIC, "It burns", NOON) == TAKEN_BACK
    assert yanked(TAKEN_BACK, "Another reason", NOON + timedelta(days=1)) is TAKEN_BACK
    with pytest.raises(NotYetPublished):
        yanked(DRAFT, "It burns", NOON)
