"""Backgrounds: added once, to a copy, and taken off again."""

import json

import numpy as np
import pytest
import tifffile
from study_files import write

from n2v_tools.errors import OutputError, StackError
from n2v_tools.io.reader import open_stack
from n2v_tools.io.sha256 import sha256_of
from n2v_tools.jobs.study.background import Background, add_background, remove_background

SHAPE = (3, 20, 24)


@pytest.fixture
def movie(tmp_path):
    """A movie and the background it lacks; their sum needs more than 8 bit, less than 16."""
    rng = np.random.default_rng(0)
    data = rng.integers(1, 200, SHAPE, np.uint16)
    background = rng.integers(300, 900, SHAPE[1:]).astype(np.uint16)
    write(tmp_path / "background.tif", background, "YX")
    return write(tmp_path / "movie.tif", data), data, background


def added(movie, target, heard, frame=None, **options):
    source, path = movie[0], frame or movie[0].parent / "background.tif"
    background = Background.open(path, sha256_of(path))
    stack = open_stack(source)
    return add_background(stack, sha256_of(source), target, background, heard, **options)


def test_a_background_is_added_to_every_frame_of_a_copy(movie, tmp_path, heard):
    before = movie[0].read_bytes()
    target = tmp_path / "new" / "movie.tif"
    added(movie, target, heard)
    np.testing.assert_array_equal(tifffile.imread(target), movie[1] + movie[2])
    assert movie[0].read_bytes() == before
    said = json.loads((tmp_path / "new" / "movie.tif.json").read_text())
    assert said["source"]["sha256"] == sha256_of(movie[0])
    assert said["background_added"]["sha256"] == sha256_of(tmp_path / "background.tif")
    assert not heard.warnings


def test_what_was_added_is_taken_off_again(movie, tmp_path, heard):
    added(movie, tmp_path / "a" / "movie.tif", heard)
    path = tmp_path / "background.tif"
    frame = Background.open(path, sha256_of(path))
    remove_background(tmp_path / "a" / "movie.tif", tmp_path / "b" / "movie.tif", frame, heard)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "b" / "movie.tif"), movie[1])


@pytest.mark.parametrize("without_side_car", [False, True])
def test_a_second_time_is_refused_by_side_car_and_by_the_file_itself(
    movie, tmp_path, heard, without_side_car
):
    first = tmp_path / "a" / "movie.tif"
    added(movie, first, heard)
    if without_side_car:
        (tmp_path / "a" / "movie.tif.json").unlink()
    with pytest.raises(StackError, match="was added to it already"):
        added((first,), tmp_path / "c.tif", heard, frame=tmp_path / "background.tif")
    assert not (tmp_path / "c.tif").exists()


def test_what_is_there_already_is_not_written_again(movie, tmp_path, heard):
    target = tmp_path / "a" / "movie.tif"
    added(movie, target, heard)
    written = target.stat().st_mtime_ns
    added(movie, target, heard)
    (tmp_path / "a" / "movie.tif.json").unlink()  # killed before it was written
    added(movie, target, heard)
    assert target.stat().st_mtime_ns == written


def test_what_was_made_from_other_files_is_replaced_only_if_told_to(movie, tmp_path, heard):
    target = tmp_path / "a" / "movie.tif"
    added(movie, target, heard)
    write(movie[0], movie[1] + 1)
    with pytest.raises(OutputError, match="made from other files"):
        added(movie, target, heard)
    added(movie, target, heard, overwrite=True)
    np.testing.assert_array_equal(tifffile.imread(target), movie[1] + movie[2] + 1)


def test_a_sum_that_does_not_fit_is_refused_and_nothing_written(movie, tmp_path, heard):
    data = movie[1].copy()
    data[1, 2, 3] = 65535
    write(movie[0], data)
    target = tmp_path / "a.tif"
    with pytest.raises(StackError, match=r"1 pixels at T 1 lie outside uint16.*dtype: float32"):
        added(movie, target, heard)
    assert not target.exists()
    added(movie, target, heard, dtype="float32")
    assert tifffile.imread(target)[1, 2, 3] == 65535 + int(movie[2][2, 3])


def test_strips_stay_zero_and_do_not_count_as_zeros(movie, tmp_path, heard):
    data = movie[1].copy()
    data[:, :, :4] = 0
    data[2] = 0
    write(movie[0], data)
    added(movie, tmp_path / "a.tif", heard)
    found = tifffile.imread(tmp_path / "a.tif")
    assert not found[:, :, :4].any()
    assert not found[2].any()
    assert (found[:2, :, 4:] >= 300).all()
    assert not heard.warnings


def test_many_exact_zeros_are_warned_of(movie, tmp_path, heard):
    write(movie[0], np.clip(movie[1].astype(int) - 60, 0, None).astype(np.uint16))
    record = added(movie, tmp_path / "a.tif", heard)
    assert record["zeros_percent"] == pytest.approx(30, abs=4)
    assert "exactly 0" in heard.warnings[0]


def test_a_background_of_another_size_or_of_many_frames_is_refused(movie, tmp_path, heard):
    write(tmp_path / "background.tif", movie[2][:-1], "YX")
    with pytest.raises(StackError, match=r"20 along Y, but the background .* has 19"):
        added(movie, tmp_path / "a.tif", heard)
    write(tmp_path / "background.tif", movie[1])
    with pytest.raises(StackError, match="3 planes along T"):
        added(movie, tmp_path / "a.tif", heard)
