"""The release history as an Atom feed (RFC 4287). Notes travel as escaped HTML inside escaped XML: nothing in them is markup."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from xml.etree.ElementTree import Element, SubElement, tostring

from common.ids import ReleaseId
from releases.domain.release import HEADINGS, Release

MEDIA_TYPE = "application/atom+xml"
_NAMESPACE = "http://www.w3.org/2005/Atom"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def feed(releases: Sequence[Release], public_url: str, channel: str | None) -> bytes:
    """The feed of these releases, which were all published, in the order given."""
    root = Element("feed", xmlns=_NAMESPACE)
    address = f"{public_url}/v1/releases/feed.atom" + (f"?channel={channel}" if channel else "")
    _text(root, "id", address)
    _text(root, "title", f"Lanyard releases: {channel}" if channel else "Lanyard releases")
    _text(root, "updated", _moment(max((_changed_at(release) for release in releases), default=_NEVER)))
    SubElement(root, "link", rel="self", type=MEDIA_TYPE, href=address)
    SubElement(root, "link", rel="alternate", type="application/json", href=f"{public_url}/v1/releases")
    _text(SubElement(root, "author"), "name", "Lanyard")
    for release in releases:
        _entry(root, release, public_url)
    content: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def _entry(root: Element, release: Release, public_url: str) -> None:
    entry = SubElement(root, "entry")
    yanked = " [yanked]" if release.status == "yanked" else ""
    _text(entry, "id", f"urn:uuid:{ReleaseId(release.id).uuid}")
    _text(entry, "title", f"{release.release_version} ({release.channel}){yanked}")
    _text(entry, "published", _moment(release.published_at or _NEVER))
    _text(entry, "updated", _moment(_changed_at(release)))
    SubElement(entry, "link", rel="alternate", type="application/json", href=f"{public_url}/v1/releases/{release.id}")
    SubElement(entry, "category", term=release.channel)
    _text(entry, "content", _html(release)).set("type", "html")


def _html(release: Release) -> str:
    parts = [f"<p>Yanked: {escape(release.yank_reason)}</p>"] if release.yank_reason else []
    for heading in HEADINGS:
        lines: tuple[str, ...] = getattr(release.notes, heading)
        if lines:
            items = "".join(f"<li>{escape(line)}</li>" for line in lines)
            parts.append(f"<h3>{heading.capitalize()}</h3><ul>{items}</ul>")
    return "".join(parts)


def _text(parent: Element, name: str, text: str) -> Element:
    element = SubElement(parent, name)
    element.text = _NOT_XML.sub("", text)
    return element


def _changed_at(release: Release) -> datetime:
    return release.yanked_at or release.published_at or _NEVER


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
