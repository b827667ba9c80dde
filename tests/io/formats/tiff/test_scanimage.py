"""ScanImage plans more than it records: pages are counted, channels and depths taken from it."""

import math

import numpy as np
import pytest
from vendor_files import settings_of, write_scanimage

from n2v_tools.errors import AxesError
from n2v_tools.io.formats.tiff.scanimage import order_of_pages, read_header
from n2v_tools.io.reader import open_stack


def make_pages(n_pages, seed=5):
    return np.random.default_rng(seed).poisson(20, (n_pages, 18, 22)).astype(np.int16)


@pytest.mark.parametrize("classic", [False, True])
@pytest.mark.parametrize(
    ("n_pages", "settings", "sizes"),
    [
        (30, settings_of(frames=30), {"T": 30}),
        (17, settings_of(frames=5000), {"T": 17}),
        (17, settings_of(frames=math.inf), {"T": 17}),
        (24, settings_of(channels=3, frames=900), {"T": 8, "C": 3}),
        (24, settings_of(depths=4, hStackManager__numVolumes=99), {"T": 6, "Z": 4}),
        (24, settings_of(channels=2, depths=4), {"T": 3, "Z": 4, "C": 2}),
        (12, settings_of(channels=2, depths=6), {"Z": 6, "C": 2}),
        (20, settings_of(frames=5, depths=4), {"Z": 4, "T": 5}),
        (15, settings_of(frames=5, depths=4), {"Z": 3, "T": 5}),
        (3, settings_of(frames=5, depths=4), {"T": 3}),
        (12, settings_of(frames=60, depths=4, hScan2D__logAverageFactor=20), {"Z": 4, "T": 3}),
        (20, settings_of(depths=3, hStackManager__numFramesPerVolumeWithFlyback=5),
         {"T": 4, "Z": 5}),
        (9, settings_of(depths=3, hStackManager__enable="false"), {"T": 9}),
        (1, settings_of(frames=100), {}),
    ],
)  # fmt: skip
def test_pages_are_counted_whatever_was_planned(tmp_path, n_pages, settings, sizes, classic):
    pages = make_pages(n_pages)
    write_scanimage(tmp_path / "a.tif", pages, settings, classic=classic)
    stack = open_stack(tmp_path / "a.tif")
    assert stack.sizes == {**sizes, "Y": 18, "X": 22}
    np.testing.assert_array_equal(np.asarray(stack).reshape(pages.shape), pages)


@pytest.mark.parametrize(
    ("n_pages", "settings", "first_frame"),
    [
        (22, settings_of(depths=4), 1),  # stopped inside a volume
        (23, settings_of(channels=2, frames=500), 1),  # stopped between channels
        (12, settings_of(depths=4), 7),  # a part that begins inside a volume
        (20, settings_of(depths=4, hStackManager__numFramesPerVolumeWithFlyback=5), 1),
        (40, settings_of(frames=2, depths=4), 1),  # more than one slow stack
    ],
)
def test_what_pages_do_not_fill_is_asked_for(tmp_path, n_pages, settings, first_frame):
    pages = make_pages(n_pages)
    write_scanimage(tmp_path / "a.tif", pages, settings, first_frame=first_frame)
    with pytest.raises(AxesError, match=r"ScanImage header plans.*--axes TYX"):
        open_stack(tmp_path / "a.tif")
    np.testing.assert_array_equal(np.asarray(open_stack(tmp_path / "a.tif", "TYX")), pages)


@pytest.mark.parametrize(
    ("axes", "shape"), [("TYX", (24,)), ("TZYX", (6, 4)), ("TCYX", (12, 2)), ("ZTCYX", (3, 4, 2))]
)
def test_axes_of_the_user_win_where_the_count_fits(tmp_path, axes, shape):
    pages = make_pages(24)
    write_scanimage(tmp_path / "a.tif", pages, settings_of(channels=2, depths=4))
    stack = open_stack(tmp_path / "a.tif", axes)
    assert stack.axes == axes
    np.testing.assert_array_equal(np.asarray(stack), pages.reshape(*shape, 18, 22))


def test_axes_that_do_not_fit_are_refused(tmp_path):
    write_scanimage(tmp_path / "a.tif", make_pages(22), settings_of(depths=4))
    with pytest.raises(AxesError):
        open_stack(tmp_path / "a.tif", "TZYX")


def test_spacing_is_read_in_micrometres_and_seconds(tmp_path):
    settings = settings_of(
        depths=4,
        hStackManager__stackZStepSize=-2.5,
        hRoiManager__scanFramePeriod=0.03,
        hRoiManager__scanVolumeRate=4,
        hRoiManager__imagingFovUm="[-220 -90;220 -90;220 90;-220 90]",
    )
    write_scanimage(tmp_path / "a.tif", make_pages(8), settings)
    stack = open_stack(tmp_path / "a.tif")
    assert stack.unit == "µm"
    assert stack.spacing == pytest.approx({"T": 0.25, "Z": 2.5, "Y": 10, "X": 20})


@pytest.mark.parametrize(
    ("text", "axes", "sizes"),
    [
        ("scanimage.SI4.channelsSave = [1;2]\nscanimage.SI4.acqNumFrames = 900", "TC", (6, 2)),
        ("scanimage.SI.hChannels.channelSave = 1\nscanimage.SI.hStackManager.numSlices = 3\n"
         "scanimage.SI.hStackManager.framesPerSlice = 1", "TZ", (4, 3)),
        ("state.acq.numberOfChannelsSave=2\rstate.acq.numberOfFrames=1\r"
         "state.acq.numberOfZSlices=6\r", "ZC", (6, 2)),
    ],
)  # fmt: skip
def test_older_versions_are_understood(text, axes, sizes):
    order = order_of_pages(read_header("", text), 12)
    assert (order.axes, order.sizes) == (axes, sizes)


@pytest.mark.parametrize("value", ["1e308", "-7", "nan", "Inf", "0", "'x'", "9" * 5000])
@pytest.mark.parametrize("key", ["framesPerSlice", "numSlices", "numFramesPerVolumeWithFlyback"])
def test_a_header_that_lies_is_never_a_crash(key, value):
    header = read_header(f"SI.hStackManager.{key} = {value}\nSI.hChannels.channelSave = [1;2]")
    order = order_of_pages(header, 12)
    assert math.prod(order.sizes) == 12
