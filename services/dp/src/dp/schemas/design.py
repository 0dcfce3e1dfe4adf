"""A design as JSON. The fields are those of `domain.template`; what they may say together is that module's to judge."""

from dataclasses import asdict
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from common.schemas import Body
from dp.domain.template import Align, Case, PhotoShape, Shape, Template, VerticalAlign, Weight

_Pixel = Annotated[int, Field(ge=-10_000, le=10_000, strict=True)]
_Length = Annotated[int, Field(ge=0, le=10_000, strict=True)]
_Colour = Annotated[str, StringConstraints(pattern="^#[0-9a-f]{6}([0-9a-f]{2})?$")]
_FieldName = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class BoxBody(Body):
    """A rectangle on the canvas, in pixels."""

    x: _Pixel
    y: _Pixel
    width: _Length
    height: _Length


class PaintBody(Body):
    """One colour, or several evenly spread along `angle` degrees (0 to the right, 90 down)."""

    colours: Annotated[tuple[_Colour, ...], Field(min_length=1, max_length=4)]
    angle: Annotated[int, Field(ge=-360, le=360, strict=True)] = 0


class BorderBody(Body):
    """A ring round the photo."""

    width: Annotated[int, Field(ge=1, le=200, strict=True)]
    paint: PaintBody
    gap: Annotated[int, Field(ge=0, le=200, strict=True)] = 0


class FillBody(Body):
    """The whole canvas in one paint."""

    kind: Literal["fill"]
    paint: PaintBody


class ImageBody(Body):
    """A picture of the organiser's, by the name its upload was answered with."""

    kind: Literal["image"]
    image: Annotated[str, StringConstraints(pattern=r"^designs/[0-9a-f]{32}\.(png|jpg)$")]
    box: BoxBody | None = None


class ShapeBody(Body):
    """A plain shape; with `blur` a glow or a shadow."""

    kind: Literal["shape"]
    shape: Shape
    box: BoxBody
    paint: PaintBody
    radius: _Length = 0
    blur: _Length = 0


class PhotoBody(Body):
    """Where the maker's photo goes."""

    kind: Literal["photo"]
    shape: PhotoShape
    box: BoxBody
    radius: _Length = 0
    border: BorderBody | None = None


class TextBody(Body):
    """Words from a `field`, or `text` of the design's own."""

    kind: Literal["text"]
    box: BoxBody
    min_size: _Length
    max_size: _Length
    colour: _Colour
    field: _FieldName | None = None
    text: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    weight: Weight = "bold"
    align: Align = "centre"
    vertical_align: VerticalAlign = "middle"
    max_lines: _Length = 2
    case: Case = "as_typed"
    tracking: _Length = 0


LayerBody = Annotated[FillBody | ImageBody | ShapeBody | PhotoBody | TextBody, Field(discriminator="kind")]

_DESIGN: Final[TypeAdapter[Template]] = TypeAdapter(Template)


class DesignBody(Body):
    """A canvas and its layers, the lowest first."""

    width: _Length
    height: _Length
    layers: Annotated[tuple[LayerBody, ...], Field(min_length=1, max_length=40)]

    def design(self) -> Template:
        """The value the domain works with."""
        return _DESIGN.validate_python(self.model_dump())

    @classmethod
    def of(cls, design: Template) -> "DesignBody":
        """From the domain's value."""
        return cls.model_validate(asdict(design))
