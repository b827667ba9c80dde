"""Grey limits that all movies of a preview share."""

import numpy as np
import pytest
from numpy.random import default_rng
from PIL import Image

from n2v_tools.io.layout import Layout
from n2v_tools.io.writer import create_stack
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.preview.request import PreviewRequest
from n2v_tools.jobs.preview.write import make_preview
from n2v_tools.stack import Stack


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save(name, array, axes="TYX", **calibration):
    sizes = dict(zip(axes, array.shape, strict=True))
    with create_stack(name, Layout(axes, sizes, array.dtype, **calibration)) as writer:
        for place, plane in Stack(array, axes).planes():
            writer.write(place, plane)
    return name


def movie(n=30, edge=64, low=100, high=300):
    return default_rng(0).integers(low, high, (n, edge, edge), np.uint16)


def preview(name, *restored, **options):
    request = PreviewRequest(name, restored, **options)
    return make_preview(request, Progress(quiet=True))


def frames(path):
    image = Image.open(path)
    for number in range(image.n_frames):
        image.seek(number)
        yield np.array(image.convert("L"))


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


def test_limits_that_are_given_are_kept():
    assert preview(save("a.tif", movie()), limits=(0.0, 1000.0)).limits == ((0, 1000),)


def test_a_flash_that_the_sample_misses_is_seen():
    dark = np.full((100, 32, 32), 7, np.uint16)
    dark[3, 4:9, 4:9] = 50
    assert preview(save("a.tif", dark), skip=1).limits == ((7, 50),)
