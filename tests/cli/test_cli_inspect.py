"""``n2v-inspect`` as a user runs it."""

import json
import shlex

import numpy as np
import pytest
import tifffile
from running import invoke

from n2v_tools.cli.main import load_command

KEYS = {
    "input", "axes", "shape", "dtype", "levels", "pixel_size", "strips", "noise", "warnings",
    "command",
}  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def save(path, pixels, **metadata):
    resolution = metadata.pop("resolution", None)
    tifffile.imwrite(path, pixels, imagej=True, resolution=resolution, metadata=metadata)


def noise(*shape, low=100, high=4000, dtype=np.uint16):
    return np.random.default_rng(0).integers(low, high, shape).astype(dtype)


def inspect(*words, code=0):
    done = invoke("inspect", *words, "--json")
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_the_keys_scripts_rely_on():
    save(
        "a b.tif", noise(2, 3, 80, 90),
        axes="TZYX", resolution=(4, 4), spacing=0.7, unit="um", finterval=2.5,
    )  # fmt: skip
    (found,) = inspect("a b.tif")
    assert set(found) >= KEYS
    assert (found["axes"], found["shape"], found["dtype"]) == ("TZYX", [2, 3, 80, 90], "uint16")
    assert found["pixel_size"] == {
        "Y": 0.25,
        "X": 0.25,
        "Z": 0.7,
        "unit": found["pixel_size"]["unit"],
    }
    assert found["frame_interval_s"] == 2.5
    assert found["noise"]["correlated"] is False
    assert found["warnings"] == []
    assert found["strips"] == {"planes_with_strips": 0, "empty_planes": 0, "columns": 0, "rows": 0}


def test_the_command_can_be_parsed_as_it_stands():
    save("a b.tif", noise(3, 40, 50), axes="ZYX", spacing=1.0)
    words = shlex.split(inspect("a b.tif")[0]["command"])
    assert words == ["n2v-train", "--stack", "a b.tif", "--axes", "ZYX"]
    command = load_command("train")
    command.make_context("n2v-train", words[1:])


def test_strips_and_empty_planes_are_counted_and_levels_leave_them_out():
    pixels = noise(4, 80, 90)
    pixels[0, :, :6] = 0
    pixels[1, :, -2:] = 0
    pixels[1, 5] = 0
    pixels[3] = 0
    save("a.tif", pixels, axes="ZYX", spacing=1.0)
    found = inspect("a.tif")[0]
    assert found["strips"] == {
        "planes_with_strips": 2, "empty_planes": 1, "columns": 4.0, "rows": 0.5,
    }  # fmt: skip
    assert found["minimum"] >= 100
    assert found["levels"] == len(np.unique(pixels)) - 1


@pytest.mark.parametrize(
    ("pixels", "word"),
    [
        (noise(1, 80, 90, low=5, high=15), "10 grey levels"),
        (np.full((1, 80, 90), 7, np.uint16), "every pixel is 7"),
        (np.zeros((1, 80, 90), np.uint16), "every pixel is zero"),
        (np.minimum(noise(1, 80, 90, high=6000), 4095), "camera's range"),
        (np.where(noise(1, 80, 90) > 200, 1.0, np.nan).astype(np.float32), "NaN"),
        (noise(1, 80, 40), "smaller than the usual patch"),
    ],
    ids=["few levels", "constant", "empty", "saturated", "NaN", "small"],
)
def test_what_may_spoil_a_denoising_is_a_warning(pixels, word):
    save("a.tif", pixels, axes="ZYX", spacing=1.0)
    found = inspect("a.tif", "--axes", "ZYX")[0]
    assert any(word in warning for warning in found["warnings"]), found["warnings"]


@pytest.mark.parametrize("value", [0, 7])
def test_nothing_to_learn_from_means_no_command_and_no_noise(value):
    save("a.tif", np.full((80, 90), value, np.uint16), axes="YX")
    (found,) = inspect("a.tif")
    assert found["command"] is None
    assert found["noise"] is None


def test_planes_without_spacing_may_be_time_unless_the_user_says_otherwise():
    save("a.tif", noise(5, 80, 90), axes="ZYX")
    assert any("--axes TYX" in warning for warning in inspect("a.tif")[0]["warnings"])
    assert not any("--axes" in w for w in inspect("a.tif", "--axes", "ZYX")[0]["warnings"])


def test_failed_files_are_named_and_the_others_inspected():
    np.save("a.npy", noise(3, 80, 90))
    save("b.tif", noise(80, 90), axes="YX")
    first, second, missing = inspect("a.npy", "b.tif", "none.tif", code=1)
    assert set(first) == {"input", "error"}
    assert "--axes" in first["error"]
    assert second["axes"] == "YX"
    assert "none.tif" in missing["error"]


def test_a_person_reads_the_same_as_a_script():
    save("a.tif", noise(5, 80, 90), axes="ZYX")
    shown = invoke("inspect", "a.tif").stdout
    for word in ("ZYX", "Z 5, Y 80, X 90", "uint16", "n2v-train --stack a.tif", "--axes TYX"):
        assert word in shown


def test_real_files_are_understood_or_refused_with_the_axes_to_pass(shared_data):
    files = sorted(str(path) for path in (shared_data / "stacks").glob("*.tif"))
    found = {one["input"].rsplit("/", 1)[1]: one for one in inspect(*files, code=1)}
    assert [name for name, one in found.items() if "error" in one] == ["bead_psf_ZYX.tif"]
    assert "--axes ZYX" in found.pop("bead_psf_ZYX.tif")["error"]
    for name, one in found.items():
        assert f"_{one['axes']}" in name


def shown(*words):
    done = invoke("inspect", *words)
    assert done.exit_code == 0, done.output
    return done


@pytest.mark.parametrize(("edge", "learnable"), [(3, False), (15, False), (16, True), (64, True)])
def test_no_command_for_planes_that_training_refuses(edge, learnable):
    save("a.tif", noise(edge, edge + 4), axes="YX")
    (found,) = inspect("a.tif")
    assert (found["command"] is not None) == learnable
    assert any("too small" in warning for warning in found["warnings"]) != learnable


@pytest.mark.parametrize(
    ("shape", "offered"),
    [((16, 128, 130), True), ((32, 64, 70), True), ((31, 64, 130), False), ((15, 200, 200), False)],
)
def test_3d_is_offered_where_patches_and_validation_fit(shape, offered):
    save("a.tif", noise(*shape), axes="ZYX", spacing=1.0)
    assert ("3D over Z with --patch 16,64,64" in shown("a.tif").stdout) == offered


def test_channels_are_no_planes():
    tifffile.imwrite("rgb.tif", noise(80, 90, 3, dtype=np.uint8), photometric="rgb")
    assert "1 plane YX of 3 channels" in shown("rgb.tif").stdout


def test_a_spacing_is_shown_only_of_axes_that_are_there():
    save("a.tif", noise(80, 90), axes="YX", resolution=(4, 4), spacing=0.7, unit="um")
    (found,) = inspect("a.tif")
    assert found["pixel_size"]["Z"] is None
    assert found["pixel_size"]["Y"] == 0.25
    assert "Z 0.7" not in shown("a.tif").stdout


@pytest.mark.parametrize("spec", ["in", "in/*.tif"])
def test_a_folder_of_planes_gets_the_axes_that_join_them(tmp_path, spec):
    (tmp_path / "in").mkdir()
    for i in range(3):
        save(f"in/p{i}.tif", noise(80, 90), axes="YX")
    assert "--axes ZYX" in shown(spec).stderr
    assert "--axes ZYX" not in shown("in/p0.tif", "in/p1.tif").stderr
    save("in/p3.tif", noise(80, 91), axes="YX")
    assert "--axes ZYX" not in shown(spec).stderr


def test_what_saturates_8_bits_need_not_be_a_camera():
    save("a.tif", noise(80, 90, high=256, dtype=np.uint8), axes="YX")
    (found,) = inspect("a.tif")
    assert any("the top of 8 bits" in warning for warning in found["warnings"])


def test_one_is_singular():
    pixels = noise(80, 90)
    pixels[:, :4] = 0
    save("a.tif", pixels, axes="YX")
    text = shown("a.tif").stdout
    assert "1 of 1 plane," in text and "1 plane YX" in text


def test_each_of_several_images_is_inspected():
    with tifffile.TiffWriter("two.tif") as tif:
        tif.write(noise(80, 90), metadata=None)
        tif.write(noise(40, 50), metadata=None)
    found = inspect("two.tif")
    assert [one["input"] for one in found] == ["two.tif:0", "two.tif:1"]
    assert [one["shape"] for one in found] == [[80, 90], [40, 50]]


def test_colour_tables_are_warnings():
    table = np.zeros((3, 256), np.uint16)
    values = noise(80, 90, dtype=np.uint8)
    tifffile.imwrite("palette.tif", values, photometric="palette", colormap=table)
    found = inspect("palette.tif", "--axes", "YX")[0]
    assert any("colour table" in warning for warning in found["warnings"])
