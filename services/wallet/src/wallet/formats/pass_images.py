"""The icon and logo every Apple pass must carry: without `icon.png` no phone opens it. Drawn once per colour."""

from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO
from types import MappingProxyType
from typing import Final

from PIL import Image, ImageDraw

_ICON_POINTS: Final = 29
_LOGO_POINTS: Final = 50
_OVERSAMPLED: Final = 8


@lru_cache(maxsize=256)
def pass_images(background: str, foreground: str) -> Mapping[str, bytes]:
    """File name to PNG for 1x, 2x and 3x screens. Colours are `#rrggbb`."""
    images = {}
    for name, points in (("icon", _ICON_POINTS), ("logo", _LOGO_POINTS)):
        for scale, suffix in ((1, ""), (2, "@2x"), (3, "@3x")):
            images[f"{name}{suffix}.png"] = _mark(points * scale, background, foreground)
    return MappingProxyType(images)


def _mark(pixels: int, background: str, foreground: str) -> bytes:
    """The house's mark: a card on a strap, drawn large and scaled down so that its edges are smooth."""
    side = pixels * _OVERSAMPLED
    canvas = Image.new("RGB", (side, side), background)
    draw = ImageDraw.Draw(canvas)

    def at(*hundredths: int) -> list[float]:
        return [value * side / 100 for value in hundredths]

    stroke = side * 7 // 100
    draw.line(at(22, 0, 50, 38), fill=foreground, width=stroke)
    draw.line(at(78, 0, 50, 38), fill=foreground, width=stroke)
    draw.rounded_rectangle(at(27, 36, 73, 88), radius=side * 8 / 100, fill=foreground)
    draw.rounded_rectangle(at(43, 42, 57, 46), radius=side * 2 / 100, fill=background)
    draw.ellipse(at(42, 52, 58, 68), fill=background)
    draw.rounded_rectangle(at(36, 74, 64, 79), radius=side * 2 / 100, fill=background)
    output = BytesIO()
    canvas.resize((pixels, pixels), Image.Resampling.LANCZOS).save(output, "PNG", optimize=True)
    return output.getvalue()
