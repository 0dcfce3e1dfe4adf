"""What a template is: a canvas and layers, drawn one over the other from first to last.

A template is a frozen value, so a version that pictures were made from can never change under them. All lengths are
pixels of the canvas; angles are degrees, 0 pointing right and 90 down.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from dp.errors import TemplateNotAllowed

CANVASES: Final = frozenset({(1080, 1080), (1080, 1350), (1080, 1920), (1200, 630)})
"""Square and portrait feed, story, link preview: what the networks show without cutting."""

EVENT_FIELDS: Final = ("event.name", "event.date", "event.place", "event.host")
"""Filled from the event and its organisation; nobody can type them."""

_COLOUR: Final = re.compile(r"#[0-9a-f]{6}([0-9a-f]{2})?")
_FIELD: Final = re.compile(r"[a-z][a-zA-Z0-9]{0,31}")
_MOST_LAYERS: Final = 40
_MOST_BLUR: Final = 300

Weight = Literal["medium", "bold", "black"]
Align = Literal["left", "centre", "right"]
VerticalAlign = Literal["top", "middle", "bottom"]
Case = Literal["as_typed", "upper", "lower"]
PhotoShape = Literal["circle", "rounded", "rectangle"]
Shape = PhotoShape


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the canvas."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Paint:
    """One colour, or several evenly spread along `angle`. Colours are `#rrggbb` or `#rrggbbaa`, lower case."""

    colours: tuple[str, ...]
    angle: int = 0


@dataclass(frozen=True, slots=True)
class Border:
    """A ring round a photo, `gap` pixels outside its edge."""

    width: int
    paint: Paint
    gap: int = 0


@dataclass(frozen=True, slots=True)
class FillLayer:
    """The whole canvas in one paint."""

    paint: Paint
    kind: Literal["fill"] = "fill"


@dataclass(frozen=True, slots=True)
class ImageLayer:
    """An organiser's picture covering `box` (the canvas, when None); transparent parts let lower layers through."""

    image: str
    box: Box | None = None
    kind: Literal["image"] = "image"


@dataclass(frozen=True, slots=True)
class ShapeLayer:
    """A plain shape. With `blur` (a radius) it becomes a glow or a shadow."""

    shape: Shape
    box: Box
    paint: Paint
    radius: int = 0
    blur: int = 0
    kind: Literal["shape"] = "shape"


@dataclass(frozen=True, slots=True)
class PhotoLayer:
    """Where the maker's photo goes, filling the box."""

    shape: PhotoShape
    box: Box
    radius: int = 0
    border: Border | None = None
    kind: Literal["photo"] = "photo"


@dataclass(frozen=True, slots=True)
class TextLayer:
    """Words set as large as `box` and `max_size` allow. They come from `field`, or are `text` itself: exactly one.

    `tracking` is extra space between letters, in thousandths of the size; joined scripts ignore it.
    """

    box: Box
    min_size: int
    max_size: int
    colour: str
    field: str | None = None
    text: str | None = None
    weight: Weight = "bold"
    align: Align = "centre"
    vertical_align: VerticalAlign = "middle"
    max_lines: int = 2
    case: Case = "as_typed"
    tracking: int = 0
    kind: Literal["text"] = "text"


Layer = FillLayer | ImageLayer | ShapeLayer | PhotoLayer | TextLayer


@dataclass(frozen=True, slots=True)
class Template:
    """A design: canvas size and layers."""

    width: int
    height: int
    layers: tuple[Layer, ...]

    @property
    def photo(self) -> PhotoLayer | None:
        """The photo's place, where the design has one."""
        return next((layer for layer in self.layers if isinstance(layer, PhotoLayer)), None)

    @property
    def typed_fields(self) -> frozenset[str]:
        """The fields a maker has to supply."""
        named = {layer.field for layer in self.layers if isinstance(layer, TextLayer) and layer.field is not None}
        return frozenset(named) - frozenset(EVENT_FIELDS)

    @property
    def images(self) -> frozenset[str]:
        """The organiser's pictures it shows."""
        return frozenset(layer.image for layer in self.layers if isinstance(layer, ImageLayer))


def approve(template: Template) -> None:
    """Let a design in that can be drawn in bounded time and looks the same everywhere, or refuse it.

    Raises TemplateNotAllowed with the reason and a pointer to the layer.
    """
    if (template.width, template.height) not in CANVASES:
        raise TemplateNotAllowed(reason="the canvas has none of the allowed sizes", pointer="/canvas")
    if not 1 <= len(template.layers) <= _MOST_LAYERS:
        raise TemplateNotAllowed(reason=f"a design has 1 to {_MOST_LAYERS} layers", pointer="/layers")
    if sum(isinstance(layer, PhotoLayer) for layer in template.layers) > 1:
        raise TemplateNotAllowed(reason="a design has at most one photo", pointer="/layers")
    for place, layer in enumerate(template.layers):
        for reason in _faults(layer, template):
            raise TemplateNotAllowed(reason=reason, pointer=f"/layers/{place}")


def _faults(layer: Layer, template: Template) -> Iterator[str]:
    box = getattr(layer, "box", None)
    if isinstance(box, Box):
        yield from _box_faults(box, layer, template)
    for colour in _colours(layer):
        if _COLOUR.fullmatch(colour) is None:
            yield f"{colour[:20]!r} is no colour; write #rrggbb or #rrggbbaa"
    if isinstance(layer, ShapeLayer) and not 0 <= layer.blur <= _MOST_BLUR:
        yield f"blur is 0 to {_MOST_BLUR}"
    if isinstance(layer, TextLayer):
        yield from _text_faults(layer)


def _box_faults(box: Box, layer: Layer, template: Template) -> Iterator[str]:
    if box.width < 1 or box.height < 1:
        yield "a box is at least 1 pixel wide and high"
    if box.width > 2 * template.width or box.height > 2 * template.height:
        yield "a box is at most twice the canvas"
    inside = box.x >= 0 and box.y >= 0 and box.x + box.width <= template.width and box.y + box.height <= template.height
    if not inside and isinstance(layer, TextLayer):
        yield "text lies inside the canvas"
    outside = box.x >= template.width or box.y >= template.height or box.x + box.width <= 0 or box.y + box.height <= 0
    if outside:
        yield "the box lies outside the canvas"


def _text_faults(layer: TextLayer) -> Iterator[str]:
    if (layer.field is None) == (layer.text is None):
        yield "a text has either a field or words of its own"
    if layer.field is not None and layer.field not in EVENT_FIELDS and _FIELD.fullmatch(layer.field) is None:
        yield "a field is a lower-case letter, then letters and digits, 32 at most"
    if not 8 <= layer.min_size <= layer.max_size <= 600:
        yield "sizes are 8 to 600, the smallest first"
    if not 1 <= layer.max_lines <= 6:
        yield "a text has 1 to 6 lines"
    if not 0 <= layer.tracking <= 500:
        yield "tracking is 0 to 500 thousandths"


def _colours(layer: Layer) -> Iterator[str]:
    if isinstance(layer, TextLayer):
        yield layer.colour
    if isinstance(layer, FillLayer | ShapeLayer):
        yield from _paint_colours(layer.paint)
    if isinstance(layer, PhotoLayer) and layer.border is not None:
        yield from _paint_colours(layer.border.paint)


def _paint_colours(paint: Paint) -> Iterator[str]:
    # An empty paint is shown as a colour that cannot be read, so that it is refused in the same words.
    yield from paint.colours[:8] or ("",)
