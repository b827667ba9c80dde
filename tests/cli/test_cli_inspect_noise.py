"""``n2v-inspect`` on noise, as a user runs it: numbers, figure, dark frame, real files."""

import json
import shlex

import numpy as np
import pytest
import tifffile
from numpy.random import default_rng
from PIL import Image
from running import invoke
from scipy import ndimage

from n2v_tools.cli.main import load_command

LAGS = 10


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*words, code=0):
    done = invoke("inspect", *words)
    assert done.exit_code == code, done.output
    return done


def inspect(*words, code=0):
    return json.loads(run(*words, "--json", code=code).stdout)


def movie(width=1, n=5, edge=160, seed=0):
    rng = default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.normal(size=(edge, edge)), 6)
    clean = 400 + 300 * (smooth - smooth.min()) / np.ptp(smooth)
    noise = ndimage.uniform_filter1d(rng.normal(0, 1, (n, edge, edge)), width, axis=2, mode="wrap")
    return np.rint(clean + 40 * noise / noise.std()).astype(np.uint16)


def save(name, pixels, axes):
    tifffile.imwrite(name, pixels, imagej=True, metadata={"axes": axes})


def test_the_keys_of_noise():
    save("a.tif", movie(), "TYX")
    noise = inspect("a.tif")[0]["noise"]
    assert noise["sigma"] == pytest.approx(40, rel=0.05)
    assert (noise["correlated"], noise["struct_mask"], noise["confidence"]) == (
        False, "none", "high",
    )  # fmt: skip
    assert set(noise["correlation"]) == {"Y", "X", "Z", "T"}
    assert len(noise["correlation"]["X"]) == len(noise["correlation"]["T"]) == LAGS
    assert noise["correlation"]["Z"] is None
    assert "frames" in noise["level_method"]


@pytest.mark.parametrize("axes", ["TYX", "ZYX"])
def test_correlated_noise_leads_to_a_command_with_its_mask(axes):
    save("a b.tif", movie(width=3), axes)
    (found,) = inspect("a b.tif", "--axes", axes)
    assert found["noise"]["correlated"] is True
    assert found["noise"]["struct_mask"] == "horizontal:5"
    words = shlex.split(found["command"])
    assert words[-2:] == ["--struct-mask", "horizontal:5"]
    load_command("train").make_context("n2v-train", words[1:])


def test_a_dark_frame_of_any_kind_and_size_tells_the_camera():
    rng = default_rng(1)
    clean = np.broadcast_to(movie(n=1)[0] / 10, (6, 160, 160))
    save("a.tif", np.rint(2 * rng.poisson(clean) + 300).astype(np.uint16), "TYX")
    dark = np.rint(rng.normal(300, 4, (3, 140, 150))).astype(np.uint16)
    save("dark.tif", dark, "ZYX")
    np.save("dark.npy", dark)
    save("small.tif", dark[:, :40, :50], "TYX")
    sources = {"dark.tif": "dark frame", "dark.npy": "dark frame", "small.tif": "frames"}
    for file, source in sources.items():
        noise = inspect("a.tif", "--noise", file)[0]["noise"]
        assert noise["offset"] == pytest.approx(300, abs=0.5)
        assert noise["read_noise"] == pytest.approx(4, rel=0.1)
        assert noise["gain"] == pytest.approx(2, rel=0.2)
        assert noise["source"] == source


@pytest.mark.parametrize(
    ("pixels", "word"),
    [
        (np.full((3, 40, 50), 100, np.uint16), "no noise"),
        (np.ones((3, 8, 8), np.uint16), "smaller than 16"),
        (np.full((3, 40, 50), np.nan, np.float32), "not finite"),
    ],
    ids=["constant", "small", "NaN"],
)
def test_a_dark_frame_that_is_none_is_refused_in_one_line(pixels, word):
    save("a.tif", movie(), "TYX")
    save("dark.tif", pixels, "TYX")
    done = run("a.tif", "--noise", "dark.tif", code=1)
    assert word in done.stderr and "dark.tif" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "none.tif" in run("a.tif", "--noise", "none.tif", code=1).stderr


def test_the_figure_is_drawn_and_nothing_is_overwritten_unasked():
    save("a.tif", movie(width=3), "TYX")
    run("a.tif", "--plot", "a.png")
    picture = np.asarray(Image.open("a.png").convert("RGB"))
    assert min(picture.shape[:2]) > 600
    assert 0.5 < (picture > 240).all(axis=2).mean() < 0.98  # drawn on white
    before = open("a.png", "rb").read()
    assert "--overwrite" in run("a.tif", "--plot", "a.png", code=1).stderr
    assert open("a.png", "rb").read() == before
    assert "error" in inspect("a.tif", "--plot", "a.png", code=1)  # before any work
    run("a.tif", "--plot", "a.png", "--overwrite")


def test_a_figure_is_of_one_stack_and_a_png():
    save("a.tif", movie(), "TYX")
    save("b.tif", movie(), "TYX")
    assert "--plot" in run("a.tif", "b.tif", "--plot", "x.png", code=2).stderr
    assert "PNG" in run("a.tif", "--plot", "x.pdf", code=2).stderr


@pytest.mark.parametrize(
    "shape", [(3, 7), (1, 500), (20, 16, 16), (4, 8, 8), (5, 17, 300), (2, 64, 64)]
)
@pytest.mark.filterwarnings("error")
def test_small_planes_are_no_trouble(shape):
    axes = "TYX"[-len(shape) :]
    np.save("a.npy", np.rint(default_rng(0).normal(500, 20, shape)).astype(np.uint16))
    (found,) = inspect("a.npy", "--axes", axes, "--plot", "a.png")
    assert found["noise"]["confidence"] in ("high", "low", "cannot tell")
    assert "cannot be determined" in run("a.npy", "--axes", axes).stdout or found["noise"]["sigma"]


@pytest.mark.parametrize("factor", [1e35, 1e-30])
@pytest.mark.filterwarnings("error")
def test_absurd_values_are_named(factor):
    values = default_rng(0).normal(500, 20, (4, 64, 64)) * factor
    np.save("a.npy", values.astype(np.float32))
    (found,) = inspect("a.npy", "--axes", "TYX")
    assert found["noise"] is None
    assert any("rescale" in warning for warning in found["warnings"])


def test_each_channel_is_measured_and_the_correlated_one_decides():
    both = np.stack([movie(), movie(width=3, seed=3)], axis=1)
    np.save("a.npy", both)
    noise = inspect("a.npy", "--axes", "TCYX")[0]["noise"]
    assert [one["struct_mask"] for one in noise["channels"]] == ["none", "horizontal:5"]
    assert (noise["channel"], noise["struct_mask"]) == (1, "horizontal:5")


def test_of_several_files_those_with_lost_levels_are_named():
    save("rich.tif", movie(), "TYX")
    save("poor.tif", np.rint(default_rng(0).normal(800, 0.5, (3, 90, 90))).astype(np.uint16), "TYX")
    found = inspect("rich.tif", "poor.tif")
    assert [one["grey_levels"]["verdict"] for one in found] == ["ok", "compressed"]
    assert [one["grey_levels"]["keep"] for one in found] == [True, False]
    stderr = run("rich.tif", "poor.tif").stderr
    assert "leave out poor.tif; keep rich.tif" in stderr


def test_saturation_of_13_bits_and_of_no_bits_is_seen():
    counts = movie().astype(np.int64) * 12
    save("a.tif", np.minimum(counts, 8191).astype(np.uint16), "TYX")
    save("b.tif", np.minimum(counts, 7000).astype(np.uint16), "TYX")
    save("c.tif", counts.astype(np.uint16), "TYX")
    bits, piled, free = inspect("a.tif", "b.tif", "c.tif")
    assert any("13 bits" in warning for warning in bits["warnings"])
    assert any("pile up" in warning for warning in piled["warnings"])
    assert free["saturated_percent"] == 0
    assert piled["saturated_percent"] == pytest.approx(100 * (counts >= 7000).mean())


def test_a_person_reads_what_the_noise_is_and_why_the_command_follows():
    save("a.tif", movie(width=3), "TYX")
    text = run("a.tif").stdout
    for word in ("noise     deviation", "correlated", "advice    method structn2v", "preset"):
        assert word in text


REAL = {
    "video/two_photon_x_correlated_TYX.npy": ("TYX", ("horizontal:3", "horizontal:5")),
    "stacks/kidney_TZYX.tif": ("TZYX", ("none",)),
}


@pytest.mark.parametrize("file", REAL)
def test_real_files_get_the_mask_that_their_noise_needs(shared_data, file):
    axes, masks = REAL[file]
    noise = inspect(str(shared_data / file), "--axes", axes)[0]["noise"]
    assert noise["struct_mask"] in masks
    assert noise["confidence"] != "cannot tell"


def test_real_tomograms_get_a_wide_mask_or_an_honest_answer(shared_data):
    files = sorted(str(path) for path in (shared_data / "tomography").glob("plane_*.tif"))
    for found in inspect(*files):
        kind = found["noise"]["struct_mask"].split(":")[0]
        assert kind in ("cross", "square") or found["noise"]["confidence"] == "cannot tell"


def test_the_real_movie_of_33_levels_is_warned_of(shared_data):
    file = shared_data / "video" / "astrocyte_offset_33_levels_TYX.tiff"
    (found,) = inspect(str(file), "--axes", "TYX")
    assert any("grey level" in warning for warning in found["warnings"])
    assert found["grey_levels"]["verdict"] == "warn"


@pytest.mark.parametrize("contrast", [1.0, 0.0])
def test_a_movie_is_not_its_own_dark_frame(contrast):
    pixels = movie(n=8).astype(float)
    pixels = np.rint(pixels.mean() + contrast * (pixels - pixels.mean()))
    pixels += default_rng(1).normal(0, 30, pixels.shape)
    save("a.tif", pixels.clip(0).astype(np.uint16), "TYX")
    bare, found = inspect("a.tif")[0], inspect("a.tif", "--noise", "a.tif")[0]
    assert any("not used" in line for line in found["warnings"])
    assert found["noise"]["offset"] is None
    for key in ("sigma", "gain", "struct_mask", "level_method"):
        assert found["noise"][key] == bare["noise"][key]


def test_how_many_of_several_failed_is_said_at_the_end():
    save("a.tif", movie(), "TYX")
    with open("b.tif", "wb") as file:
        file.write(b"nothing")
    done = run("a.tif", "b.tif", code=1)
    assert done.stderr.splitlines()[-1] == "1 of 2 inputs failed."
    assert "inputs failed" not in run("b.tif", code=1).stderr
