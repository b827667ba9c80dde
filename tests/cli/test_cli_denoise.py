"""``n2v-denoise`` as a user runs it, with a net that passes everything on."""

import json
import os
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from faulty import cells
from running import invoke

from n2v_tools.contracts import Restorer
from n2v_tools.errors import ModelError
from n2v_tools.io.reader import open_stack, read_description
from n2v_tools.jobs.denoise import model_session
from n2v_tools.jobs.denoise import one as denoise_one
from n2v_tools.jobs.desk.provenance import input_record
from n2v_tools.modelfolder import open as opening


class PassOn(Restorer):
    """A Restorer that adds `offset` and otherwise changes nothing."""

    name, axes, n_channels = "pass", "YX", 1
    reach_px, block_px, bytes_per_px = (0, 0), (1, 1), 100
    engine, precision = "tensorflow", "float32"
    offset = 0.0

    def predict(self, tiles, at=None):
        return tiles + np.float32(self.offset)

    def fit_intensity(self, planes):
        return self


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A model folder called ``models/m`` that loads no TensorFlow."""
    folder = tmp_path / "models" / "m"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    described = SimpleNamespace(
        name="m", axes="YX", n_channels=1, method="n2v", warnings=(), means=(), stds=(), own={},
        deviation_known=True, section=None, net=SimpleNamespace(engines=("tensorflow",)),
        weights_sha256=frozenset(), provenance=None,
        left_channels=(),
    )  # fmt: skip
    restorer = PassOn()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(model_session, "read_model", lambda folder: described)
    monkeypatch.setattr(model_session, "weights_file", lambda model: folder / "config.json")
    monkeypatch.setattr(model_session, "sha256_of", lambda path: "0" * 64)
    monkeypatch.setattr(opening, "open_restorer", lambda *model, **how: restorer)
    return SimpleNamespace(described=described, restorer=restorer)


def save(path, axes="YX", shape=None, dtype=np.uint16, seed=0, scale=60000):
    sizes = {"T": 3, "C": 2, "Z": 4, "Y": 24, "X": 20}
    shape = shape or [sizes[a] for a in axes]
    pixels = (np.random.default_rng(seed).random(shape) * scale).astype(dtype)
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    tifffile.imwrite(path, pixels, imagej=axes == "TZCYX"[-len(axes) :] or axes in ("TZYX", "ZYX"),
                     metadata={"axes": axes})  # fmt: skip
    return pixels


def run(*words):
    return invoke("denoise", *words)


def test_a_folder_is_denoised_in_natural_order_beside_its_files(model):
    planes = {name: save(f"in/{name}.tif", seed=i) for i, name in enumerate(["p10", "p2", "p1"])}
    done = run("in", "--model", "m")
    assert done.exit_code == 0, done.output
    paths = [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert paths == [f"in/{name}_denoised.tif" for name in ("p1", "p2", "p10")]
    for name, pixels in planes.items():
        np.testing.assert_array_equal(tifffile.imread(f"in/{name}_denoised.tif"), pixels)


def test_a_second_run_refuses_skips_or_replaces(model):
    save("in/a.tif")
    assert run("in", "--model", "m").exit_code == 0
    save("in/b.tif")
    refused = run("in", "--model", "m")
    assert refused.exit_code == 1
    assert "a_denoised.tif" in refused.stderr
    assert not os.path.exists("in/b_denoised.tif")
    skipped = run("in", "--model", "m", "--skip-existing")
    assert skipped.exit_code == 0
    assert skipped.stdout.split("\t")[0] == "in/b_denoised.tif"
    assert len(skipped.stdout.splitlines()) == 1
    model.restorer.offset = 1
    assert len(run("in", "--model", "m", "--overwrite").stdout.splitlines()) == 2
    np.testing.assert_array_equal(
        tifffile.imread("in/a_denoised.tif"), tifffile.imread("in/a.tif") + 1
    )
    assert sorted(os.listdir("in")) == ["a.tif", "a_denoised.tif", "b.tif", "b_denoised.tif"]


def test_an_earlier_output_given_by_the_shell_is_no_input(model):
    save("a.tif")
    assert run("a.tif", "--model", "m").exit_code == 0
    again = run("a.tif", "a_denoised.tif", "--model", "m", "--overwrite", "--json")
    assert [one["input"] for one in json.loads(again.stdout)] == ["a.tif"]
    assert not os.path.exists("a_denoised_denoised.tif")


def test_a_damaged_file_is_reported_and_the_others_are_done(model):
    save("in/a.tif")
    save("in/c.tif")
    whole = open("in/a.tif", "rb").read()
    with open("in/b.tif", "wb") as file:
        file.write(whole[: len(whole) // 2])
    done = run("in", "--model", "m", "--json")
    assert done.exit_code == 1
    first, broken, last = json.loads(done.stdout)
    assert set(broken) == {"input", "error"}
    assert broken["input"] == "in/b.tif"
    for one, name in ((first, "a"), (last, "c")):
        assert one["output"] == f"in/{name}_denoised.tif"
        assert {"input", "axes", "dtype", "clipped_percent", "seconds"} <= set(one)
    assert len([line for line in done.stderr.splitlines() if line.startswith("Error")]) == 1
    assert not os.path.exists("in/b_denoised.tif")


def test_an_input_that_is_missing_does_not_stop_the_others(model):
    save("a.tif")
    done = run("none.tif", "a.tif", "--model", "m", "--json")
    assert done.exit_code == 1
    missing, fine = json.loads(done.stdout)
    assert "error" in missing
    assert fine["output"] == "a_denoised.tif"


def test_two_inputs_with_one_output_are_refused_before_any_work(model):
    save("x/a.tif")
    save("y/a.tif")
    done = run("x/a.tif", "y/a.tif", "--model", "m", "--output", "out", "--json")
    assert done.exit_code == 1
    assert "x/a.tif" in json.loads(done.stdout)["error"]
    assert not os.path.exists("out")


def test_a_file_named_twice_is_done_once(model):
    save("in/a.tif")
    done = json.loads(run("in", "in/a.tif", "--model", "m", "--json").stdout)
    assert [one["input"] for one in done] == ["in/a.tif"]


def test_an_empty_suffix_is_refused_beside_the_input_only(model):
    save("a.tif")
    before = open("a.tif", "rb").read()
    assert run("a.tif", "--model", "m", "--suffix", "", "--overwrite").exit_code == 2
    assert open("a.tif", "rb").read() == before
    assert run("a.tif", "--model", "m", "--suffix", "", "--output", "new/out").exit_code == 0
    assert os.path.exists("new/out/a.tif")


def test_a_frame_loses_its_t_axis_and_is_named(model):
    pixels = save("a.tif", "TZYX")
    done = run("a.tif", "--model", "m", "--axes", "TZYX", "--frame", "2", "--json")
    assert done.exit_code == 0, done.output
    (one,) = json.loads(done.stdout)
    assert (one["output"], one["axes"]) == ("a_t0002_denoised.tif", "ZYX")
    np.testing.assert_array_equal(tifffile.imread(one["output"]), pixels[2])
    refused = run("a.tif", "--model", "m", "--axes", "TZYX", "--frame", "3")
    assert refused.exit_code == 1
    assert "0 to 2" in refused.stderr


def test_planes_of_a_folder_become_one_stack_named_after_it(model):
    planes = [save(f"in/planes/p{i}.tif", seed=i) for i in range(3)]
    done = run("in/planes", "--model", "m", "--axes", "ZYX", "--json")
    assert done.exit_code == 0, done.output
    (one,) = json.loads(done.stdout)
    assert os.path.relpath(one["output"]) == "in/planes_denoised.tif"
    assert one["axes"] == "ZYX"
    np.testing.assert_array_equal(tifffile.imread(one["output"]), np.stack(planes))


@pytest.mark.parametrize(
    ("dtype", "scale", "asked", "expected"),
    [
        (np.uint8, 200, "auto", "uint16"),
        (np.uint8, 200, "same", "uint8"),
        (np.uint16, 60000, "auto", "uint16"),
        (np.float32, 60000, "auto", "uint16"),
        (np.float32, 1, "auto", "float32"),
        (np.float32, 1e6, "auto", "float32"),
        (np.int16, 3000, "auto", "float32"),
        (np.float32, 60000, "float32", "float32"),
    ],
)
def test_the_dtype_of_the_output(model, dtype, scale, asked, expected):
    save("a.tif", dtype=dtype, scale=scale)
    done = run("a.tif", "--model", "m", "--dtype", asked, "--json")
    (one,) = json.loads(done.stdout)
    assert one["dtype"] == expected
    assert tifffile.imread("a_denoised.tif").dtype == expected
    assert one["reason"]


def test_what_is_clipped_is_counted_and_never_wraps(model):
    pixels = save("a.tif", scale=1000)
    model.restorer.offset = -500.0
    (one,) = json.loads(run("a.tif", "--model", "m", "--json").stdout)
    expected = np.clip(pixels.astype(int) - 500, 0, None)
    np.testing.assert_array_equal(tifffile.imread("a_denoised.tif"), expected)
    assert one["clipped_percent"] == pytest.approx(100 * np.mean(pixels < 500))


def test_nan_is_refused_with_count_and_place_or_filled_and_put_back(model):
    pixels = np.random.default_rng(0).random((24, 20)).astype(np.float32) * 1000
    pixels[3, 5] = np.nan
    pixels[7, 1] = np.inf
    tifffile.imwrite("a.tif", pixels)
    for dtype in ("auto", "float32"):
        refused = run("a.tif", "--model", "m", "--axes", "YX", "--dtype", dtype)
        assert refused.exit_code == 1
        assert "2 pixels are NaN or infinite, the first at Y 3, X 5" in refused.stderr
    assert run("a.tif", "--model", "m", "--nan", "fill", "--dtype", "uint16").exit_code == 1
    assert not os.path.exists("a_denoised.tif")
    assert run("a.tif", "--model", "m", "--nan", "fill").exit_code == 0
    restored = tifffile.imread("a_denoised.tif")
    assert restored.dtype == np.float32
    assert np.isnan(restored[[3, 7], [5, 1]]).all()
    assert np.isfinite(restored).sum() == pixels.size - 2


def test_hot_pixels_and_borders_come_out_as_asked_and_are_counted(model):
    pixels = cells((90, 100))
    hot = [(20, 30), (60, 70)]
    for at in hot:
        pixels[at] = 50000
    pixels[:, -8:] = 65535
    tifffile.imwrite("a.tif", pixels)
    model.restorer.offset = 10
    kept = run("a.tif", "--model", "m")
    assert kept.exit_code == 0
    assert "2 pixels are far off" in kept.stderr and "--hot fill" in kept.stderr
    assert "720 pixels are no image" in kept.stderr
    restored = tifffile.imread("a_denoised.tif")
    np.testing.assert_array_equal(restored[:, -8:], 65535)
    assert [restored[at] for at in hot] == [50000, 50000]
    assert (restored[:, :-8] == pixels[:, :-8] + 10).sum() == 90 * 92 - 2
    assert run("a.tif", "--model", "m", "--hot", "fill", "--suffix", "_filled").exit_code == 0
    filled = tifffile.imread("a_filled.tif")
    assert max(filled[at] for at in hot) < 2000
    filled[tuple(zip(*hot, strict=True))] = 50000
    np.testing.assert_array_equal(filled, restored)


def test_borders_that_need_floats_get_them(model):
    pixels = np.full((90, 100), -32768, np.int32)
    pixels[10:-10, 10:-10] = cells((70, 80))
    tifffile.imwrite("a.tif", pixels)
    (one,) = json.loads(run("a.tif", "--model", "m", "--json").stdout)
    assert one["dtype"] == "float32" and one["clipped_percent"] == 0
    np.testing.assert_array_equal(tifffile.imread("a_denoised.tif"), pixels)


def test_room_for_one_output_of_two_is_too_little_before_any_work(model, monkeypatch):
    import shutil

    for name in "ab":
        save(f"in/{name}.tif", shape=(200, 200))  # 80 kB
    usage = shutil.disk_usage(".")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=150_000))
    done = run("in", "--model", "m", "--output", "out")
    assert done.exit_code == 1
    assert "free" in done.stderr
    assert not os.path.exists("out")


def test_the_model_is_checked_before_any_input_is_opened(model, monkeypatch):
    def broken(folder):
        raise ModelError("the model is broken")

    monkeypatch.setattr(model_session, "read_model", broken)
    done = run("none.tif", "--model", "m", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout) == {"error": "the model is broken"}


def test_a_stack_that_lacks_an_axis_of_the_model_fails_alone(model):
    model.described.axes = "ZYX"
    save("a.tif", "YX")
    done = run("a.tif", "--model", "m", "--json")
    assert done.exit_code == 1
    assert "pass the folder with --axes ZYX" in json.loads(done.stdout)[0]["error"]


def test_the_output_says_what_was_done_and_equal_commands_give_equal_bytes(model):
    save("a.tif", "TZYX")
    words = ["a.tif", "--model", "m", "--axes", "TZYX", "--overwrite", "--seed", "3"]
    assert run(*words).exit_code == 0
    first = open("a_denoised.tif", "rb").read()
    record = json.loads(read_description("a_denoised.tif"))
    assert record["model"] == {"name": "m", "method": "n2v", "weights_sha256": "0" * 64}
    assert record["input"] == "a.tif"
    assert record["settings"]["seed"] == 3
    assert run(*words).exit_code == 0
    assert open("a_denoised.tif", "rb").read() == first


def test_folders_come_from_the_configuration(model, tmp_path):
    save("data/a.tif")
    (tmp_path / "my.env").write_text("DATASET_FOLDER=data\nOUTPUT_FOLDER=elsewhere\n")
    done = run("a.tif", "--model", "m", "-e", "my.env", "OUTPUT_FOLDER=out")
    assert done.exit_code == 0, done.output
    assert done.stdout.split("\t")[0] == "out/a_denoised.tif"
    done = run("a.tif", "--model", "m", "-e", "my.env", "--OUTPUT_FOLDER=out2", "-v")
    assert "OUTPUT_FOLDER=out2 (from the command line)" in done.stderr
    assert "DATASET_FOLDER=data (from my.env)" in done.stderr


@pytest.mark.parametrize("hashes", [set(), {"0" * 64}])
def test_weights_without_a_hash_are_spoken_of_to_those_who_ask(model, hashes):
    model.described.weights_sha256 = frozenset(hashes)
    save("a.tif")
    for words, told in (((), False), (("-v",), not hashes)):
        done = run("a.tif", "--model", "m", "--overwrite", *words)
        assert done.exit_code == 0, done.output
        assert ("no hash to check" in done.stderr) == told


def test_calibration_and_axes_survive(model):
    pixels = np.random.default_rng(0).integers(1, 60000, (2, 3, 24, 20)).astype(np.uint16)
    tifffile.imwrite(
        "a.tif", pixels, imagej=True, resolution=(4, 4),
        metadata={"axes": "TZYX", "spacing": 0.7, "unit": "um", "finterval": 2.5},
    )  # fmt: skip
    assert run("a.tif", "--model", "m").exit_code == 0
    stack = open_stack("a_denoised.tif")
    assert (stack.axes, stack.array.shape) == ("TZYX", pixels.shape)
    assert stack.spacing == pytest.approx({"T": 2.5, "Z": 0.7, "Y": 0.25, "X": 0.25})


def test_quiet_leaves_only_results(model):
    save("a.tif")
    done = run("a.tif", "--model", "m", "-q")
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


def test_a_write_that_fails_leaves_nothing_behind(model, monkeypatch):
    save("a.tif")

    def full(*args, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(denoise_one, "to_dtype", full)
    done = run("a.tif", "--model", "m", "--json")
    assert done.exit_code == 1
    assert "No space left" in json.loads(done.stdout)[0]["error"]
    assert sorted(os.listdir(".")) == ["a.tif", "models"]


def test_arrays_in_other_files_become_tiffs_named_after_the_file(model):
    import h5py

    pixels = np.random.default_rng(0).integers(1, 60000, (3, 24, 20)).astype(np.uint16)
    np.save("a.npy", pixels)
    with h5py.File("b.h5", "w") as file:
        file["x/y"] = pixels
    done = run("a.npy", "b.h5:/x/y", "--model", "m", "--axes", "TYX", "--json")
    assert done.exit_code == 0, done.output
    outputs = [one["output"] for one in json.loads(done.stdout)]
    assert outputs == ["a_denoised.tif", "b_denoised.tif"]
    for path in outputs:
        np.testing.assert_array_equal(tifffile.imread(path), pixels)


@pytest.mark.parametrize("output", ["out", "out/deeper"])
def test_an_output_folder_that_is_a_file_is_refused_once_before_any_work(
    model, monkeypatch, output
):
    def too_early(*args, **how):
        raise AssertionError("TensorFlow would have been loaded")

    monkeypatch.setattr(opening, "open_restorer", too_early)
    save("a.tif")
    save("b.tif")
    open("out", "w").close()
    done = run("a.tif", "b.tif", "--model", "m", "--output", output)
    assert done.exit_code == 1
    assert "out is not a folder" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("named", ["lnk/x.tif", "lnk", "lnk/*.tif"])
def test_an_input_is_never_replaced_through_a_link(model, named):
    save("raw/x.tif")
    os.mkdir("lnk")
    os.symlink("../raw/x.tif", "lnk/x.tif")
    before = open("raw/x.tif", "rb").read()
    done = run(named, "--model", "m", "--suffix", "", "--output", "raw", "--overwrite")
    assert done.exit_code == 2
    assert "raw/x.tif: is the input" in done.stderr
    assert open("raw/x.tif", "rb").read() == before


def test_raw_data_where_the_output_of_another_would_go_are_no_earlier_output(model):
    save("raw/x.tif")
    save("other/x.tif", seed=1)
    os.mkdir("lnk")
    os.symlink("../raw/x.tif", "lnk/y.tif")
    before = open("raw/x.tif", "rb").read()
    words = ("other/x.tif", "lnk/y.tif", "--suffix", "", "--output", "raw", "--overwrite")
    done = run(*words, "--model", "m")
    assert done.exit_code == 2
    assert open("raw/x.tif", "rb").read() == before
    assert os.listdir("raw") == ["x.tif"]


def test_a_plane_of_a_joined_folder_is_never_replaced(model):
    for i in range(2):
        save(f"planes/p{i}.tif", seed=i)
    os.rename("planes/p0.tif", "planes/links.tif")
    os.mkdir("links")
    for name in ("links", "p1"):
        os.symlink(f"../planes/{name}.tif", f"links/{name}.tif")
    before = open("planes/links.tif", "rb").read()
    words = ("links", "--axes", "ZYX", "--suffix", "", "--output", "planes", "--overwrite")
    assert run(*words, "--model", "m").exit_code == 2
    assert open("planes/links.tif", "rb").read() == before


@pytest.mark.parametrize("spec", ["in", "in/*.tif"])
def test_earlier_outputs_in_a_folder_or_glob_are_neither_inputs_nor_planes(model, spec):
    planes = [save(f"in/p{i}.tif", seed=i) for i in range(3)]
    assert run(spec, "--model", "m").exit_code == 0
    again = run(spec, "--model", "m", "--overwrite", "--json")
    assert [one["input"] for one in json.loads(again.stdout)] == [f"in/p{i}.tif" for i in range(3)]
    joined = run(spec, "--model", "m", "--axes", "ZYX", "--output", "out", "--json")
    (one,) = json.loads(joined.stdout)
    np.testing.assert_array_equal(tifffile.imread(one["output"]), np.stack(planes))
    assert run("in/p0_denoised.tif", "--model", "m").exit_code == 0  # named as such


@pytest.mark.parametrize("words", [("in",), ("in/*.tif",), ("in/link.tif", "in/real.tif")])
def test_of_a_file_and_a_link_to_it_the_file_is_taken_and_that_is_said(model, words):
    save("in/real.tif")
    os.symlink("real.tif", "in/link.tif")
    done = run(*words, "--model", "m", "--json")
    assert done.exit_code == 0, done.output
    (one,) = json.loads(done.stdout)
    assert (one["input"], one["output"]) == ("in/real.tif", "in/real_denoised.tif")
    assert "in/link.tif is the same file as in/real.tif" in done.stderr


def test_an_input_named_twice_is_said_to_be_taken_once(model):
    save("a.tif")
    done = run("a.tif", "./a.tif", "--model", "m", "--json")
    assert len(json.loads(done.stdout)) == 1
    assert len([line for line in done.stderr.splitlines() if "more than once" in line]) == 1


@pytest.mark.parametrize("spec", ["in", "in/*.tif", "in/broken.tif"])
def test_a_link_that_leads_nowhere_is_reported_and_the_others_are_done(model, spec):
    save("in/a.tif")
    os.symlink("nowhere.tif", "in/broken.tif")
    os.symlink("loop.tif", "in/loop.tif")
    done = run(spec, "--model", "m", "--json")
    assert done.exit_code == 1
    errors = [one["error"] for one in json.loads(done.stdout) if "error" in one]
    assert any("in/broken.tif: is a link to nowhere.tif" in error for error in errors)
    assert os.path.exists("in/a_denoised.tif") == (spec != "in/broken.tif")


ANY_DTYPE = [
    "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
    "float16", "float32", "float64", "longdouble", "complex64",
]  # fmt: skip


@pytest.mark.parametrize("asked", ["auto", "same", "uint16", "float32"])
def test_every_dtype_is_denoised_or_refused_alone_in_one_line(model, asked):
    for name in ANY_DTYPE:
        pixels = np.random.default_rng(0).random((24, 20)) * 100
        np.save(f"{name}.npy", pixels.astype(name))
    files = [f"{name}.npy" for name in ANY_DTYPE]
    done = run(*files, "--model", "m", "--axes", "YX", "--dtype", asked, "--json")
    found = {one["input"][:-4]: one for one in json.loads(done.stdout)}
    assert done.exit_code == 1
    assert list(found) == ANY_DTYPE
    refused = {name for name, one in found.items() if "error" in one}
    unstorable = {"int64", "uint64", "longdouble"} if asked == "same" else set()
    assert refused == {"bool", "complex64"} | unstorable
    assert all("\n" not in found[name]["error"] for name in refused)
    for name in set(found) - refused:
        kept = asked == "same" and name != "float16"
        if kept or asked in ("uint16", "float32"):
            assert found[name]["dtype"] == (name if kept else asked)
    if asked == "same":
        assert found["float16"]["dtype"] == "float32"
        assert "float16" in found["float16"]["reason"]


def test_a_place_in_hdf5_needs_no_leading_slash_and_two_of_one_file_collide(model):
    import h5py

    with h5py.File("hh.h5", "w") as file:
        for place in ("g/d", "g/e"):
            file[place] = np.random.default_rng(0).integers(1, 60000, (24, 20)).astype(np.uint16)
    done = run("hh.h5:g/d", "--model", "m", "--axes", "YX", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)[0]["output"] == "hh_denoised.tif"
    assert sorted(os.listdir(".")) == ["hh.h5", "hh_denoised.tif", "models"]
    same = run("hh.h5:g/d", "hh.h5:/g/d", "--model", "m", "--axes", "YX", "--overwrite", "--json")
    assert len(json.loads(same.stdout)) == 1
    both = run("hh.h5:g/d", "hh.h5:/g/e", "--model", "m", "--axes", "YX", "--overwrite")
    assert both.exit_code == 1
    assert "both hh.h5:g/d and hh.h5:/g/e" in both.stderr


def save_positions(path, shapes=((24, 20), (12, 13), (3, 24, 20)), names="ABC"):
    """Write an OME-TIFF of several stage positions; give their pixels."""
    rng = np.random.default_rng(4)
    pixels = [rng.integers(1, 999, shape).astype(np.uint16) for shape in shapes]
    with tifffile.TiffWriter(path, ome=True) as tif:
        for values, name in zip(pixels, names, strict=True):
            axes = "TYX"[-values.ndim :]
            tif.write(values, metadata={"axes": axes, "Name": f"Pos {name}"})
    return pixels


@pytest.mark.parametrize("spec", ["in", "in/*.tif", "in/three.ome.tif"])
def test_every_position_of_a_file_gets_an_output_of_its_own(model, spec):
    os.mkdir("in")
    pixels = save_positions("in/three.ome.tif")
    done = run(spec, "--model", "m", "--output", "out", "--json")
    assert done.exit_code == 0
    names = ["three_denoised.tif", "three_s1_denoised.tif", "three_s2_denoised.tif"]
    assert [one["output"] for one in json.loads(done.stdout)] == [f"out/{name}" for name in names]
    for name, values in zip(names, pixels, strict=True):
        np.testing.assert_array_equal(tifffile.imread(f"out/{name}"), values)
    again = run("in", "--model", "m", "--output", "out", "--skip-existing")
    assert again.exit_code == 0


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (["three.ome.tif:1"], [1]),
        (["three.ome.tif:2", "three.ome.tif:0"], [2, 0]),
        (["three.ome.tif", "three.ome.tif:1"], [0, 1, 2]),
        (["three.ome.tif", "--scene", "1"], [1]),
        (["three.ome.tif", "--scene", "Pos C"], [2]),
        (["three.ome.tif", "--scene", "all"], [0, 1, 2]),
    ],
)
def test_a_position_is_chosen_by_its_number_or_name(model, words, numbers):
    pixels = save_positions("three.ome.tif")
    done = run(*words, "--model", "m", "--json")
    assert done.exit_code == 0
    outputs = [one["output"] for one in json.loads(done.stdout)]
    assert len(outputs) == len(numbers)
    for number, output in zip(numbers, outputs, strict=True):
        np.testing.assert_array_equal(tifffile.imread(output), pixels[number])


@pytest.mark.parametrize("scene", ["3", "Pos D"])
def test_a_position_that_is_not_there_is_refused_with_those_that_are(model, scene):
    save_positions("three.ome.tif")
    save("one.tif")
    done = run("three.ome.tif", "one.tif", "--model", "m", "--scene", scene)
    assert done.exit_code == 1
    assert "three.ome.tif has Pos A, Pos B, Pos C" in done.stderr
    assert "one.tif holds one image" in done.stderr


def test_a_position_whose_axes_are_unknown_does_not_stop_the_others(model):
    with tifffile.TiffWriter("two.tif") as tif:
        tif.write(np.ones((24, 20), np.uint16))
        tif.write(np.ones((5, 12, 13), np.uint16))
    done = run("two.tif", "--model", "m")
    assert done.exit_code == 1
    assert "two.tif:1" in done.stderr and "--axes TYX" in done.stderr
    assert os.path.exists("two_denoised.tif")
    assert run("two.tif:1", "--axes", "TYX", "--model", "m").exit_code == 0
    assert tifffile.imread("two_s1_denoised.tif").shape == (5, 12, 13)


@pytest.mark.parametrize("dtype", ["auto", "float32"])
def test_a_file_of_nothing_but_nan_is_refused_alone(model, dtype):
    tifffile.imwrite("a.tif", np.full((24, 20), np.nan, np.float32))
    save("b.tif")
    words = ("--model", "m", "--axes", "YX", "--nan", "fill", "--dtype", dtype, "--json")
    done = run("a.tif", "b.tif", *words)
    assert done.exit_code == 1
    refused, fine = json.loads(done.stdout)
    assert "nothing to restore" in refused["error"]
    assert fine["output"] == "b_denoised.tif"
    assert not os.path.exists("a_denoised.tif")


def test_another_order_of_axes_in_the_output_is_said(model):
    pixels = np.random.default_rng(0).integers(1, 200, (24, 20, 2)).astype(np.uint16)
    tifffile.imwrite("a.tif", pixels)
    words = ("a.tif", "--model", "m", "--axes", "YXC", "--format", "ome-tiff", "--json")
    done = run(*words)
    (one,) = json.loads(done.stdout)
    assert one["axes"] == "CYX"
    assert "axes YXC are stored as CYX" in one["note"]
    assert "axes YXC are stored as CYX" in done.stderr


def test_what_is_no_image_gets_no_advice_on_axes(model):
    import h5py

    with h5py.File("h.h5", "w") as file:
        file["text"], file["one"], file["row"] = "text", 3.0, np.arange(5.0)
    np.save("obj.npy", np.array([{}, 1], dtype=object), allow_pickle=True)
    for name in ("h.h5:/text", "h.h5:/one", "h.h5:/row", "obj.npy"):
        done = run(name, "--model", "m")
        assert done.exit_code == 1
        assert len(done.stderr.splitlines()) == 1
        assert "--axes" not in done.stderr


def test_damage_found_while_reading_names_the_file_as_typed(model):
    pixels = np.random.default_rng(0).integers(0, 60000, (24, 20)).astype(np.uint16)
    tifffile.imwrite("z.tif", pixels, compression="zlib", rowsperstrip=4)
    with tifffile.TiffFile("z.tif") as tif:
        offset = tif.pages[0].dataoffsets[2]
    with open("z.tif", "r+b") as file:
        file.seek(offset)
        file.write(b"\xff" * 8)
    done = run("z.tif", "--model", "m", "--axes", "YX")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith("Error: z.tif")
    assert os.getcwd() not in done.stderr


class Knows(PassOn):
    """Answers as a net that has seen 200 to 800 counts."""

    def predict(self, tiles, at=None):
        return np.clip(tiles, 200, 800)


@pytest.fixture
def narrow(model, monkeypatch):
    """The model, trained on 500 counts with deviation 100."""
    model.described.means, model.described.stds = (500.0,), (100.0,)
    monkeypatch.setattr(opening, "open_restorer", lambda *one, **how: Knows())
    return model


def save_noise(path, mean, deviation, seed=0):
    counts = np.random.default_rng(seed).normal(mean, deviation, (96, 110)).astype(np.float32)
    tifffile.imwrite(path, counts)
    return counts


@pytest.mark.parametrize("mean", [-3000, 3000, 30_000])
def test_grey_levels_that_were_not_learned_are_fitted_said_and_recorded(narrow, mean):
    counts = save_noise("a.tif", mean, 300)
    done = run("a.tif", "--model", "m", "--dtype", "float32")
    assert done.exit_code == 0, done.output
    (said,) = [line for line in done.stderr.splitlines() if "grey levels" in line]
    assert f"({counts.mean():.5g} with" in said and "(500 with 100)" in said
    assert "times 0.33" in said
    np.testing.assert_allclose(tifffile.imread("a_denoised.tif").mean(), counts.mean(), atol=6)
    (levels,) = json.loads(read_description("a_denoised.tif"))["model"]["grey_levels"]
    assert levels["gain"] == pytest.approx(1 / 3, rel=0.03)


def test_grey_levels_that_were_learned_are_not_spoken_of(narrow):
    save_noise("a.tif", 500, 100)
    done = run("a.tif", "--model", "m")
    assert "grey levels" not in done.stderr
    assert "grey_levels" not in json.loads(read_description("a_denoised.tif"))["model"]


def test_what_a_model_destroys_is_refused_unless_it_is_forced(narrow, monkeypatch):
    class Nonsense(PassOn):
        def predict(self, tiles, at=None):
            return 1000 - tiles

    monkeypatch.setattr(opening, "open_restorer", lambda *one, **how: Nonsense())
    blocks = 9000 + 500 * (np.indices((96, 110)) // 24).sum(axis=0)
    tifffile.imwrite("a.tif", blocks.astype(np.uint16))
    refused = run("a.tif", "--model", "m")
    assert refused.exit_code == 1 and len(refused.stderr.splitlines()) == 1 + 1
    for word in ("a.tif", "500", "--force", "--method"):
        assert word in refused.stderr
    assert not os.path.exists("a_denoised.tif")
    forced = run("a.tif", "--model", "m", "--force")
    assert forced.exit_code == 0 and "lost" in forced.stderr


def test_the_file_a_model_was_trained_on_is_never_unlike_it(narrow):
    counts = save_noise("a.tif", 3000, 100)
    narrow.described.provenance = {"inputs": [input_record(open_stack("a.tif"))]}
    done = run("a.tif", "--model", "m", "--dtype", "float32")
    assert "Warning" not in done.stderr and "grey levels" not in done.stderr
    np.testing.assert_array_equal(tifffile.imread("a_denoised.tif"), np.clip(counts, 200, 800))
