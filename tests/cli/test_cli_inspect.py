"""``n2v-inspect`` as a user runs it."""

import json
import shlex

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

from n2v_tools.cli.main import cli, load_command

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
    done = CliRunner().invoke(cli, ["inspect", *words, "--json"])
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
    assert found["noise"] is None
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


def test_nothing_to_learn_from_means_no_command():
    save("a.tif", np.full((80, 90), 7, np.uint16), axes="YX")
    assert inspect("a.tif")[0]["command"] is None


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
    shown = CliRunner().invoke(cli, ["inspect", "a.tif"]).stdout
    for word in ("ZYX", "Z 5, Y 80, X 90", "uint16", "n2v-train --stack a.tif", "--axes TYX"):
        assert word in shown


def test_real_files_are_understood_or_refused_with_the_axes_to_pass(shared_data):
    files = sorted(str(path) for path in (shared_data / "stacks").glob("*.tif"))
    found = {one["input"].rsplit("/", 1)[1]: one for one in inspect(*files, code=1)}
    assert [name for name, one in found.items() if "error" in one] == ["bead_psf_ZYX.tif"]
    assert "--axes ZYX" in found.pop("bead_psf_ZYX.tif")["error"]
    for name, one in found.items():
        assert f"_{one['axes']}" in name
