"""One stack restored: its values in the type of the output, its record, all files or none."""

import io
import json

import numpy as np
import pytest
import tifffile

from n2v_tools.errors import StackError
from n2v_tools.jobs.denoise.one import denoise_one
from n2v_tools.jobs.denoise.plan import Job
from n2v_tools.jobs.denoise.request import DenoiseRequest
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.stack import Stack


@pytest.fixture
def denoise(tmp_path, session_for):
    """Return a function that restores an array TYX: the result, its file, and what was said."""

    def make(array, restorer=None, warnings=(), **options):
        request = DenoiseRequest(("a.npy",), "m", command=("n2v-denoise", "a.npy"), **options)
        session = session_for(request, restorer, warnings)
        stack = Stack(np.asarray(array), "TYX", name="folder/a.npy")
        others = {o: tmp_path / f"a{o.suffix}.tif" for o in session.outputs[1:]}
        job = Job("a.npy", stack, tmp_path / "a.tif", others=others)
        said = io.StringIO()
        done = denoise_one(job, session, "a", Progress(stream=said))
        return done, tifffile.imread(tmp_path / "a.tif"), said.getvalue()

    return make


def counts(*values):
    return np.broadcast_to(np.reshape(values, (-1, 1, 1)), (len(values), 6, 7))


def test_planes_are_written_in_their_place_and_counts_are_whole(denoise):
    done, written, _ = denoise(counts(3, 7, 5).astype(np.uint16))
    np.testing.assert_array_equal(written, counts(3, 7, 5))
    assert (written.dtype, done.dtype, done.axes) == (np.uint16, "uint16", "TYX")
    assert done.clipped_percent == 0 and done.error == ""


def test_what_does_not_fit_the_type_is_clipped_counted_and_said(denoise):
    array = counts(70000, 70000, 5, 5).astype(np.float32)
    done, written, said = denoise(array, dtype="uint16")
    assert written.max() == 65535
    assert done.clipped_percent == 50
    assert "50 % of the pixels" in done.warnings[-1] and "--dtype float32" in said


@pytest.mark.parametrize(
    ("value", "dtype"), [(-3.0, "float32"), (1e6, "float32"), (0.5, "float32"), (900.0, "uint16")]
)
def test_the_type_is_chosen_by_the_values(denoise, value, dtype):
    done, _, _ = denoise(counts(1, 2, value).astype(np.float32))
    assert done.dtype == dtype and done.reason


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32])
def test_what_rounding_would_take_away_is_kept_and_said(denoise, dtype):
    few = np.random.default_rng(2).poisson(0.3, (3, 90, 110)).astype(dtype)
    few[1, 20, 30] = 255  # so that the range is wide
    done, written, said = denoise(few)
    assert written.dtype == np.float32 and ("1 %" in done.reason or "too coarse" in done.reason)
    assert done.reason in said or dtype == np.float32  # which a float becomes anyway
    many, _, said = denoise(100 * few.astype(np.int32), overwrite=True)
    assert many.dtype == "uint16" and "1 %" not in said


def test_a_type_that_is_asked_for_is_written_without_a_look(denoise):
    few = np.random.default_rng(2).poisson(0.3, (3, 90, 110)).astype(np.uint8)
    assert denoise(few, dtype="same")[0].dtype == "uint8"


def test_the_record_in_the_file_repeats_the_run_and_has_no_date(denoise, tmp_path):
    denoise(counts(3, 4, 5).astype(np.uint16), seed=7)
    first = (tmp_path / "a.tif").read_bytes()
    denoise(counts(3, 4, 5).astype(np.uint16), seed=7, overwrite=True)
    assert (tmp_path / "a.tif").read_bytes() == first
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        record = json.loads(file.imagej_metadata["Info"])
    assert record["command"] == ["n2v-denoise", "a.npy"]
    assert (record["input"], record["input_axes"], record["model"]) == ("a.npy", "TYX", "fake")
    assert record["settings"] == {"a": 1, "keep_strips": False, "nan": "refuse", "seed": 7}


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_a_deviation_has_what_rounding_adds_and_0_stays_0(denoise, brighter, tmp_path, dtype):
    class Spread(type(brighter)):
        def predict(self, tiles, at=None):
            return np.concatenate([tiles, np.where(tiles > 4, 2, 0)], axis=-1).astype(np.float32)

    done, _, _ = denoise(counts(3, 9).astype(np.uint16), Spread(), dtype=dtype)
    other = tifffile.imread(tmp_path / "a_spread.tif")
    added = 1 / 12 if dtype == "uint16" else 0
    np.testing.assert_allclose(other, counts(0, (4 + added) ** 0.5), rtol=1e-6)
    assert done.others == {"spread": str(tmp_path / "a_spread.tif")}
    assert done.about == {"spread": "spread of the frames, counts"}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused_or_put_back_as_nan(denoise, tmp_path, value):
    array = counts(300, 400).astype(np.float32)
    array = array.copy()
    array[1, 2, 3] = value
    with pytest.raises(StackError, match=r"1 pixels are NaN.*T 1, Y 2, X 3.*--nan fill"):
        denoise(array)
    assert not list(tmp_path.iterdir())
    done, written, _ = denoise(array, nan="fill")
    assert done.dtype == "float32" and np.isnan(written[1, 2, 3])
    assert np.isfinite(written).sum() == array.size - 1
    with pytest.raises(StackError, match="cannot hold"):
        denoise(array, nan="fill", dtype="uint16", overwrite=True)


def test_an_error_halfway_leaves_no_file_of_either_output(denoise, brighter, tmp_path):
    class Breaks(type(brighter)):
        def predict(self, tiles, at=None):
            return np.full((*tiles.shape[:-1], 2), np.nan, np.float32)

    with pytest.raises(StackError, match="NaN or infinite"):
        denoise(counts(3, 4).astype(np.uint16), Breaks())
    assert not list(tmp_path.iterdir())


def test_what_speaks_against_the_model_is_said_and_kept(denoise):
    done, _, said = denoise(counts(3, 4).astype(np.uint16), warnings=("other pixels",))
    assert done.warnings == ("other pixels",)
    assert "Warning: a.npy: other pixels" in said
