"""The picture itself, judged by its pixels."""

import io
import threading

import pytest
from PIL import Image, ImageChops

from common.images import encode_png
from dp.domain import presets
from dp.domain.crop import Crop
from dp.domain.template import (
    Border,
    Box,
    FillLayer,
    ImageLayer,
    Layer,
    Paint,
    PhotoLayer,
    ShapeLayer,
    Template,
    TextLayer,
)
from dp.formats.picture import Picture, Renderer

BLACK = FillLayer(Paint(("#000000",)))
NAME = TextLayer(Box(90, 700, 900, 200), 30, 90, "#ffffff", field="name")


def pixels(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.image.data)).convert("RGB")


def drawn(*layers: Layer, photo: Image.Image | None = None, name: str = "Ada", crop: Crop | None = None) -> Image.Image:
    return pixels(Renderer().render(Template(1080, 1080, layers), {"name": name}, photo, crop=crop))


def ink(picture: Image.Image) -> tuple[int, int, int, int] | None:
    """The box round everything bright."""
    return picture.convert("L").point([0] * 128 + [255] * 128).getbbox()


def near(found: object, expected: tuple[int, int, int], tolerance: int = 6) -> bool:
    return isinstance(found, tuple) and all(abs(a - b) <= tolerance for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize("template", [presets.spotlight(), presets.poster()])
def test_the_same_input_gives_the_same_bytes_of_the_size_the_template_says(template: Template) -> None:
    values = {"name": "Ada", "event.name": "Lagos Design Week", "event.date": "14 March", "event.place": "Lagos"}
    photo = Image.radial_gradient("L").convert("RGB")
    first = Renderer().render(template, values, photo)
    again = Renderer()
    assert again.render(template, values, photo) == first
    assert again.render(template, values, photo) == first
    assert (first.image.width, first.image.height) == (template.width, template.height)
    assert pixels(first).size == (template.width, template.height)
    assert first.image.content_type == "image/jpeg"


def test_no_maker_leaves_a_trace_on_the_next_ones_picture() -> None:
    renderer, template = Renderer(), presets.spotlight()
    alone = renderer.render(template, {"name": "Ada"}, Image.new("RGB", (99, 99), (9, 9, 9)))
    renderer.render(template, {"name": "Somebody Else"}, Image.new("RGB", (99, 99), (250, 0, 0)))
    assert renderer.render(template, {"name": "Ada"}, Image.new("RGB", (99, 99), (9, 9, 9))) == alone


def test_many_threads_draw_the_same_picture() -> None:
    renderer, photo = Renderer(remembered=1), Image.radial_gradient("L").convert("RGB")
    expected = [
        Renderer().render(template, {"name": "عبد الله"}, photo) for template in (presets.spotlight(), presets.poster())
    ]
    found: list[Picture] = []

    def draw() -> None:
        for template in (presets.spotlight(), presets.poster()):
            found.extend((renderer.render(template, {"name": "عبد الله"}, photo),))

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(picture in expected for picture in found)


def test_a_circle_shows_the_photo_inside_and_the_ground_outside() -> None:
    place = PhotoLayer("circle", Box(300, 300, 400, 400))
    picture = drawn(BLACK, place, photo=Image.new("RGB", (50, 80), (250, 0, 0)))
    assert near(picture.getpixel((500, 500)), (250, 0, 0))
    assert near(picture.getpixel((310, 310)), (0, 0, 0))


def test_a_border_with_a_gap_stands_off_the_photo() -> None:
    border = Border(20, Paint(("#00ff00",)), gap=20)
    picture = drawn(
        BLACK, PhotoLayer("circle", Box(300, 300, 400, 400), border=border), photo=Image.new("RGB", (9, 9), (250, 0, 0))
    )
    assert near(picture.getpixel((310, 500)), (250, 0, 0), 12)
    assert near(picture.getpixel((290, 500)), (0, 0, 0), 12)
    assert near(picture.getpixel((270, 500)), (0, 255, 0), 12)
    assert near(picture.getpixel((250, 500)), (0, 0, 0), 12)


def test_the_chosen_crop_is_what_is_seen() -> None:
    photo = Image.new("RGB", (400, 400), (250, 0, 0))
    photo.paste((0, 0, 250), (200, 200, 400, 400))
    place = PhotoLayer("rectangle", Box(0, 0, 1080, 1080))
    assert near(drawn(BLACK, place, photo=photo, crop=Crop(0.5, 0.5, 0.5, 0.5)).getpixel((20, 20)), (0, 0, 250))
    assert near(drawn(BLACK, place, photo=photo).getpixel((20, 20)), (250, 0, 0))


@pytest.mark.parametrize(
    "name", ["Ada", "Adaeze Okonkwo", "W" * 80, "Åsa Ẹ́niọlá", "عبد الرحمن", "क्षत्रिय श्रीमती", "x " * 200]
)
def test_words_stay_inside_their_box(name: str) -> None:
    box = ink(drawn(BLACK, NAME, name=name))
    assert box is not None
    left, top, right, bottom = box
    assert left >= 90 - 4 and right <= 990 + 4
    # Stacked marks may reach above the capitals; they never leave by more than a quarter of the size.
    assert top >= 700 - 23 and bottom <= 900 + 23


def test_arabic_letters_are_joined() -> None:
    """Shaped, this word is much narrower than its five letters standing alone."""
    layer = TextLayer(Box(0, 0, 1080, 200), 60, 60, "#ffffff", field="name")
    joined, apart = ink(drawn(BLACK, layer, name="سسسسس")), ink(drawn(BLACK, layer, name="\u200c".join("سسسسس")))
    assert joined is not None and apart is not None
    assert joined[2] - joined[0] < 0.8 * (apart[2] - apart[0])


def test_words_that_look_like_markup_are_drawn_as_they_are() -> None:
    assert (
        ImageChops.difference(drawn(BLACK, NAME, name="<b>Ada</b>"), drawn(BLACK, NAME, name="Ada")).getbbox()
        is not None
    )
    assert ImageChops.difference(drawn(BLACK, NAME, name="&lt;3"), drawn(BLACK, NAME, name="<3")).getbbox() is not None


@pytest.mark.parametrize(("align", "expected"), [("left", 90), ("right", 990)])
def test_words_are_aligned_to_the_edge_they_are_told(align: str, expected: int) -> None:
    layer = TextLayer(
        Box(90, 700, 900, 200), 60, 60, "#ffffff", field="name", align="left" if align == "left" else "right"
    )
    box = ink(drawn(BLACK, layer, name="III"))
    assert box is not None
    assert abs((box[0] if align == "left" else box[2]) - expected) <= 8


def test_upper_case_is_a_matter_of_the_design() -> None:
    upper = TextLayer(NAME.box, 30, 90, "#ffffff", field="name", case="upper")
    assert drawn(BLACK, upper, name="straße").tobytes() == drawn(BLACK, upper, name="STRASSE").tobytes()


def test_a_gradient_runs_from_its_first_colour_to_its_last() -> None:
    down = drawn(FillLayer(Paint(("#ff0000", "#0000ff"), 90)))
    assert near(down.getpixel((500, 2)), (255, 0, 0)) and near(down.getpixel((500, 1077)), (0, 0, 255))
    across = drawn(FillLayer(Paint(("#ff0000", "#00ff00", "#0000ff"), 0)))
    assert near(across.getpixel((2, 9)), (255, 0, 0)) and near(across.getpixel((1077, 9)), (0, 0, 255))
    assert near(across.getpixel((540, 9)), (0, 255, 0), 12)


def test_a_half_transparent_shape_lets_half_through() -> None:
    veil = ShapeLayer("rectangle", Box(0, 0, 1080, 540), Paint(("#ffffff80",)))
    assert near(drawn(BLACK, veil).getpixel((500, 200)), (128, 128, 128))
    assert near(drawn(BLACK, veil).getpixel((500, 900)), (0, 0, 0))


def test_half_transparent_words_let_half_through() -> None:
    milk = TextLayer(Box(90, 700, 900, 300), 250, 250, "#ffffff80", field="name")
    assert near(drawn(BLACK, milk, name="I").getpixel((540, 850)), (128, 128, 128))


def test_a_blurred_shape_fades_and_may_reach_beyond_the_canvas() -> None:
    glow = drawn(BLACK, ShapeLayer("circle", Box(-200, -200, 400, 400), Paint(("#ffffff",)), blur=100)).convert("L")
    levels = glow.tobytes()
    centre, edge, far = (levels[place * 1080 + place] for place in (0, 150, 600))
    assert centre > 200 > edge > 60 > 4 > far


def test_an_organisers_picture_covers_its_box_and_its_holes_show_the_photo() -> None:
    frame = Image.new("RGBA", (200, 200), (0, 250, 0, 255))
    frame.paste((0, 0, 0, 0), (50, 50, 150, 150))
    template = Template(1080, 1080, (BLACK, PhotoLayer("rectangle", Box(0, 0, 1080, 1080)), ImageLayer("frame")))
    made = Renderer().render(
        template, {}, Image.new("RGB", (9, 9), (250, 0, 0)), images={"frame": encode_png(frame).data}
    )
    assert near(pixels(made).getpixel((540, 540)), (250, 0, 0))
    assert near(pixels(made).getpixel((20, 20)), (0, 250, 0))


def test_what_no_font_has_is_reported_with_the_picture() -> None:
    assert Renderer().render(Template(1080, 1080, (BLACK, NAME)), {"name": "Ada 李"}, None).missing == ("李",)
