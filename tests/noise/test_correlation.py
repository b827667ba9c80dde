"""Correlation of noise that rows and columns share, measured in one image of it, and its mask."""

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.io.reader import open_stack
from n2v_tools.noise.correlation import measure_correlation
from n2v_tools.noise.mask import choose_mask
from n2v_tools.noise.sample import Sample, read_sample
from n2v_tools.simulate.kinds import structured_noise, true_correlation
from n2v_tools.simulate.structured import cell_image


@pytest.fixture(scope="module")
def cells():
    return cell_image((384, 384))


def measured(cells, kind, ratio):
    noise = structured_noise(cells.shape, kind, default_rng(1))
    plane = (cells + ratio * cells.std() * noise).astype(np.float32)
    return measure_correlation(Sample((plane,), (0,), {}, 1))


@pytest.mark.parametrize("ratio", [0.3, 1, 2])
@pytest.mark.parametrize(
    ("kind", "mask"),
    [
        ("2x2", "square:3"),
        ("3x3", "square:5"),
        ("5x3", "square:9x5"),
        ("cross", "cross:5"),
        ("1x3+5x1", "cross:9x5"),
    ],
)
def test_a_square_is_told_from_a_cross(cells, kind, mask, ratio):
    assert choose_mask(measured(cells, kind, ratio)).name == mask


@pytest.mark.parametrize("kind", ["isotropic", "3x3", "2x2", "1x3", "white"])
def test_the_diagonal_is_the_true_one(cells, kind):
    found = measured(cells, kind, 1).diagonal
    assert found == pytest.approx(true_correlation(kind)["diagonal"], abs=0.05)


def test_where_rows_and_columns_multiply_quiet_places_are_not_asked(cells):
    for kind in ("isotropic", "3x3", "cross", "1x3", "white"):
        assert not measured(cells, kind, 1).quiet


def test_noise_of_a_tomogram_reaches_as_far_in_x_as_in_y(shared_data):
    files = sorted((shared_data / "tomography").glob("plane_*.tif"))
    for file in (*files, shared_data / "tomography" / "t_brucei_crosssection_uint8.tif"):
        found = measure_correlation(read_sample(open_stack(file, "YX")))
        assert choose_mask(found).name == "square:5", file.name
