"""Which part of a photo is shown."""

import pytest

from dp.domain.crop import Crop, visible_part
from dp.errors import CropOutsidePhoto


def test_a_portrait_without_a_chosen_crop_favours_its_upper_third() -> None:
    assert visible_part((600, 900), (400, 400), None) == (0, 100, 600, 700)


def test_a_landscape_without_a_chosen_crop_shows_its_middle() -> None:
    assert visible_part((900, 600), (400, 400), None) == (150, 0, 750, 600)


def test_the_crop_the_maker_chose_is_honoured() -> None:
    assert visible_part((1000, 1000), (480, 480), Crop(0.5, 0.25, 0.25, 0.25)) == (500, 250, 750, 500)


def test_of_a_crop_in_another_proportion_its_middle_is_shown() -> None:
    assert visible_part((1000, 1000), (200, 100), Crop(0, 0, 1, 1)) == (0, 250, 1000, 750)
    assert visible_part((1000, 1000), (100, 200), Crop(0, 0, 1, 1)) == (250, 0, 750, 1000)


@pytest.mark.parametrize(
    "corner",
    [(-0.1, 0, 0.5, 0.5), (0, -0.1, 0.5, 0.5), (0.6, 0, 0.5, 0.5), (0, 0.6, 0.5, 0.5), (0, 0, 0.001, 1), (0, 0, 1, 0)],
)
def test_a_crop_outside_the_photo_is_refused(corner: tuple[float, float, float, float]) -> None:
    with pytest.raises(CropOutsidePhoto):
        Crop(*corner)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_crop_that_is_no_number_is_refused(number: float) -> None:
    for place in range(4):
        corner = [0.1, 0.1, 0.5, 0.5]
        corner[place] = number
        with pytest.raises(CropOutsidePhoto):
            Crop(*corner)
