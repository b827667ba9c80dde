"""What functions take, what they give, what they say, and how light they are."""

import doctest
import importlib
import logging
import pickle
import re
import subprocess
import sys
import types
import warnings

import numpy as np
import pytest

import n2v_tools
from n2v_tools import denoise, evaluate, inspect, open_stack, train
from n2v_tools.errors import AxesError, N2VToolsError, OutputError, StackError, UsageError
from n2v_tools.stack import Stack

PUBLIC = ("open_stack", "train", "denoise", "inspect", "evaluate")
MODULES = ("opening", "training", "denoising", "inspecting", "evaluating")
MOVIE = np.random.default_rng(0).poisson(30, (3, 64, 80)).astype(np.uint16)


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.filterwarnings("ignore:.*learned nothing")
def test_examples_in_docstrings_are_true(name):
    module = importlib.import_module(f"n2v_tools.api.{name}")
    found = doctest.testmod(module)
    assert found.attempted and not found.failed


def test_the_package_stays_light_and_names_its_functions():
    code = (
        "import sys, n2v_tools; first = set(sys.modules)\n"
        "from n2v_tools import open_stack, train, denoise, inspect, evaluate\n"
        "heavy = {'numpy', 'tensorflow', 'scipy', 'h5py', 'tifffile', 'matplotlib'}\n"
        "print(sorted(heavy & first), sorted(heavy & set(sys.modules)), set(dir(n2v_tools)) >= "
        f"set({PUBLIC!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[] ['numpy'] True", done.stderr


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="restore_all"):
        _ = n2v_tools.restore_all


def test_train_is_a_function_and_nothing_else(tmp_path):
    importlib.import_module("n2v_tools.learn.schedule")
    assert isinstance(n2v_tools.train, types.FunctionType)
    with pytest.raises(UsageError, match="minutes"):
        n2v_tools.train(MOVIE, axes="TYX", minutes=0.1, models_dir=tmp_path)
    assert pickle.loads(pickle.dumps(n2v_tools.train)) is n2v_tools.train  # noqa: S301


def test_an_array_is_not_copied_and_keeps_what_is_known_of_it():
    stack = open_stack(MOVIE, axes="tyx", spacing={"T": 0.1, "Y": 0.5}, name="cells")
    assert stack.array is MOVIE and np.shares_memory(np.asarray(stack), MOVIE)
    assert (stack.axes, stack.name, stack.unit) == ("TYX", "cells", "µm")
    assert stack.spacing == {"T": 0.1, "Y": 0.5} and stack.pixel_size["X"] is None
    renamed = open_stack(stack, axes="ZYX")
    assert renamed.axes == "ZYX" and renamed.array is MOVIE


def test_a_file_is_read_only_where_it_is_sliced(tmp_path):
    np.save(tmp_path / "movie.npy", MOVIE)
    stack = open_stack(tmp_path / "movie.npy", axes="TYX", spacing={"T": 2.0})
    np.testing.assert_array_equal(stack.plane({"T": 1}), MOVIE[1])
    np.testing.assert_array_equal(np.asarray(stack, dtype=np.float32), MOVIE)
    assert stack.spacing["T"] == 2.0


def test_folders_are_stacks_where_axes_join_their_planes(tmp_path, monkeypatch):
    for number, plane in enumerate(MOVIE):
        np.save(tmp_path / f"plane_{number}.npy", plane)
    np.testing.assert_array_equal(np.asarray(open_stack(tmp_path, axes="ZYX")), MOVIE)
    with pytest.raises(UsageError, match=r"holds 3 stacks.*axes='ZYX'"):
        open_stack(tmp_path, axes="YX")
    monkeypatch.setenv("DATASET_FOLDER", str(tmp_path))
    assert open_stack("plane_1.npy", axes="YX").array.shape == (64, 80)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: open_stack(MOVIE), AxesError, "axes='TYX'"),
        (lambda: open_stack(MOVIE, axes="YX"), AxesError, "axes 'YX' name 2 axes.*axes='ZYX'"),
        (lambda: open_stack(MOVIE > 3, axes="TYX"), StackError, "bool"),
        (lambda: open_stack(MOVIE[:0], axes="TYX"), StackError, "no pixels"),
        (lambda: open_stack(3), UsageError, "int is not an image"),
        (lambda: open_stack("nowhere.tif"), StackError, "nowhere.tif: not found"),
        (lambda: open_stack(MOVIE, "TYX", spacing={"Z": 1}), UsageError, "no axis 'Z'"),
        (lambda: open_stack(MOVIE, "TYX", spacing={"T": 0}), UsageError, "above 0"),
        (lambda: denoise(MOVIE, axes="TYX"), UsageError, "either a model.*or a method"),
        (lambda: denoise(MOVIE, "m", method="median", axes="TYX"), UsageError, "either a model"),
        (lambda: denoise(MOVIE, "nope", axes="TYX"), N2VToolsError, "no such folder"),
        (lambda: denoise(MOVIE, method="medain", axes="TYX"), UsageError, "'median'"),
        (lambda: denoise(MOVIE, method="median", axes="TYX", nam="fill"), UsageError, "'nan'"),
        (lambda: denoise(MOVIE, method="median", axes="TYX", nan="fil"), UsageError, "'fill'"),
        (lambda: denoise(MOVIE, method="median", axes="TYX", tta=True), UsageError, "tta is about"),
        (lambda: denoise([MOVIE], method="median", axes="TYX"), UsageError, "output"),
        (lambda: denoise(MOVIE, method="median", axes="TYX", frame=7), StackError, "0 to 2"),
        (lambda: denoise(MOVIE[0], method="median", axes="YX", dims=3), AxesError, "third axis|Z"),
        (lambda: train(MOVIE, axes="TYX", epoch=3), UsageError, "'epochs'"),
        (lambda: train(MOVIE, axes="TYX", settings={"epoch": 3}), UsageError, "settings.*'epochs'"),
        (lambda: train(MOVIE, axes="TYX", patch=0), UsageError, "whole pixels"),
        (lambda: train(MOVIE, axes="TYX", minutes=float("nan")), UsageError, "0.25 or more"),
        (lambda: train(MOVIE * 0, axes="TYX"), StackError, "every pixel is zero"),
        (lambda: evaluate(MOVIE, axes="TYX"), UsageError, "clean"),
        (lambda: evaluate(MOVIE, MOVIE[:2], axes="TYX"), StackError, "sizes"),
        (lambda: evaluate(MOVIE, MOVIE, axes="TYX", data_range=-1), UsageError, "above 0"),
        (lambda: inspect(np.full((32, 32), np.nan), axes="YXC"), AxesError, "axes='YX'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_and_in_keywords(call, error, said):
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert re.search(said, message) and "\n" not in message
    assert not re.search(r"--\w", message)


def test_options_that_need_the_truth_are_refused_without_it():
    with pytest.raises(UsageError, match="keep_strips needs the truth"):
        evaluate(MOVIE, noisy=MOVIE, axes="TYX", keep_strips=True)
    with pytest.raises(UsageError, match="'keep_strips'"):
        evaluate(MOVIE, noisy=MOVIE, axes="TYX", keep_strip=True)


def test_what_should_be_heard_is_a_warning_where_the_caller_stands(caplog):
    with warnings.catch_warnings(record=True) as heard, caplog.at_level(logging.INFO, "n2v_tools"):
        warnings.simplefilter("always")
        denoise(MOVIE[0], method="gaussian", axes="YX")
    assert heard and all(one.filename == __file__ for one in heard)
    assert any("method='gaussian'" in record.message for record in caplog.records)


def test_nothing_is_printed_unless_progress_is_asked_for(capfd):
    denoise(MOVIE, method="median", settings={"size": 3}, axes="TYX")
    assert capfd.readouterr() == ("", "")
    told = []
    denoise(
        MOVIE, method="median", settings={"size": 3}, axes="TYX", progress=lambda *a: told.append(a)
    )
    assert told[-1] == ("array", 3, 3)
    assert capfd.readouterr() == ("", "")
    denoise(MOVIE, method="median", settings={"size": 3}, axes="TYX", progress=True)
    out, err = capfd.readouterr()
    assert out == "" and "median" in err


def test_results_have_the_shape_order_and_spacing_of_what_came_in():
    colour = np.random.default_rng(1).poisson(50, (48, 56, 2)).astype(np.uint8)
    smooth = denoise(colour, method="median", settings={"size": 3}, axes="YXC")
    assert smooth.shape == colour.shape and smooth.dtype == np.uint16
    for c in range(2):
        alone = denoise(colour[..., c], method="median", settings={"size": 3}, axes="YX")
        np.testing.assert_array_equal(smooth[..., c], alone)
    stack = open_stack(MOVIE, axes="TYX", spacing={"T": 0.1, "Y": 2.0})
    restored = denoise(stack, method="median", settings={"size": 3}, frame=1)
    assert isinstance(restored, Stack) and restored.axes == "YX"
    assert restored.spacing == {"Y": 2.0} and "clipped 0 %" in restored.notes[0]
    np.testing.assert_array_equal(MOVIE, stack.array)


def test_foreign_byte_order_changes_nothing():
    swapped = MOVIE.astype(MOVIE.dtype.newbyteorder(">"))
    options = {"method": "median", "settings": {"size": 3}, "axes": "TYX"}
    np.testing.assert_array_equal(denoise(swapped, **options), denoise(MOVIE, **options))


def test_what_does_not_fit_into_memory_is_refused_before_any_work(monkeypatch):
    monkeypatch.setattr("n2v_tools.jobs.denoise.array.free_memory_bytes", lambda: 10_000)
    with pytest.raises(StackError, match=r"3\.1e-05 GB.*with output"):
        denoise(MOVIE, method="median", settings={"size": 3}, axes="TYX")


def test_files_are_written_where_output_says(tmp_path):
    options = {"method": "median", "settings": {"size": 3}, "axes": "TYX"}
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", MOVIE)
    one = denoise(tmp_path / "a.npy", output=tmp_path / "out", **options)
    assert one == tmp_path / "out" / "a_denoised.tif" and one.is_file()
    named = denoise(MOVIE, output=tmp_path / "mine.tif", **options)
    assert named == tmp_path / "mine.tif" and np.asarray(open_stack(named)).shape == MOVIE.shape
    with pytest.raises(OutputError, match="overwrite=True"):
        denoise(MOVIE, output=tmp_path / "mine.tif", **options)
    denoise(MOVIE, output=tmp_path / "mine.tif", overwrite=True, **options)
    files = [tmp_path / "a.npy", tmp_path / "b.npy"]
    both = denoise(files, output=tmp_path / "many", **options)
    assert [path.name for path in both] == ["a_denoised.tif", "b_denoised.tif"]
    with pytest.raises(OutputError, match=r"mine2\.tif"):
        denoise(files, output=tmp_path / "mine2.tif", **options)
    with pytest.raises(UsageError, match="is the input"):
        denoise(named, output=tmp_path / "out" / ".." / "mine.tif", overwrite=True, **options)


def test_a_failed_file_is_named_and_the_others_are_written(tmp_path):
    np.save(tmp_path / "good.npy", MOVIE)
    (tmp_path / "bad.npy").write_bytes(b"nothing")
    with pytest.raises(StackError, match=r"bad\.npy.*1 of 2 failed"):
        denoise(tmp_path, method="median", axes="TYX", output=tmp_path / "out")
    assert (tmp_path / "out" / "good_denoised.tif").is_file()
