"""Movies restored frame by frame: sums that are carried on, ends, tiles, and what is never seen."""

from __future__ import annotations

import numpy as np
import pytest

from n2v_tools.contracts import Restorer
from n2v_tools.errors import SettingsError
from n2v_tools.methods.video.bands import Frames, growing_bands
from n2v_tools.methods.video.images import ImagesOfFrames
from n2v_tools.methods.video.restorer import VideoRestorer
from n2v_tools.restore.restoring import restore_stack
from n2v_tools.stack import Stack

BANDS = growing_bands(singles=2, growth=2, reach=9, base=5)
FRAMES = Frames(BANDS, tuple(0.5 + 0.1 * i for i in range(BANDS.n_images + 1)))


class Blur(Restorer):
    """A net of one layer: a weight for each image, then the mean of 3 x 3 pixels."""

    name, engine, precision = "blur", "numpy", "float32"
    axes = "YX"
    reach_px = halo_px = (1, 1)
    block_px = (1, 1)
    n_inputs, n_channels = BANDS.n_images, 1
    bytes_per_px = 400
    symmetries = ()

    def __init__(self) -> None:
        self.weights = np.random.default_rng(5).normal(size=BANDS.n_images).astype(np.float32)

    def predict(self, tiles, at=None):
        image = tiles @ self.weights
        padded = np.pad(image, ((0, 0), (1, 1), (1, 1)))
        rows, columns = image.shape[1:]
        shifted = [padded[:, y : y + rows, x : x + columns] for y in range(3) for x in range(3)]
        return (sum(shifted) / 9)[..., np.newaxis].astype(np.float32)


@pytest.fixture
def restorer():
    return VideoRestorer(Blur(), FRAMES, mean=100.0, std=20.0)


def movie(n_frames=50, dtype=np.uint16, shape=(20, 24), seed=0):
    counts = np.random.default_rng(seed).normal(100, 20, (n_frames, *shape))
    return counts.astype(dtype)


def restored(pixels, restorer, **options):
    out = np.full(pixels.shape, np.nan, np.float32)

    axes = {3: "TYX", 4: "TZYX"}[pixels.ndim]

    def write(place, plane):
        out[tuple(place[axis] for axis in axes[:-2])] = plane

    restore_stack(Stack(pixels, axes), restorer, write, **options)
    return out


def plainly(pixels, restorer, t):
    """One frame as the words say it, without sums that are carried on."""
    found = BANDS.frames(t, len(pixels))
    images = np.stack([pixels[one].astype(np.float64).mean(axis=0) for one in found], axis=-1)
    still = images[..., :1]
    shown = np.concatenate([still - restorer.mean, images[..., 1:] - still], axis=-1)
    shown = shown / restorer.std / np.array(FRAMES.scales[:-1])
    answer = restorer.inner.predict(shown[np.newaxis].astype(np.float32))[0, ..., 0]
    return still[..., 0] + answer * FRAMES.scales[-1] * restorer.std


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("n_frames", [3, 7, 50])
def test_every_frame_is_what_the_words_say(restorer, dtype, n_frames):
    pixels = movie(n_frames, dtype)
    found = restored(pixels, restorer)
    expected = [plainly(pixels, restorer, t) for t in range(n_frames)]
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_tiles_make_no_difference(restorer):
    pixels = movie(shape=(64, 96))
    whole = restored(pixels, restorer)
    restorer.inner.bytes_per_px = 40_000
    tiled = restored(pixels, restorer, memory_bytes=32_000_000)
    np.testing.assert_allclose(tiled, whole, atol=1e-3)


def test_a_frame_does_not_see_itself(restorer):
    pixels = movie()
    changed = pixels.copy()
    changed[20] = 0
    changed[20, 3, 3] = 60_000
    before, after = restored(pixels, restorer), restored(changed, restorer, keep_strips=True)
    np.testing.assert_array_equal(after[20], before[20])
    assert np.abs(after[21] - before[21]).max() > 1


def test_each_plane_along_z_is_a_movie_of_its_own(restorer):
    pixels = np.stack([movie(seed=seed) for seed in (1, 2)], axis=1)
    found = restored(pixels, restorer)
    for z in (0, 1):
        np.testing.assert_array_equal(found[:, z], restored(pixels[:, z], restorer))


def test_an_empty_movie_stays_empty(restorer):
    assert not restored(np.zeros((30, 8, 8), np.uint16), restorer).any()


def test_strips_are_zero_again(restorer):
    pixels = movie()
    pixels[:, :, :5] = 0
    found = restored(pixels, restorer)
    assert not found[:, :, :5].any() and found[:, :, 5:].all()


def test_the_contract_of_restorers_holds_for_a_whole_movie_in_one_tile(restorer):
    pixels = movie(12)
    tile = pixels[np.newaxis, ..., np.newaxis].astype(np.float32)
    found = restorer.predict(tile)[0, ..., 0]
    np.testing.assert_allclose(found, restored(pixels, restorer), atol=2e-3)


def test_only_frames_that_a_sum_needs_are_held():
    images, held, most = ImagesOfFrames(BANDS, 500), {}, 0
    n_read = 0
    for t in range(500):
        first, last = images.needs(t)
        while n_read <= last:
            held[n_read] = np.full((1, 1), n_read, np.uint16)
            n_read += 1
        images.move_to(t, held)
        most = max(most, len(held))
        for old in [number for number in held if number < first]:
            del held[old]
    assert most <= 2 * BANDS.reach + 3


def test_memory_that_cannot_hold_the_frames_is_refused_in_one_line(restorer):
    with pytest.raises(SettingsError, match=r"Pass --memory .*GB or more") as caught:
        restored(movie(40, shape=(200, 200)), restorer, memory_bytes=1_000_000)
    assert "\n" not in str(caught.value)
