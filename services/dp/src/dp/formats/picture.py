"""A template, a photo and some words made into one picture. The same input gives the same bytes."""

import io
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final

from PIL import Image, ImageChops

from common.images import CleanImage, encode_jpeg
from dp.domain.crop import Crop, visible_part
from dp.domain.template import Border, Box, FillLayer, ImageLayer, Layer, Paint, PhotoLayer, Template, TextLayer
from dp.formats.clusters import read
from dp.formats.fitting import CAP_HEIGHT, DESCENT, LINE_HEIGHT, Setting, advance, fit, line_width
from dp.formats.paint import Plate, blurred, mask, plate
from dp.formats.shaping import silhouette

QUALITY: Final = 88
_WHITE: Final = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Picture:
    """A finished display picture. `missing` are characters no shipped font has; each is drawn as an empty box."""

    image: CleanImage
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _PhotoPlace:
    layer: PhotoLayer
    border: Plate | None


_Step = Plate | _PhotoPlace | TextLayer


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What does not change from one maker to the next: the layers below the first personal one already drawn, and the
    later ones ready to be laid on."""

    base: Image.Image
    steps: tuple[_Step, ...]


class Renderer:
    """Draws pictures and remembers the drawn backgrounds of the designs used last. Safe to share between threads."""

    def __init__(self, *, remembered: int = 24) -> None:
        """
        Args:
            remembered: designs whose background is kept, each 3 to 6 MB.
        """
        self._remembered = remembered
        self._prepared: OrderedDict[Template, _Prepared] = OrderedDict()
        self._lock = Lock()

    def render(
        self,
        template: Template,
        values: Mapping[str, str],
        photo: Image.Image | None,
        *,
        crop: Crop | None = None,
        images: Mapping[str, bytes] | None = None,
    ) -> Picture:
        """Draw the picture.

        Args:
            values: the words of every field of the template; an absent one is left empty.
            photo: upright RGB pixels, or None where the template has no place for one.
            images: the organiser's pictures by the name the layers use; a name always means the same bytes.
        """
        prepared = self._prepare(template, images or {})
        canvas = prepared.base.copy()
        missing: dict[str, None] = {}
        for step in prepared.steps:
            if isinstance(step, Plate):
                step.lay_on(canvas)
            elif isinstance(step, TextLayer):
                missing.update(dict.fromkeys(_draw_text(canvas, step, _words(step, values))))
            elif photo is not None:
                _draw_photo(canvas, step, photo, crop)
        return Picture(encode_jpeg(canvas, quality=QUALITY), tuple(missing))

    def _prepare(self, template: Template, images: Mapping[str, bytes]) -> _Prepared:
        with self._lock:
            if (found := self._prepared.get(template)) is not None:
                self._prepared.move_to_end(template)
                return found
        fresh = _prepare(template, images)
        with self._lock:
            self._prepared[template] = fresh
            while len(self._prepared) > self._remembered:
                self._prepared.popitem(last=False)
        return fresh


def _prepare(template: Template, images: Mapping[str, bytes]) -> _Prepared:
    canvas = Image.new("RGB", (template.width, template.height), _WHITE)
    steps: list[_Step] = []
    for layer in template.layers:
        step = _step(layer, canvas.size, images)
        if steps or isinstance(step, _PhotoPlace) or (isinstance(step, TextLayer) and step.field is not None):
            steps.append(step)
        elif isinstance(step, TextLayer):
            _draw_text(canvas, step, step.text or "")
        else:
            step.lay_on(canvas)
    return _Prepared(canvas, tuple(steps))


def _step(layer: Layer, canvas: tuple[int, int], images: Mapping[str, bytes]) -> _Step:
    if isinstance(layer, TextLayer):
        return layer
    if isinstance(layer, PhotoLayer):
        return _PhotoPlace(layer, _ring(layer, layer.border) if layer.border is not None else None)
    if isinstance(layer, FillLayer):
        return plate(layer.paint, Image.new("L", canvas, 255), (0, 0))
    if isinstance(layer, ImageLayer):
        return _organisers_picture(images[layer.image], layer.box or Box(0, 0, *canvas))
    if layer.blur:
        form, at = blurred(layer.shape, layer.box, layer.radius, layer.blur)
        return plate(layer.paint, form, at)
    form = mask(layer.shape, (layer.box.width, layer.box.height), layer.radius)
    return plate(layer.paint, form, (layer.box.x, layer.box.y))


def _organisers_picture(data: bytes, box: Box) -> Plate:
    with Image.open(io.BytesIO(data), formats=["JPEG", "PNG"]) as opened:
        picture = opened.convert("RGBA")
    part = visible_part(picture.size, (box.width, box.height), None)
    fitted = picture.resize((box.width, box.height), Image.Resampling.LANCZOS, box=part, reducing_gap=2.0)
    return Plate(fitted.convert("RGB"), fitted.getchannel("A"), (box.x, box.y))


def _ring(layer: PhotoLayer, border: Border) -> Plate:
    box, out, gap = layer.box, border.gap + border.width, border.gap
    ring = mask(layer.shape, (box.width + 2 * out, box.height + 2 * out), layer.radius + out)
    if gap:
        hole = Image.new("L", ring.size)
        inner = mask(layer.shape, (box.width + 2 * gap, box.height + 2 * gap), layer.radius + gap)
        hole.paste(inner, (border.width, border.width))
        ring = ImageChops.subtract(ring, hole)
    return plate(border.paint, ring, (box.x - out, box.y - out))


def _words(layer: TextLayer, values: Mapping[str, str]) -> str:
    return layer.text or "" if layer.field is None else values.get(layer.field, "")


def _draw_photo(canvas: Image.Image, place: _PhotoPlace, photo: Image.Image, crop: Crop | None) -> None:
    box, size = place.layer.box, (place.layer.box.width, place.layer.box.height)
    if place.border is not None:
        place.border.lay_on(canvas)
    part = visible_part(photo.size, size, crop)
    fitted = photo.resize(size, Image.Resampling.LANCZOS, box=part, reducing_gap=2.0)
    canvas.paste(fitted, (box.x, box.y), mask(place.layer.shape, size, place.layer.radius))


def _draw_text(canvas: Image.Image, layer: TextLayer, words: str) -> tuple[str, ...]:
    """Draw the words and return the characters that no face has."""
    cased = {"as_typed": words, "upper": words.upper(), "lower": words.lower()}[layer.case]
    letters = read(cased, layer.weight)
    if not letters.clusters:
        return ()
    setting = fit(letters, layer)
    ink = Paint((layer.colour,))
    for number, line in enumerate(setting.lines):
        x = layer.box.x + _indent(layer, line_width(line, setting.size, layer.tracking))
        # Letters stand on a whole row of pixels: that is what keeps their feet sharp.
        baseline = round(_first_baseline(layer, setting) + number * LINE_HEIGHT * setting.size)
        for run in line:
            if (seen := silhouette(run, setting.size, x)) is not None:
                form, (left, top) = seen
                plate(ink, form, (left, baseline + top)).lay_on(canvas)
            x += advance(run, setting.size, layer.tracking)
    return letters.missing


def _indent(layer: TextLayer, width: float) -> float:
    spare = max(0.0, layer.box.width - width)
    return {"left": 0.0, "centre": spare / 2, "right": spare}[layer.align]


def _first_baseline(layer: TextLayer, setting: Setting) -> float:
    """Capitals, not the invisible space above them, are what is aligned with the box."""
    height = (CAP_HEIGHT + LINE_HEIGHT * (len(setting.lines) - 1)) * setting.size
    spare = layer.box.height - height
    above = {"top": 0.0, "middle": spare / 2, "bottom": spare - DESCENT * setting.size}[layer.vertical_align]
    return layer.box.y + above + CAP_HEIGHT * setting.size
