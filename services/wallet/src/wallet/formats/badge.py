"""A badge to print and hang on a lanyard: one A6 page as SVG.

SVG, because the reader's own machine brings fonts for every script and prints it sharp at its true size. It holds no
script and no style sheet, so it works under the strictest content policy.
"""

from typing import Final
from unicodedata import category, east_asian_width
from xml.sax.saxutils import escape

import segno

from wallet.domain.face import Face

_WIDTH, _HEIGHT = 1050, 1480  # tenths of a millimetre
_MARGIN: Final = 70
_QR_SIDE: Final = 500
_QUIET_ZONE: Final = 4
_FONT: Final = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
_CHARACTER_WIDTH: Final = 0.6
_WIDE_CHARACTER_WIDTH: Final = 1.05


def badge_svg(face: Face) -> bytes:
    """The page: who invites to what on the band above, then the name, the ticket and the code."""
    look, gathering = face.look, face.gathering
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="105mm" height="148mm" viewBox="0 0 {_WIDTH} {_HEIGHT}">',
        f"<title>{_text(face.holder or face.tier)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<rect width="{_WIDTH}" height="340" fill="{look.background}"/>',
        '<rect x="455" y="40" width="140" height="32" rx="16" fill="#ffffff"/>',
        *_lines(gathering.name, top=110, height=150, largest=72, most=2, fill=look.foreground, weight=700),
        *_lines(gathering.organizer, top=270, height=50, largest=36, most=1, fill=look.label, weight=400),
        *_lines(face.holder or "", top=390, height=300, largest=130, most=3, fill="#111111", weight=700),
        *_lines(face.tier, top=720, height=70, largest=52, most=1, fill="#444444", weight=400),
        _qr(face.code, top=_HEIGHT - _QR_SIDE - 110),
    ]
    if face.voided:
        parts.append(
            '<text x="525" y="1150" transform="rotate(-35 525 1150)" text-anchor="middle" '
            f'font-family="{_FONT}" font-size="300" font-weight="700" fill="#c00000">VOID</text>'
        )
    return "\n".join([*parts, "</svg>\n"]).encode()


def _lines(text: str, *, top: int, height: int, largest: int, most: int, fill: str, weight: int) -> list[str]:
    """`text` centred in a box, broken at spaces into at most `most` lines, as large as fits up to `largest`."""
    if not text.strip():
        return []
    lines, size = max(
        ((broken, _fitting(broken, height, largest)) for broken in _breaks(text, most)), key=lambda found: found[1]
    )
    first = top + (height - len(lines) * size * 1.15) / 2 + size
    return [
        f'<text x="{_WIDTH // 2}" y="{first + number * size * 1.15:.0f}" text-anchor="middle" '
        f'font-family="{_FONT}" font-size="{size:.0f}" font-weight="{weight}" fill="{fill}">{_text(line)}</text>'
        for number, line in enumerate(lines)
    ]


def _breaks(text: str, most: int) -> list[list[str]]:
    """Ways to break `text` at spaces: into 1 to `most` lines of about equal width each."""
    words = text.split()
    ways = []
    for count in range(1, min(most, len(words)) + 1):
        lines: list[str] = []
        share, line = _width(" ".join(words)) / count, ""
        for word in words:
            longer = f"{line} {word}".strip()
            if line and len(lines) < count - 1 and _width(longer) > share * 1.1:
                lines.append(line)
                longer = word
            line = longer
        ways.append([*lines, line])
    return ways


def _fitting(lines: list[str], height: int, largest: int) -> float:
    widest = max(_width(line) for line in lines)
    return min(largest, (_WIDTH - 2 * _MARGIN) / widest, height / (len(lines) * 1.15))


def _width(text: str) -> float:
    """An estimate in multiples of the font size, on the generous side."""
    wide = sum(east_asian_width(letter) in "WF" for letter in text)
    return wide * _WIDE_CHARACTER_WIDTH + (len(text) - wide) * _CHARACTER_WIDTH


def _qr(code: str, *, top: int) -> str:
    matrix = segno.make(code, error="m", micro=False).matrix
    modules = len(matrix) + 2 * _QUIET_ZONE
    dark = "".join(
        f"M{column + _QUIET_ZONE} {row + _QUIET_ZONE}h1v1h-1z"
        for row, line in enumerate(matrix)
        for column, module in enumerate(line)
        if module
    )
    return (
        f'<svg x="{(_WIDTH - _QR_SIDE) // 2}" y="{top}" width="{_QR_SIDE}" height="{_QR_SIDE}" '
        f'viewBox="0 0 {modules} {modules}" shape-rendering="crispEdges">'
        f'<rect width="{modules}" height="{modules}" fill="#ffffff"/><path fill="#000000" d="{dark}"/></svg>'
    )


def _text(text: str) -> str:
    """Escaped, and without the control characters that XML has no way to write."""
    return escape("".join(letter for letter in text if category(letter) not in ("Cc", "Cs")))
