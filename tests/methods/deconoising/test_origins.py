"""Sources of a point spread function: what is written is understood, and what is not is said."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools.errors import SettingsError, StackError
from n2v_tools.methods.deconoising.origins import psf_for, require_readable
from n2v_tools.stack import Stack

KNOWN = Stack(np.zeros((4, 8, 8)), "ZYX", {"Z": 0.2, "Y": 0.065, "X": 0.065}, "um", "a.tif")
UNKNOWN = Stack(np.zeros((8, 8)), "YX", name="b.tif")
OIL = "na=1.4,wavelength=520,index=1.518"


def one(text, stack=KNOWN, axes="YX", channel=0):
    return psf_for(text, stack, axes, channel)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("gaussian:0", "above 0"),
        ("gaussian:1,2,3,4", "deviation"),
        ("gaussian:x", "no number"),
        ("gaussian:nan", "no number|above 0"),
        ("na=1.4", "wavelength is missing"),
        ("na=1.4,wavelenght=520", "'wavelength'"),
        ("na=1.4,wavelength=0.5", "200 to 2000"),
        ("na=1.4,wavelength=520,index=1.33", "higher index"),
        ("gaussian:1;", "one is missing"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_opened(text, named):
    with pytest.raises(SettingsError, match=named):
        require_readable(text)


def test_a_gaussian_has_a_deviation_for_each_axis_or_one_for_all():
    assert len(one("gaussian:1.2", axes="ZYX")[0].reach_px) == 3
    deep, _ = one("gaussian:3,1.2", axes="ZYX")
    assert deep.reach_px == (12, 5, 5)
    movie, _ = one("gaussian:1.2", axes="TYX")
    assert movie.reach_px == (0, 5, 5)  # along time a point stays one
    with pytest.raises(SettingsError, match="3 deviations"):
        one("gaussian:3,1.2,1.2")


def test_a_computed_one_is_as_wide_as_an_airy_disc():
    psf, _ = one(OIL)
    # The disc is 0.514 wavelengths over the aperture wide at half height; pixels add a little.
    assert psf.widths_px[0] * 0.065 == pytest.approx(0.514 * 0.52 / 1.4, rel=0.05)
    ring = psf.kernel[psf.kernel.shape[0] // 2]
    dark = round(0.61 * 0.52 / 1.4 / 0.065 + 0.5)  # px, where the first ring is dark
    assert ring[len(ring) // 2 + dark] < 0.02 * ring.max()


def test_a_computed_one_is_longer_than_wide_and_narrower_in_depth_with_more_index_angle():
    deep, _ = one(OIL, axes="ZYX")
    z, y, _ = deep.widths_px
    assert z * 0.2 > 1.5 * y * 0.065
    air, _ = one("na=0.9,wavelength=520,index=1", axes="ZYX")
    assert air.widths_px[1] > y


def test_pixels_of_unknown_size_are_asked_for():
    with pytest.raises(SettingsError, match=r"pixel=0\.1"):
        one(OIL, UNKNOWN)
    given, _ = one(OIL + ",pixel=0.065", UNKNOWN)
    assert given.widths_px == one(OIL)[0].widths_px


def test_what_the_microscope_recorded_is_taken_channel_by_channel():
    optics = {"na": 1.4, "index": 1.518, "emission_nm": [520.0, 700.0]}
    stack = Stack(
        np.zeros((2, 8, 8)), "CYX", {"Y": 0.065, "X": 0.065}, "um", "c.tif", {"optics": optics}
    )
    green, red = (one("auto", stack, channel=c)[0] for c in (0, 1))
    assert green.confidence == "high"
    assert red.widths_px[0] / green.widths_px[0] == pytest.approx(700 / 520, rel=0.05)
    assert one("auto", KNOWN) == (None, [])
    nonsense = {"na": 0.0, "emission_nm": [520.0]}
    assert one("auto", Stack(stack.array, "CYX", metadata={"optics": nonsense})) == (None, [])


@pytest.fixture
def bead(tmp_path):
    """Write a spot with a camera level and noise, off the middle, and return its path."""

    def write(shape, at, sigma, level=100.0):
        pixels = np.zeros(shape)
        pixels[at] = 1
        pixels = gaussian_filter(pixels, sigma)
        noise = default_rng(0).normal(0, 2, shape)
        path = tmp_path / "bead.npy"
        np.save(path, np.float32(level + 5000 * pixels / pixels.max() + noise))
        return path

    return write


def test_a_measured_one_is_recentred_and_freed_from_the_camera_s_level(bead, monkeypatch):
    monkeypatch.setattr(
        "n2v_tools.methods.deconoising.origins.open_stack",
        lambda text, axes=None: Stack(np.load(text), "YX", name=str(text)),
    )
    path = bead((41, 47), (14, 30), 1.5)
    psf, notes = one(str(path))
    assert psf.widths_px == pytest.approx((2.355 * 1.5,) * 2, rel=0.1)
    middle = tuple(n // 2 for n in psf.kernel.shape)
    assert np.unravel_index(psf.kernel.argmax(), psf.kernel.shape) == middle
    assert psf.kernel.sum() == pytest.approx(1) and len(psf.symmetries) == 8
    assert "pixel size" in notes[0]


def test_a_measured_one_is_brought_to_the_pixels_of_the_stack(bead, monkeypatch):
    fine = {"Y": 0.0325, "X": 0.0325}
    monkeypatch.setattr(
        "n2v_tools.methods.deconoising.origins.open_stack",
        lambda text, axes=None: Stack(np.load(text), "YX", fine, "um", str(text)),
    )
    psf, notes = one(str(bead((61, 61), (30, 30), 3.0)))
    assert psf.widths_px == pytest.approx((2.355 * 1.5,) * 2, rel=0.1) and not notes


def test_of_a_volume_the_plane_in_focus_serves_a_model_of_planes(bead, monkeypatch):
    monkeypatch.setattr(
        "n2v_tools.methods.deconoising.origins.open_stack",
        lambda text, axes=None: Stack(np.load(text), "ZYX", name=str(text)),
    )
    path = str(bead((21, 31, 31), (8, 15, 15), (2.0, 1.2, 1.2)))
    flat, _ = one(path)
    deep, _ = one(path, axes="ZYX")
    assert flat.n_dim == 2 and deep.n_dim == 3
    assert deep.widths_px[0] == pytest.approx(2.355 * 2, rel=0.15)


def test_a_file_without_a_spot_is_refused(tmp_path, monkeypatch):
    flat = tmp_path / "flat.npy"
    np.save(flat, np.full((9, 9), 3.0))
    noise = tmp_path / "noise.npy"
    np.save(noise, default_rng(0).normal(100, 5, (9, 9)))
    monkeypatch.setattr(
        "n2v_tools.methods.deconoising.origins.open_stack",
        lambda text, axes=None: Stack(np.load(text), "YX", name=str(text)),
    )
    for path in (flat, noise):
        with pytest.raises(StackError, match=r"spot|one value"):
            one(str(path))
    with pytest.raises(StackError, match="one plane"):
        one(str(noise), axes="ZYX")


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(StackError, match=r"no_such_bead\.tif"):
        one("no_such_bead.tif")


def test_a_real_bead_gives_a_spot_of_a_few_pixels(shared_data):
    path = str(shared_data / "stacks" / "bead_psf_ZYX.tif")
    psf, _ = one(path, axes="ZYX")
    assert 5 < psf.widths_px[0] < 9 and 2 < psf.widths_px[1] < 4
    assert psf.kernel.sum() == pytest.approx(1)
