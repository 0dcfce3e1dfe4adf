"""The badge: what is on it, that it stays on the page, and that no name can break out of it."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
import segno

from wallet.domain.face import Face
from wallet.formats.badge import badge_svg

SVG = "{http://www.w3.org/2000/svg}"


def texts(page: bytes) -> list[str]:
    """Every line of text on the page."""
    return [element.text or "" for element in ET.fromstring(page).iter(f"{SVG}text")]


def test_a_badge_shows_event_organiser_name_and_ticket(face: Face) -> None:
    assert texts(badge_svg(face)) == ["Obscura Night", "Kino Světozor", "Ada", "Lovelace", "Early bird"]


@pytest.mark.parametrize("name", ['Žižkov "& <b>', "<script>alert(1)</script>", "]]>", "ليلى أحمد", "a\x00b\x1bc"])
def test_a_name_is_text_and_nothing_else(face: Face, name: str) -> None:
    page = badge_svg(replace(face, holder=name))
    shown = " ".join(texts(page))
    assert "".join(letter for letter in name if letter >= " ").replace(" ", "") in shown.replace(" ", "")
    tags = {element.tag.removeprefix(SVG) for element in ET.fromstring(page).iter()}
    assert tags == {"svg", "title", "rect", "text", "path"}


@pytest.mark.parametrize(
    "name",
    ["Bo", "Wolfeschlegelsteinhausenbergerdorff", "Ada Augusta Byron King Countess of Lovelace " * 4, "東京" * 30],
)
def test_text_of_any_length_stays_inside_the_page(face: Face, name: str) -> None:
    page = badge_svg(replace(face, holder=name, gathering=replace(face.gathering, name=name)))
    for element in ET.fromstring(page).iter(f"{SVG}text"):
        width = sum(1.0 if ord(letter) > 0x2E80 else 0.6 for letter in element.text or "") * float(
            element.attrib["font-size"]
        )
        assert width <= 1050 - 2 * 60
        assert 0 < float(element.attrib["y"]) < 800


def test_the_code_is_drawn_with_its_quiet_zone(face: Face) -> None:
    root = ET.fromstring(badge_svg(face))
    inner = next(element for element in root.iter(f"{SVG}svg") if "shape-rendering" in element.attrib)
    side = int(inner.attrib["viewBox"].split()[2])
    path = next(inner.iter(f"{SVG}path")).attrib["d"]
    drawn = {(int(row) - 4, int(column) - 4) for column, row in re.findall(r"M(\d+) (\d+)h1v1h-1z", path)}
    matrix = segno.make(face.code, error="m", micro=False).matrix
    assert side == len(matrix) + 8
    assert drawn == {(row, column) for row, line in enumerate(matrix) for column, dark in enumerate(line) if dark}


def test_a_void_ticket_prints_as_void(face: Face) -> None:
    assert "VOID" not in texts(badge_svg(face))
    assert "VOID" in texts(badge_svg(replace(face, voided=True)))
