"""Colours, gradients and shapes as pixels."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter

from dp.domain.template import Box, Paint, Shape

_FINER: Final = 4
"""Shapes are drawn this much larger and averaged down: Pillow's own edges are stairs."""

Colour = tuple[int, int, int, int]


def colour(text: str) -> Colour:
    """`#rrggbb` or `#rrggbbaa` as four bytes."""
    bands = ImageColor.getrgb(text)
    return bands[0], bands[1], bands[2], bands[3] if len(bands) == 4 else 255


def painted(paint: Paint, size: tuple[int, int]) -> Image.Image:
    """An RGBA picture of `size` filled with the paint."""
    colours = [colour(text) for text in paint.colours]
    if len(colours) == 1:
        return Image.new("RGBA", size, colours[0])
    way = _progress(paint.angle, size)
    tables = [[_between([entry[band] for entry in colours], step) for step in range(256)] for band in range(4)]
    return Image.merge("RGBA", [way.point(table) for table in tables])


def _progress(angle: int, size: tuple[int, int]) -> Image.Image:
    """How far along the gradient each pixel lies, 0 to 255: corners opposite along `angle` are its two ends."""
    width, height = size
    across, down = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    span = abs(across) * width + abs(down) * height
    start = (width * across + height * down - span) / 2
    ramp = Image.linear_gradient("L")
    scale = 255 / span
    transform = (0, 0, 128, across * scale, down * scale, 0.5 - start * scale)
    return ramp.transform(size, Image.Transform.AFFINE, transform, Image.Resampling.BILINEAR)


def _between(values: list[int], step: int) -> int:
    place = step / 255 * (len(values) - 1)
    index = min(int(place), len(values) - 2)
    return round(values[index] + (values[index + 1] - values[index]) * (place - index))


@lru_cache(maxsize=64)
def mask(shape: Shape, size: tuple[int, int], radius: int) -> Image.Image:
    """The shape in white on black, with soft edges. Shared between callers: do not draw on it."""
    if shape == "rectangle":
        return Image.new("L", size, 255)
    large = Image.new("L", (size[0] * _FINER, size[1] * _FINER))
    edge = (0, 0, large.width - 1, large.height - 1)
    if shape == "circle":
        ImageDraw.Draw(large).ellipse(edge, fill=255)
    else:
        most = min(size) // 2
        ImageDraw.Draw(large).rounded_rectangle(edge, radius=min(radius, most) * _FINER, fill=255)
    return large.reduce(_FINER)


@dataclass(frozen=True, slots=True)
class Plate:
    """Something ready to be laid on a canvas: RGB colours, how much each pixel covers (L), its upper left corner."""

    colours: Image.Image
    cover: Image.Image
    at: tuple[int, int]

    def lay_on(self, canvas: Image.Image) -> None:
        """Draw it; what reaches beyond the canvas is cut off."""
        canvas.paste(self.colours, self.at, self.cover)


def plate(paint: Paint, form: Image.Image, at: tuple[int, int]) -> Plate:
    """The paint seen through the mask `form`."""
    layer = painted(paint, form.size)
    if any(colour(text)[3] < 255 for text in paint.colours):
        form = ImageChops.multiply(form, layer.getchannel("A"))
    return Plate(layer.convert("RGB"), form, at)


def blurred(shape: Shape, box: Box, radius: int, blur: int) -> tuple[Image.Image, tuple[int, int]]:
    """The mask of a shape with its edge spread over `blur` pixels, and where its upper left corner belongs.

    A wide blur is made on a small picture: nobody sees the difference, and it costs a hundredth.
    """
    margin = 2 * blur
    coarse = max(1, blur // 8)
    size = math.ceil((box.width + 2 * margin) / coarse), math.ceil((box.height + 2 * margin) / coarse)
    form = mask(shape, (max(1, box.width // coarse), max(1, box.height // coarse)), radius // coarse)
    small = Image.new("L", size)
    small.paste(form, ((size[0] - form.width) // 2, (size[1] - form.height) // 2))
    soft = small.filter(ImageFilter.GaussianBlur(blur / coarse))
    full = soft.resize((box.width + 2 * margin, box.height + 2 * margin), Image.Resampling.BICUBIC)
    return full, (box.x - margin, box.y - margin)
