"""Which designs are let in."""

from dataclasses import replace

import pytest

from dp.domain import presets
from dp.domain.template import (
    CANVASES,
    Box,
    FillLayer,
    Layer,
    Paint,
    PhotoLayer,
    ShapeLayer,
    Template,
    TextLayer,
    approve,
)
from dp.errors import TemplateNotAllowed

NAME = TextLayer(Box(90, 700, 900, 100), 30, 90, "#ffffff", field="name")
PHOTO = PhotoLayer("circle", Box(300, 200, 480, 480))
GROUND = FillLayer(Paint(("#000000",)))


def design(*layers: Layer) -> Template:
    return Template(1080, 1080, layers or (GROUND, PHOTO, NAME))


def refusal(template: Template) -> tuple[str, str | None]:
    with pytest.raises(TemplateNotAllowed) as refused:
        approve(template)
    return str(refused.value.details["reason"]), refused.value.pointer


@pytest.mark.parametrize("size", sorted(CANVASES))
def test_the_four_canvases_networks_show_whole_are_allowed(size: tuple[int, int]) -> None:
    approve(Template(*size, (GROUND,)))


@pytest.mark.parametrize("size", [(1080, 1081), (100_000, 100_000), (0, 0)])
def test_any_other_canvas_is_refused(size: tuple[int, int]) -> None:
    assert refusal(Template(*size, (GROUND,))) == ("the canvas has none of the allowed sizes", "/canvas")


@pytest.mark.parametrize("preset", [presets.spotlight(), presets.poster()])
def test_the_designs_we_offer_are_allowed_and_ask_only_for_a_name_and_a_photo(preset: Template) -> None:
    approve(preset)
    assert preset.typed_fields == {"name"}
    assert preset.photo is not None


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (replace(NAME, colour="white"), "'white' is no colour; write #rrggbb or #rrggbbaa"),
        (replace(NAME, text="too"), "a text has either a field or words of its own"),
        (replace(NAME, field=None), "a text has either a field or words of its own"),
        (replace(NAME, field="event.secret"), "a field is a lower-case letter, then letters and digits, 32 at most"),
        (replace(NAME, min_size=91), "sizes are 8 to 600, the smallest first"),
        (replace(NAME, max_size=601), "sizes are 8 to 600, the smallest first"),
        (replace(NAME, max_lines=7), "a text has 1 to 6 lines"),
        (replace(NAME, tracking=501), "tracking is 0 to 500 thousandths"),
        (replace(NAME, box=Box(200, 0, 900, 100)), "text lies inside the canvas"),
        (ShapeLayer("circle", Box(0, 0, 0, 9), Paint(("#000000",))), "a box is at least 1 pixel wide and high"),
        (ShapeLayer("circle", Box(0, 0, 9, 2161), Paint(("#000000",))), "a box is at most twice the canvas"),
        (ShapeLayer("circle", Box(1080, 0, 9, 9), Paint(("#000000",))), "the box lies outside the canvas"),
        (ShapeLayer("circle", Box(0, 0, 9, 9), Paint(("#000000",)), blur=301), "blur is 0 to 300"),
        (FillLayer(Paint(())), "'' is no colour; write #rrggbb or #rrggbbaa"),
        (FillLayer(Paint(("#000000", "#FFFFFF"))), "'#FFFFFF' is no colour; write #rrggbb or #rrggbbaa"),
    ],
)
def test_a_layer_that_cannot_be_drawn_is_refused_by_its_place(layer: Layer, reason: str) -> None:
    assert refusal(design(GROUND, layer)) == (reason, "/layers/1")


def test_a_design_has_at_most_one_photo_and_forty_layers() -> None:
    assert refusal(design(PHOTO, PHOTO)) == ("a design has at most one photo", "/layers")
    assert refusal(design(*[GROUND] * 41)) == ("a design has 1 to 40 layers", "/layers")
    assert refusal(Template(1080, 1080, ())) == ("a design has 1 to 40 layers", "/layers")
    approve(design(*[GROUND] * 40))
