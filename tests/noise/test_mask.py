"""From noise of a known kind to the mask that hides it."""

import numpy as np
import pytest
from scipy.ndimage import convolve1d

from n2v_tools.noise.correlation import Correlation, measure_correlation
from n2v_tools.noise.mask import choose_mask
from n2v_tools.noise.sample import read_sample
from n2v_tools.simulate.kinds import structured_noise, true_correlation
from n2v_tools.simulate.structured import cell_image
from n2v_tools.stack import Stack

CERTAIN, POSSIBLE = 0.2, 0.05  # true correlation that must be hidden, that may be


def found(array, axes="YX", dark=None):
    sample = read_sample(Stack(np.asarray(array, np.float32), axes))
    return measure_correlation(sample, None if dark is None else read_sample(dark))


def noisy(kind, ratio, seed, shape=(256, 256)):
    clean = cell_image(shape, seed)
    noise = structured_noise(shape, kind, np.random.default_rng(seed))
    return 100 + clean + ratio * clean.std() * noise


def require_right(mask, kind):
    for axis, half in zip("YX", (0, 0) if mask is None else mask.reach_px, strict=True):
        true = np.array(true_correlation(kind)[axis])
        certain = np.flatnonzero(true > CERTAIN)
        possible = np.flatnonzero(true > POSSIBLE)
        assert half >= (certain[-1] + 1 if len(certain) else 0), (axis, mask)
        assert half <= (possible[-1] + 1 if len(possible) else 0) + 1, (axis, mask)


@pytest.mark.parametrize("axis", ["Y", "X"])
@pytest.mark.parametrize("weight", [0.04, 0.055])
@pytest.mark.parametrize("seed", [11, 12])
def test_a_smooth_image_shows_weak_lines_of_noise(axis, weight, seed):
    clean = cell_image((300, 280), seed)
    kernel = [weight, weight, 1, weight, weight]  # shares 0.08 and 0.11 over two pixels
    white = np.random.default_rng(seed).normal(size=clean.shape)
    noise = convolve1d(white, kernel, axis="YX".index(axis))
    lines, none = (choose_mask(found(clean + clean.std() * n)).mask for n in (noise, white))
    assert none is None
    assert lines.reach_px == ((2, 0) if axis == "Y" else (0, 2))


@pytest.mark.parametrize("ratio", [0.3, 1, 2])
@pytest.mark.parametrize("kind", ["white", "1x3", "5x1", "isotropic", "cross", "1x3+white"])
def test_one_image_tells_the_mask(kind, ratio):
    choice = choose_mask(found(noisy(kind, ratio, seed=1)))
    require_right(choice.mask, kind)
    assert choice.confidence != "cannot tell"
    assert choice.warnings == ()
    if kind in ("cross", "isotropic"):  # the shape, too
        assert choice.mask.kind == ("cross" if kind == "cross" else "square")


@pytest.mark.parametrize("ratio", [0.3, 2])
def test_offsets_of_rows_are_no_mask_but_a_warning(ratio):
    image = noisy("white", ratio, seed=2)
    image += (
        0.6
        * ratio
        * cell_image((256, 256), 2).std()
        * np.random.default_rng(3).normal(size=(256, 1))
    )
    choice = choose_mask(found(image))
    assert choice.mask is None
    (warning,) = choice.warnings
    assert "row" in warning and "median" in warning


@pytest.mark.parametrize("kind", ["white", "1x3", "5x1", "isotropic"])
def test_frames_tell_it_where_one_image_cannot(kind):
    rng = np.random.default_rng(4)
    texture = rng.normal(0, 30, (96, 96))  # as fine as noise, but it stays
    frames = [texture + structured_noise((96, 96), kind, rng) for _ in range(12)]
    measured = found(frames, "TYX")
    assert measured.source == "frames"
    require_right(choose_mask(measured).mask, kind)
    for axis in "YX":
        np.testing.assert_allclose(
            measured.along[axis][:5], true_correlation(kind)[axis][:5], atol=0.06
        )


def test_what_moves_is_not_taken_for_noise():
    rng = np.random.default_rng(5)
    scene = 40 * cell_image((160, 160), 5)
    frames = [np.roll(scene, t, 1)[:128, :128] + rng.normal(0, 2, (128, 128)) for t in range(8)]
    assert choose_mask(found(frames, "TYX")).mask is None


def test_a_dark_frame_is_believed_whatever_is_in_the_image():
    rng = np.random.default_rng(6)
    image = rng.normal(0, 50, (128, 128))
    dark = Stack((100 + structured_noise((128, 128), "1x3", rng)).astype(np.float32), "YX")
    measured = found(image, dark=dark)
    assert measured.source == "dark frame"
    require_right(choose_mask(measured).mask, "1x3")


@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_noise_that_frames_share_is_told(correlation):
    rng = np.random.default_rng(7)
    frames = [rng.normal(size=(96, 96))]
    for _ in range(19):
        new = rng.normal(size=(96, 96))
        frames.append(correlation * frames[-1] + np.sqrt(1 - correlation**2) * new)
    along_t = found(50 + np.array(frames) + cell_image((96, 96), 7), "TYX").along["T"]
    assert along_t[0] == pytest.approx(correlation, abs=0.15)  # a short run hides slow changes


@pytest.mark.parametrize(
    "array",
    [np.full((64, 64), 7), np.zeros((64, 64)), np.full((64, 64), np.nan), np.eye(8)],
    ids=["constant", "zero", "NaN", "tiny"],
)
def test_where_nothing_can_be_told_it_says_so(array):
    choice = choose_mask(found(array))
    assert (choice.name, choice.confidence) == ("none", "cannot tell")
    assert "--noise" in choice.reason


def test_texture_in_both_directions_is_not_called_noise():
    rng = np.random.default_rng(8)
    texture = np.where(rng.random((256, 256)) < 0.02, 300.0, 0)  # few sharp points, no noise
    from scipy.ndimage import gaussian_filter

    choice = choose_mask(found(100 + gaussian_filter(texture, 1.3)))
    assert choice.mask is None or choice.confidence == "low"


def test_leakage_of_one_direction_into_the_other_is_dropped():
    profile = {
        "X": (0.7, 0.4, 0.02, 0, 0, 0, 0, 0, 0, 0),
        "Y": (0.15, 0.11, 0, 0, 0, 0, 0, 0, 0, 0),
    }
    known = Correlation(
        profile, 0.0, "one image", 10**6, confidence="high", reason="from one image"
    )
    assert choose_mask(known).name == "horizontal:5"


def test_strips_are_no_noise_and_memory_is_bounded():
    image = noisy("white", 1, seed=9)
    image[:, :70] = 0
    assert choose_mask(found(image)).mask is None

    class Endless:
        shape, dtype, read = (10**6, 64, 64), np.dtype(np.uint16), 0

        def __getitem__(self, where):
            Endless.read += 1
            return np.random.default_rng(Endless.read).poisson(50, (64, 64)).astype(np.uint16)

    sample = read_sample(Stack(Endless(), "TYX"), most_px=300_000)
    assert sum(plane.size for plane in sample.planes) <= 100_000
    assert sum(run.size for run in sample.runs["T"]) <= 200_000
    assert Endless.read < 100
