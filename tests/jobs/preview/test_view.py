"""Grey limits that all movies of a preview share."""

import numpy as np
import pytest
from numpy.random import default_rng
from previews import frames, movie, preview, save


def test_noisy_and_restored_share_their_limits():
    noisy = movie()
    save("a.tif", noisy)
    save("a_half.tif", (noisy // 2).astype(np.uint16))
    made = preview("a.tif", "a_half.tif", "a.tif", scale=1.0)
    (low, high) = made.limits[0]
    assert low == pytest.approx(50, abs=2) and high == pytest.approx(299, abs=2)
    for number, frame in enumerate(frames(made.output)):
        values = noisy[number] / 1.0
        for shown in (values, values // 2):
            grey = np.rint(255 * np.clip((shown - low) / (high - low), 0, 1))
            row = grey[32].astype(np.uint8)
            windows = np.lib.stride_tricks.sliding_window_view(frame, (1, 64))
            assert (windows == row).all(axis=(2, 3)).any()


def test_each_channel_has_limits_of_its_own():
    both = np.stack([movie(4), movie(4, low=4000, high=9000)], axis=1)
    made = preview(save("a.tif", both, "TCYX"))
    assert [round(high, -2) for _, high in made.limits] == [300, 9000]
    assert preview("a.tif", at={"C": 1}, overwrite=True).limits == made.limits[1:]


def test_strips_are_black_and_do_not_move_the_limits():
    noisy = movie()
    whole = preview(save("a.tif", noisy))
    noisy[:, :, :20] = 0
    noisy[3] = 0
    striped = preview(save("b.tif", noisy))
    assert striped.limits[0] == pytest.approx(whole.limits[0], rel=0.05)
    assert preview("b.tif", keep_strips=True, overwrite=True).limits[0][0] == 0


def test_the_limits_are_those_of_the_averages():
    noisy = default_rng(0).poisson(4, (5, 400, 400)).astype(np.uint16)
    low, high = preview(save("a.tif", noisy)).limits[0]
    assert 2 < low < 4 < high < 6  # averages of 16; single pixels reach from 0 to 13


@pytest.mark.parametrize("scale", [0.1, 1.0])
def test_lone_pixels_do_not_move_the_limits(scale):
    noisy = default_rng(0).poisson(40, (8, 300, 300)).astype(np.uint16)
    usual = preview(save("a.tif", noisy), scale=scale).limits[0]
    noisy[:, [20, 150, 151, 290, 77], [30, 222, 9, 100, 250]] = 65_535
    assert preview(save("b.tif", noisy), scale=scale).limits[0] == pytest.approx(usual, rel=0.01)


@pytest.mark.parametrize("scale", [0.1, 1.0])
def test_burned_in_writing_does_not_move_the_limits(scale):
    noisy = default_rng(0).poisson(40, (8, 300, 300)).astype(np.uint16)
    usual = preview(save("a.tif", noisy), scale=scale).limits[0]
    noisy[:, 270:280, 40:200] = 65_535
    noisy[:, :, -30:] = 500
    assert preview(save("b.tif", noisy), scale=scale).limits[0] == pytest.approx(usual, rel=0.02)


def test_limits_that_are_given_are_kept():
    assert preview(save("a.tif", movie()), limits=(0.0, 1000.0)).limits == ((0, 1000),)


def test_a_flash_that_the_sample_misses_is_seen():
    dark = np.full((100, 32, 32), 7, np.uint16)
    dark[3, 4:9, 4:9] = 50
    assert preview(save("a.tif", dark), skip=1).limits == ((7, 50),)
