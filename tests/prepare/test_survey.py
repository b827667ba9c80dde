import numpy as np
import pytest
from faulty import cells
from numpy.random import default_rng

from n2v_tools.errors import StackError
from n2v_tools.prepare.strips import find_strips
from n2v_tools.prepare.survey import fill_nonfinite, gaps_text, require_trainable, survey_stack
from n2v_tools.stack import Stack


def dome(dtype=np.uint16, shape=(3, 5, 20, 24)):
    pixels = default_rng(0).integers(1, 200, shape).astype(dtype)
    for t, z in np.ndindex(shape[:2]):
        pixels[t, z, :, : t + z] = 0
        pixels[t, z, :, 24 - z :] = 0
    pixels[1, 2] = 0
    return pixels


@pytest.mark.parametrize(
    "dtype", [np.uint8, np.int16, np.uint16, np.uint32, np.int64, np.float32, np.float64]
)
def test_statistics_are_those_of_the_real_pixels(dtype):
    pixels = dome(dtype)
    survey = survey_stack(Stack(pixels, "TZYX"))
    real = pixels[pixels != 0].astype(np.float64)
    assert survey.mean == pytest.approx((real.mean(),), rel=1e-12)
    assert survey.std == pytest.approx((real.std(),), rel=1e-12)
    assert (survey.minimum, survey.maximum) == (real.min(), real.max())
    assert survey.n_pixels == real.size
    assert survey.n_levels == len(np.unique(real))


def test_real_zeros_count():
    pixels = dome()
    pixels[0, 0, 3, 4] = 0
    survey = survey_stack(Stack(pixels, "TZYX"))
    assert survey.minimum == 0
    assert survey.n_pixels == (dome() != 0).sum()


def test_deviation_survives_a_large_offset():
    pixels = 1e9 + default_rng(0).normal(0, 1, (6, 50, 50))
    assert survey_stack(Stack(pixels, "ZYX")).std[0] == pytest.approx(pixels.std(), rel=1e-6)


def test_int16_histogram_holds_negative_values():
    pixels = default_rng(0).integers(-32768, 32767, (3, 40, 40)).astype(np.int16)
    survey = survey_stack(Stack(pixels, "TYX"))
    assert survey.mean[0] == pytest.approx(pixels.mean(dtype=np.float64))
    assert survey.minimum == pixels.min()


def test_strips_are_remembered_for_every_place():
    pixels = dome()
    stack = Stack(pixels, "TZYX")
    survey = survey_stack(stack)
    for place, plane in stack.planes():
        found, kept = find_strips(plane), survey.strips_at(place)
        np.testing.assert_array_equal(kept.rows, found.rows)
        np.testing.assert_array_equal(kept.columns, found.columns)
    assert survey.n_empty_planes == 1
    assert survey.n_planes_with_strips == 13  # all but the empty one and t = z = 0
    wide = [t + 2 * z for t in range(3) for z in range(5) if (t, z) != (1, 2) and t + 2 * z]
    assert survey.strip_columns == pytest.approx(np.mean(wide))
    assert survey.strip_rows == 0


def test_strips_do_not_depend_on_the_order_of_axes():
    pixels = dome()[0]
    survey = survey_stack(Stack(np.moveaxis(pixels, 0, -1).swapaxes(0, 1), "XYZ"))
    assert survey.strips_at({"Z": 2}).columns.sum() == 4
    assert survey.strips_at({"Z": 2}).rows.sum() == 0


def test_keep_strips_takes_zeros_as_data():
    pixels = dome()
    survey = survey_stack(Stack(pixels, "TZYX"), keep_strips=True)
    assert survey.mean[0] == pytest.approx(pixels.mean())
    assert not survey.strips_at({"T": 1, "Z": 2}).any


def test_channels_have_their_own_statistics():
    pixels = np.stack([dome()[0], 10 * dome()[0]])
    survey = survey_stack(Stack(pixels, "CZYX"))
    assert survey.mean[1] == pytest.approx(10 * survey.mean[0])
    assert survey.std[1] == pytest.approx(10 * survey.std[0])


def test_nonfinite_pixels_are_counted_placed_and_left_out():
    pixels = dome(np.float32)
    pixels[1, 3, 4, 10] = np.nan
    pixels[2, 0, 0, 12] = np.inf
    survey = survey_stack(Stack(pixels, "TZYX"))
    assert (survey.n_nonfinite, survey.first_nonfinite) == (2, "T 1, Z 3, Y 4, X 10")
    finite = pixels[np.isfinite(pixels) & (pixels != 0)].astype(np.float64)
    assert survey.mean[0] == pytest.approx(finite.mean())
    assert survey.maximum == finite.max()


def test_levels_of_wide_types_are_bounded():
    pixels = default_rng(0).integers(0, 2**31, (3, 200, 200)).astype(np.uint32)
    assert survey_stack(Stack(pixels, "ZYX")).n_levels == 65_536


def test_a_sample_reads_no_more_planes_than_asked():
    class Counting(np.ndarray):
        n_reads = 0

        def __getitem__(self, key):
            Counting.n_reads += 1
            return np.asarray(self).__getitem__(key)

    survey = survey_stack(Stack(dome().view(Counting), "TZYX"), sample_planes=4)
    assert (Counting.n_reads, survey.n_seen, survey.n_planes) == (4, 4, 15)


def test_progress_ends_at_the_number_of_planes():
    calls = []
    survey_stack(Stack(dome(), "TZYX"), progress=lambda done, total: calls.append((done, total)))
    assert calls == [(i, 15) for i in range(1, 16)]


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
@pytest.mark.parametrize("value", [0, 0.1, 7])
def test_a_constant_stack_is_surveyed_and_refused(dtype, value):
    pixels = np.full((4, 8, 9), value, dtype)
    survey = survey_stack(Stack(pixels, "ZYX"))
    assert survey.std == (0,)
    assert survey.mean[0] == survey.minimum == survey.maximum
    with pytest.raises(StackError, match=r"^a\.tif: every") as refusal:
        require_trainable(survey, "a.tif")
    assert "\n" not in str(refusal.value)


def test_broken_pixels_are_refused_unless_filled():
    pixels = dome(np.float32)
    pixels[0, 0, 1, 2] = np.nan
    survey = survey_stack(Stack(pixels, "TZYX"))
    with pytest.raises(StackError, match=r"1 pixels.* T 0, Z 0, Y 1, X 2.*--nan fill"):
        require_trainable(survey, "a.tif")
    require_trainable(survey, "a.tif", nan="fill")


def test_a_stack_of_nan_is_refused_even_when_filling():
    survey = survey_stack(Stack(np.full((2, 4, 4), np.nan, np.float32), "ZYX"))
    assert (survey.n_nonfinite, survey.n_pixels) == (32, 0)
    with pytest.raises(StackError, match="NaN"):
        require_trainable(survey, "a.tif", nan="fill")


def test_filled_pixels_come_from_the_nearest_real_ones():
    plane = dome(np.float32)[0, 2]  # columns 0, 1 and 22, 23 are strips
    clean = plane.copy()
    plane[5:8, 2:4] = np.nan
    plane[0, 21] = np.inf
    filled, mask = fill_nonfinite(plane, find_strips(plane))
    assert mask.sum() == 7
    np.testing.assert_array_equal(filled[~mask], clean[~mask])
    assert (filled[mask] > 0).all() and np.isfinite(filled).all()
    assert filled[0, 21] in (plane[0, 20], plane[1, 21])


def test_a_plane_of_nan_becomes_zeros_and_a_mask():
    filled, mask = fill_nonfinite(np.full((3, 4), np.nan, np.float32))
    assert mask.all() and not filled.any() and filled.dtype == np.float32


def test_integers_have_nothing_to_fill():
    plane = dome()[0, 0]
    assert fill_nonfinite(plane)[0] is plane


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_pixels_at_the_maximum_are_counted_in_the_channels_that_reach_it(dtype):
    pixels = default_rng(0).integers(1, 50, (3, 2, 20, 24)).astype(dtype)
    pixels[:, 1, 3:5, 7] = 90
    survey = survey_stack(Stack(pixels, "ZCYX"))
    assert (survey.maximum, survey.n_at_maximum) == (90, 6)


def test_values_whose_squares_no_number_holds_make_no_noise_of_numpy_s(recwarn):
    counts = np.random.default_rng(0).normal(5, 1, (3, 32, 32)) * 1e300
    survey = survey_stack(Stack(counts, "ZYX"))
    assert survey.std == (np.inf,)
    assert survey.mean[0] == pytest.approx(5e300, rel=0.1)
    assert not list(recwarn)


@pytest.mark.parametrize("value", [1e39, -1e200])
def test_a_stack_beyond_float32_is_not_trained_on(value):
    counts = default_rng(0).normal(500, 20, (3, 32, 32))
    require_trainable(survey_stack(Stack(counts, "ZYX")), "a.npy")
    counts[1, 2, 3] = value
    with pytest.raises(StackError, match=r"^a\.npy: holds values of up to"):
        require_trainable(survey_stack(Stack(counts, "ZYX")), "a.npy")


def spoilt(pixels):
    """The same with hot pixels, a time stamp and a border of an odd value, all within."""
    pixels = pixels.copy()
    rng = np.random.default_rng(7)
    for plane in pixels:
        plane.flat[rng.choice(plane.size, 6, replace=False)] = 60000
    pixels[:, 4:11, 8:40] = 65535
    pixels[:, :, -9:] = 12345
    return pixels


def test_pixels_that_are_no_data_have_no_part_in_the_statistics():
    clean = np.stack([cells(seed=seed) for seed in range(3)])
    plain, found = (survey_stack(Stack(pixels, "ZYX")) for pixels in (clean, spoilt(clean)))
    assert found.mean[0] == pytest.approx(plain.mean[0], rel=0.02)
    assert found.std[0] == pytest.approx(plain.std[0], rel=0.02)
    assert found.maximum <= plain.maximum and found.gap_ends == (12345, 65535)
    assert found.n_lone >= 12 and found.n_in_regions >= 3 * (7 * 32 + 9 * len(clean[0]))
    assert found.n_pixels + found.n_lone + found.n_in_regions == clean.size
    strips = found.strips_at({"Z": 1})
    assert strips.columns[-9:].all() and strips.columns.sum() == 9 and not strips.rows.any()
    assert strips.holes == ((4, 11, 8, 40),)
    assert "no data are left out" in gaps_text(found) and not gaps_text(plain)


def test_a_survey_of_clean_planes_counts_every_pixel():
    survey = survey_stack(Stack(cells(seed=3)[np.newaxis], "ZYX"))
    assert survey.n_pixels == 150 * 170 and not survey.has_gaps


def test_borders_and_corners_of_nan_are_left_out_of_training_when_filled():
    pixels = cells((90, 100), dtype=np.float32)[np.newaxis]
    y, x = np.indices(pixels.shape[1:])
    pixels[0, y + x < 30] = np.nan
    pixels[0, :, -7:] = np.nan
    pixels[0, 60, 50] = np.nan  # alone: filled wherever a patch lies
    survey = survey_stack(Stack(pixels, "ZYX"))
    strips = survey.strips_at({"Z": 0})
    assert strips.columns.tolist() == 93 * [False] + 7 * [True] and not strips.rows.any()
    assert strips.holes == ((0, 30, 0, 30),)
    assert survey.mean[0] == pytest.approx(np.nanmean(pixels, dtype=np.float64))
