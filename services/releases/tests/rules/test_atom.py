"""The feed is Atom that any reader can read, and nothing in it is markup but ours."""

from datetime import UTC, datetime
from uuid import UUID
from xml.etree import ElementTree as ET

from common.ids import ReleaseId
from releases.domain.release import Notes, Release
from releases.formats.atom import feed

ATOM = "{http://www.w3.org/2005/Atom}"
NOON = datetime(2026, 11, 20, 12, 0, 30, 999, tzinfo=UTC)


def release(number: int, *lines: str, reason: str | None = None) -> Release:
    return Release(
        id=ReleaseId.from_uuid(UUID(int=number)),
        version=2,
        release_version=f"1.{number}",
        channel="stable",
        commit_hash=None,
        notes=Notes(added=lines),
        status="yanked" if reason else "published",
        created_by="usr_x",
        created_at=NOON,
        published_at=NOON,
        yanked_at=NOON.replace(hour=13) if reason else None,
        yank_reason=reason,
    )


def parsed(*releases: Release, channel: str | None = None) -> ET.Element:
    return ET.fromstring(feed(releases, "https://lanyard.test", channel))


def test_a_feed_has_what_the_standard_demands() -> None:
    root = parsed(release(2, "B"), release(1, "A"))
    assert root.tag == f"{ATOM}feed"
    assert root.findtext(f"{ATOM}id") == "https://lanyard.test/v1/releases/feed.atom"
    assert root.findtext(f"{ATOM}updated") == "2026-11-20T12:00:30Z"
    assert root.findtext(f"{ATOM}author/{ATOM}name") == "Lanyard"
    entries = root.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}title") for entry in entries] == ["1.2 (stable)", "1.1 (stable)"]
    assert entries[0].findtext(f"{ATOM}id") == "urn:uuid:00000000-0000-0000-0000-000000000002"
    assert all(entry.findtext(f"{ATOM}published") == "2026-11-20T12:00:30Z" for entry in entries)


def test_an_empty_feed_is_still_a_feed() -> None:
    root = parsed(channel="beta")
    assert root.findtext(f"{ATOM}updated") == "1970-01-01T00:00:00Z"
    assert root.findtext(f"{ATOM}id") == "https://lanyard.test/v1/releases/feed.atom?channel=beta"


def test_notes_are_text_however_they_look() -> None:
    (entry,) = parsed(release(1, "<script>alert(1)</script> & ]]> \x00\uffff")).findall(f"{ATOM}entry")
    content = entry.find(f"{ATOM}content")
    assert content is not None
    assert content.get("type") == "html"
    assert len(content) == 0
    assert content.text == ("<h3>Added</h3><ul><li>&lt;script&gt;alert(1)&lt;/script&gt; &amp; ]]&gt; </li></ul>")


def test_a_yanked_release_says_so_and_counts_as_changed_then() -> None:
    (entry,) = parsed(release(1, "A", reason="It <burns>")).findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title") == "1.1 (stable) [yanked]"
    assert entry.findtext(f"{ATOM}updated") == "2026-11-20T13:00:30Z"
    assert (entry.findtext(f"{ATOM}content") or "").startswith("<p>Yanked: It &lt;burns&gt;</p>")
