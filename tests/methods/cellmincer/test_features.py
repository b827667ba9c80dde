"""Features of a movie: those of the original, frame by frame, whatever the size."""

import numpy as np
import pytest

from n2v_tools.methods.cellmincer.features import SHIFTS, FeatureSums, feature_names

# Test vector of the PyTorch original, in float64: values at (0, 0), (3, 4) and (7, 7).
VECTOR = {
    "detrended_std_0": (0.849356, 0.860109, 0.931249),
    "trend_std_0": (0.359728, 0.350737, 0.290008),
    "trend_mean_0": (0.449969, 0.441626, 0.375765),
    "detrended_corr_0_0_-1_-1": (0.983748, 0.979246, 0.973576),
    "detrended_corr_0_1_0_0": (0.905755, 0.930034, 0.963117),
    "trend_corr_0_1_1_1": (0.971323, 0.944344, 1.051036),
    "detrended_std_1": (0.845743, 0.860401, 0.920082),
    "trend_mean_1": (0.449544, 0.437509, 0.386827),
    "detrended_corr_1_1_0_1": (0.913392, 0.935455, 0.962838),
}


def features(movie, chosen="all", **options):
    sums = FeatureSums(chosen, 1, **options)
    for frame in movie:
        sums.add(frame)
    return sums.finish()


def test_features_are_those_of_the_original():
    t, x, y = np.mgrid[:32, :8, :8]
    movie = (np.sin(0.3 * t + 0.1 * x) + 0.01 * ((7 * t + 3 * x + 5 * y) % 11)).astype(np.float32)
    found, names = features(movie, centred=False), feature_names("all", 1)
    assert len(names) == found.maps.shape[-1] == 74
    assert found.scale == pytest.approx(0.6754469, abs=1e-6)
    for name, expected in VECTOR.items():
        got = [found.maps[place][names.index(name)] for place in ((0, 0), (3, 4), (7, 7))]
        np.testing.assert_allclose(got, expected, atol=2e-6, err_msg=name)


def whole(movie):
    """The same by the recipe, with the movie padded to a power of two and held as a whole."""
    n, *sizes = movie.shape
    missing = [(1 << (size - 1).bit_length()) - size for size in sizes]
    pads = [(one // 2, one - one // 2) for one in missing]
    padded = np.pad(movie, ((0, 0), *pads), mode="reflect")
    padded = np.pad(padded, ((20, 20), (2, 2), (2, 2)), mode="reflect").astype(float)
    slow = np.stack([padded[i : i + 21].mean(axis=0) for i in range(n + 20)])
    padded, found = padded[10:-10], []
    for level in (0, 1):
        if level:
            padded, slow = ((a[:, ::2] + a[:, 1::2]) / 2 for a in (padded, slow))
            padded, slow = ((a[..., ::2] + a[..., 1::2]) / 2 for a in (padded, slow))
        rim, (height, width) = 2 >> level, padded.shape[1:]

        def part(a, t, y, x, rim=rim, height=height, width=width):
            rows, columns = slice(rim + y, height - rim + y), slice(rim + x, width - rim + x)
            cut = a[10 + t : 10 + t + n, rows, columns]
            return cut - cut.mean(axis=0)

        both = [padded - slow, slow]
        maps = [part(one, 0, 0, 0).std(axis=0) / movie.std() for one in both]
        maps.append(slow[:, rim : height - rim, rim : width - rim].mean(axis=0) / movie.std())
        for shift in SHIFTS:
            for one in both:
                here = part(one, 0, 0, 0)
                maps.append((part(one, *shift) * here).mean(axis=0) / (1e-8 + here.var(axis=0)))
        maps = np.stack(maps, axis=-1)
        for axis in (0, 1) if level else ():
            edge = [(1, 1) if a == axis else (0, 0) for a in range(3)]
            wide = np.moveaxis(np.pad(maps, edge, mode="edge"), axis, 0)
            pair = [0.75 * wide[1:-1] + 0.25 * one for one in (wide[:-2], wide[2:])]
            maps = np.stack(pair, axis=1).reshape(-1, *wide.shape[1:])
            maps = np.moveaxis(maps, 0, axis)
        (top, _), (left, _) = pads
        found.append(maps[top : top + sizes[0], left : left + sizes[1]])
    return np.concatenate(found, axis=-1)


@pytest.mark.parametrize("shape", [(60, 13, 30), (25, 37, 16), (21, 9, 70), (40, 100, 8)])
def test_frame_by_frame_is_as_from_the_whole_movie(shape):
    movie = np.random.default_rng(0).normal(3, 1, shape).cumsum(axis=0).astype(np.float32) / 5
    found = features(movie, centred=False)
    np.testing.assert_allclose(found.maps, whole(movie), atol=1e-5)


@pytest.mark.parametrize("n_frames", [1, 2, 5, 12, 20])
def test_short_movies_have_features_too(n_frames):
    movie = np.random.default_rng(n_frames).normal(100, 9, (n_frames, 20, 21))
    found = features(movie, "few")
    assert found.maps.shape == (20, 21, 22) and np.isfinite(found.maps).all() and found.scale > 0


@pytest.mark.parametrize("transposed", [False, True])
def test_the_few_turn_with_the_movie(transposed):
    movie = np.random.default_rng(1).normal(size=(30, 16, 16)).cumsum(axis=2)
    turned = movie.swapaxes(1, 2) if transposed else movie[:, ::-1]
    plain, other = features(movie, "few").maps, features(turned, "few").maps
    back = other.swapaxes(0, 1) if transposed else other[::-1]
    np.testing.assert_allclose(back, plain, atol=1e-4)


def test_a_large_offset_does_not_drown_what_varies():
    movie = np.rint(np.random.default_rng(2).normal(0, 10, (40, 16, 16)))
    low, high = features(movie), features(movie + 60000)
    np.testing.assert_allclose(high.maps, low.maps, atol=1e-4)
    assert high.scale == pytest.approx(low.scale, rel=1e-5)
