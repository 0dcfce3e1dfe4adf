"""Which part of a photo is shown."""

from dataclasses import dataclass

from dp.errors import CropOutsidePhoto


@dataclass(frozen=True, slots=True)
class Crop:
    """A rectangle of the upright photo, in fractions of its width and height (0 to 1).

    Fractions, because a browser knows the photo at another size than the one we keep.
    """

    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        """Raises CropOutsidePhoto."""
        fits = self.x >= 0 and self.y >= 0 and self.x + self.width <= 1.001 and self.y + self.height <= 1.001
        if not (fits and self.width >= 0.01 and self.height >= 0.01):
            raise CropOutsidePhoto(pointer="/crop")


def visible_part(photo: tuple[int, int], box: tuple[int, int], crop: Crop | None) -> tuple[float, float, float, float]:
    """The rectangle (left, top, right, bottom) of a photo of size `photo` that fills a box of size `box`.

    What the maker chose is honoured: the largest part of it in the box's proportion, from its middle. Without a choice
    the cut favours the upper third, because that is where faces are in a portrait.
    """
    width, height = photo
    left, top, right, bottom = 0.0, 0.0, float(width), float(height)
    if crop is not None:
        left, top = crop.x * width, crop.y * height
        right, bottom = min(right, left + crop.width * width), min(bottom, top + crop.height * height)
    wanted = box[0] / box[1]
    room_width, room_height = right - left, bottom - top
    if room_width / room_height > wanted:
        spare = room_width - room_height * wanted
        return left + spare / 2, top, right - spare / 2, bottom
    spare = room_height - room_width / wanted
    above = spare / 2 if crop is not None else spare / 3
    return left, top + above, right, bottom - (spare - above)
