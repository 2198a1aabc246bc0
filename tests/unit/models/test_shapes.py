"""The input that a picture goes into."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.preprocess import Transform
from models.shapes import InputShapes

SIZES = st.integers(1, 8000)


@pytest.mark.parametrize(
    ("picture_wh", "input_wh"),
    [
        ((1920, 1080), (640, 384)),
        ((1080, 1920), (384, 640)),
        ((4000, 3000), (640, 480)),
        ((3000, 4000), (480, 640)),
        ((6000, 4000), (640, 480)),
        ((1000, 1000), (640, 640)),
        ((4000, 400), (640, 384)),
        ((1, 1), (640, 640)),
    ],
)
def test_a_picture_goes_into_the_smallest_shape_for_its_aspect(
    picture_wh: tuple[int, int], input_wh: tuple[int, int]
) -> None:
    """16:9 cameras need three fifths of the square, 4:3 photos three quarters."""
    assert InputShapes.within((640, 640)).of(picture_wh) == input_wh


@given(SIZES, SIZES)
def test_no_picture_is_shown_smaller_than_in_the_square(width: int, height: int) -> None:
    """What a shape saves is padding, never pixels of the picture."""
    shapes = InputShapes.within((640, 640))
    chosen = shapes.of((width, height))
    assert chosen in shapes.sizes_wh
    assert chosen[0] % 32 == chosen[1] % 32 == 0
    square = Transform.fitting((width, height), (640, 640)).scaled_wh
    assert Transform.fitting((width, height), chosen).scaled_wh == square


def test_a_network_that_is_no_square_has_its_one_shape() -> None:
    """Somebody exported it for one camera."""
    assert InputShapes.within((640, 384)).sizes_wh == ((640, 384),)
    assert InputShapes.only((64, 64)).of((1920, 1080)) == (64, 64)


@pytest.mark.parametrize(
    ("picture_wh", "input_wh"),
    [((1920, 1080), (512, 288)), ((3000, 4000), (384, 512)), ((1000, 1000), (512, 512))],
)
def test_a_compact_input_has_four_fifths_of_the_size(
    picture_wh: tuple[int, int], input_wh: tuple[int, int]
) -> None:
    """Sizes stay multiples of the stride; a tiny network keeps one stride."""
    assert InputShapes.compact((640, 640)).of(picture_wh) == input_wh
    assert InputShapes.compact((32, 32)).sizes_wh == ((32, 32),)
