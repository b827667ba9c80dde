"""``n2v-evaluate`` as a user runs it."""

import csv
import json

import numpy as np
import pytest
import tifffile
from numpy.random import default_rng
from running import invoke
from scipy.ndimage import gaussian_filter

METRICS = ("psnr", "si_psnr", "ssim", "microssim", "stsnr")
FILES = ["--restored", "a_denoised.tif", "--clean", "a_clean.tif"]
NOISY = ["--noisy", "a_noisy.tif"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def save(path, pixels, axes="TYX"):
    tifffile.imwrite(path, pixels.astype(np.float32), imagej=True, metadata={"axes": axes})


def scene(folder=".", name="a", shape=(4, 32, 40), seed=0):
    axes = "TYX"[-len(shape) :]
    sizes = (0,) * (len(shape) - 2)
    clean = 100 + 9000 * gaussian_filter(default_rng(seed).random(shape), (*sizes, 3, 3))
    noisy = clean + default_rng(seed + 1).normal(0, 200, shape)
    save(f"{folder}/{name}_clean.tif", clean, axes)
    save(f"{folder}/{name}_noisy.tif", noisy, axes)
    save(f"{folder}/{name}_denoised.tif", gaussian_filter(noisy, (*sizes, 1, 1)), axes)


def run(*words, code=0):
    done = invoke("evaluate", *words)
    assert done.exit_code == code, done.output
    return done


def evaluate(*words, code=0):
    return json.loads(run(*words, "--json", code=code).stdout)


def test_the_keys_scripts_rely_on():
    scene()
    found = evaluate(*FILES, *NOISY)
    clean = tifffile.imread("a_clean.tif")
    assert found["data_range"] == pytest.approx(float(np.ptp(clean)))
    for metric in METRICS:
        assert found[metric]["n"] == 4
        assert found[metric]["std"] > 0
        gain = found[metric]["gain"]
        assert gain["low"] <= gain["mean"] <= gain["high"]
        assert gain["mean"] == pytest.approx(found[metric]["mean"] - found[metric]["noisy"]["mean"])
    assert set(evaluate(*FILES)["psnr"]) == {"mean", "std", "n"}


def test_one_plane_has_no_deviation_and_no_interval():
    scene(shape=(32, 40))
    found = evaluate(*FILES, *NOISY)
    for metric in METRICS:
        assert found[metric]["n"] == 1
        assert found[metric]["std"] is None
        assert found[metric]["mean"] is not None
        assert found[metric]["gain"] | {"mean": 0} == {
            "mean": 0, "std": None, "n": 1, "low": None, "high": None,
        }  # fmt: skip
    assert found["files"][0]["stsnr_parts"] == "spatial"
    assert any("no frames" in note for note in found["notes"])


def test_equal_seeds_give_equal_intervals_and_the_seed_matters():
    scene(shape=(12, 32, 40))
    first, again = evaluate(*FILES, *NOISY), evaluate(*FILES, *NOISY)
    assert first == again
    other = evaluate(*FILES, *NOISY, "--seed", "1")
    assert other["psnr"]["mean"] == first["psnr"]["mean"]
    assert other["psnr"]["gain"] != first["psnr"]["gain"]


def test_folders_with_a_failed_file_measure_the_others_and_exit_1(tmp_path):
    for folder in ("data", "out"):
        (tmp_path / folder).mkdir()
    for seed, name in enumerate("abc"):
        scene("data", name, seed=seed)
        (tmp_path / f"data/{name}_denoised.tif").rename(tmp_path / f"out/{name}_noisy_denoised.tif")
    (tmp_path / "data/b_clean.tif").write_bytes(b"II*\0 no image")
    words = ["--restored", "out", "--clean", "data", "--noisy", "data"]
    found = evaluate(*words, code=1)
    assert ["error" in one for one in found["files"]] == [False, True, False]
    assert found["psnr"]["n"] == 8
    assert len(found["data_range"]) == 2
    shown = run(*words, code=1)
    errors = [line for line in shown.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1 and "b_clean.tif" in errors[0]
    assert "a_noisy_denoised.tif" in shown.stdout


def test_tables_by_their_ending():
    scene()
    for ending in ("csv", "json", "md"):
        shown = run(*FILES, *NOISY, "--output", f"t.{ending}").stdout
        assert shown.rstrip().endswith(f"table: t.{ending}")
    with open("t.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    with open("t.json") as file:
        found = json.load(file)
    assert [row["T"] for row in rows] == ["0", "1", "2", "3"]
    mean = np.mean([float(row["psnr"]) for row in rows])
    assert mean == pytest.approx(found["psnr"]["mean"])
    for row, plane in zip(rows, found["files"][0]["planes"], strict=True):
        for metric in METRICS:
            assert float(row[f"{metric}_gain"]) == pytest.approx(
                float(row[metric]) - float(row[f"noisy_{metric}"])
            )
            assert float(row[metric]) == plane[metric]
    with open("t.md", encoding="utf-8") as file:
        text = file.read()
    assert f"| PSNR, dB | {found['psnr']['noisy']['mean']:.2f} ± " in text
    assert f"{found['data_range']:.6g}" in text


def test_a_table_is_not_replaced_unless_told():
    scene()
    run(*FILES, "--output", "t.csv")
    assert "--overwrite" in run(*FILES, "--output", "t.csv", code=1).stderr
    before_any_work = ["--restored", "none.tif", "--clean", "none.tif", "--output", "t.csv"]
    assert "--overwrite" in run(*before_any_work, code=1).stderr
    run(*FILES, "--output", "t.csv", "--overwrite")


def test_the_data_range_is_always_said():
    scene()
    assert "Data range of PSNR and SSIM: " in run(*FILES).stdout
    assert "255 (given)" in run(*FILES, "--range", "255").stdout
    assert "65535 (the study's)" in run(*FILES, "--legacy").stdout
    assert evaluate(*FILES, "--legacy")["data_range"] == 65535


def test_scaled_files_get_a_hint_and_affine_takes_it():
    scene()
    save("a_denoised.tif", 0.1 * tifffile.imread("a_denoised.tif"))
    assert "--affine" in run(*FILES).stderr
    fitted = evaluate(*FILES, "--affine")
    assert fitted["files"][0]["affine"]["restored"][0]["gain"] == pytest.approx(10, rel=0.2)
    assert fitted["psnr"]["mean"] > evaluate(*FILES)["psnr"]["mean"] + 10
    assert not any("--affine" in note for note in fitted["notes"])


def test_an_exact_copy_is_null_in_json_and_said():
    scene()
    save("a_denoised.tif", tifffile.imread("a_clean.tif"))
    found = evaluate(*FILES)
    assert found["psnr"] == {"mean": None, "std": None, "n": 4}
    assert found["ssim"]["mean"] == pytest.approx(1)
    assert any("infinite" in note for note in found["notes"])


def test_inputs_are_looked_for_under_the_dataset_folder(tmp_path):
    (tmp_path / "data").mkdir()
    scene("data")
    assert evaluate(*FILES, "DATASET_FOLDER=data")["psnr"]["n"] == 4
    (tmp_path / "p.csv").write_text("restored,clean\na_denoised.tif,a_clean.tif\n")
    assert evaluate("--pairs", "p.csv", "DATASET_FOLDER=data")["psnr"]["n"] == 4


@pytest.mark.parametrize(
    ("words", "code", "word"),
    [
        ([], 2, "--restored"),
        (["--restored", "a_denoised.tif"], 2, "--clean"),
        ([*FILES, "--range", "0"], 2, "above 0"),
        ([*FILES, "--range", "nan"], 2, "above 0"),
        ([*FILES, "--legacy", "--affine"], 2, "contradict"),
        ([*FILES, "--legacy", "--range", "255"], 2, "contradict"),
        ([*FILES, "--output", "t.txt"], 2, ".csv, .json, .md"),
        ([*FILES, "--nan", "fill"], 2, "refuse, skip"),
        ([*FILES, "word"], 2, "word"),
        (["--restored", "none.tif", "--clean", "a_clean.tif"], 1, "none.tif"),
        (["--restored", "a_clean.tif", "--clean", "a_clean.tif"], 1, "a_clean.tif"),
        (["--restored", "a_denoised.tif", "--clean", "other.tif"], 1, "sizes"),
        (["--restored", "a_denoised.tif", "--clean", "nan.tif"], 1, "1 pixel"),
        (["--restored", "a_denoised.tif", "--clean", "broken.tif"], 1, "broken.tif"),
        (["--restored", "empty", "--clean", "a_clean.tif"], 1, "no image"),
        (["--pairs", "none.csv"], 1, "none.csv"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_clear_line(words, code, word, tmp_path):
    scene()
    save("other.tif", np.ones((4, 32, 41)))
    spoilt = tifffile.imread("a_clean.tif")
    spoilt[1, 2, 3] = np.nan
    save("nan.tif", spoilt)
    (tmp_path / "broken.tif").write_bytes(b"II*\0")
    (tmp_path / "empty").mkdir()
    shown = run(*words, code=code)
    assert shown.stdout == ""
    assert len(shown.stderr.splitlines()) == 1
    assert word in shown.stderr
    assert word in evaluate(*words, code=code)["error"]


def test_a_generated_dome_is_measured_outside_its_strips(tmp_path):
    simulated = ["simulate", "dome", "--shape", "2,6,64,96", "--output", "d", "-q"]
    assert invoke(*simulated).exit_code == 0
    noisy = tifffile.imread("d/dome_noisy.tif")
    restored = gaussian_filter(noisy.astype(np.float32), (0, 0, 1, 1))
    save("d/dome_noisy_denoised.tif", restored, "TZYX")
    words = ["--restored", "d", "--clean", "d", "--noisy", "d"]
    found = evaluate(*words)
    assert found["files"][0]["strips"]["planes_with_strips"] > 0
    real = noisy.any(axis=-1, keepdims=True) & noisy.any(axis=-2, keepdims=True)
    assert 0 < real.mean() < 1
    save("d/dome_noisy_denoised.tif", np.where(real, restored, 5e4), "TZYX")
    spoilt = evaluate(*words)
    for metric in METRICS:
        assert spoilt[metric] == found[metric]
    kept = evaluate(*words, "--keep-strips")
    assert kept["psnr"]["mean"] < found["psnr"]["mean"] - 10


@pytest.mark.parametrize("other", [["--clean", "a_clean.tif"], ["--noisy", "a_noisy.tif"]])
@pytest.mark.parametrize("value", [0, 250, np.nan])
def test_a_restored_file_of_one_value_is_refused_in_one_line(other, value):
    scene()
    save("a_denoised.tif", np.full((4, 32, 40), value))
    error = run("--restored", "a_denoised.tif", *other, code=1).stderr
    assert "a_denoised.tif: every pixel is" in error and error.count("\n") == 1


def voltage():
    """A movie of two flickering cells, and the table of their spikes."""
    rng = default_rng(0)
    clean = np.full((400, 24, 24), 100.0)
    rows, columns = np.mgrid[:24, :24]
    lines = ["y,x,radius,spike_seconds"]
    for y, x in ((7, 7), (16, 15)):
        frames = np.sort(rng.choice(np.arange(10, 390, 8), 12, replace=False))
        body = (rows - y) ** 2 + (columns - x) ** 2 <= 9
        for frame in frames:
            clean[frame, body] += 60
        lines.append(f"{y},{x},3,{' '.join(f'{(f + 0.5) / 500:.4f}' for f in frames)}")
    save("a_clean.tif", clean)
    save("a_noisy.tif", clean + rng.normal(0, 150, clean.shape))
    save("a_denoised.tif", clean + rng.normal(0, 20, clean.shape))
    with open("cells.csv", "w") as file:
        file.write("\n".join(lines) + "\n")


def test_spikes_are_measured_beside_the_rest_when_their_times_are_given():
    voltage()
    spikes = ["--spikes", "cells.csv", "--frames-per-second", "500"]
    found = evaluate(*FILES, *NOISY, *spikes)["spikes"]
    assert found["clean"]["f1"] == 1 and found["clean"]["n_spikes"] == 24
    assert found["noisy"]["f1"] < found["restored"]["f1"]
    assert found["noisy"]["d_prime"] < found["restored"]["d_prime"]
    run(*FILES, *NOISY, *spikes, "--output", "t.md")
    with open("t.md") as file:
        assert "F1 (2 ms)" in file.read()
    assert "spikes" not in evaluate(*FILES, *NOISY)


def test_spikes_without_a_frame_rate_are_refused_with_what_helps():
    voltage()
    assert "--frames-per-second" in run(*FILES, "--spikes", "cells.csv", code=2).stderr


def test_a_table_of_something_else_is_refused_in_one_line():
    voltage()
    with open("other.csv", "w") as file:
        file.write("a,b\n1,2\n")
    done = run(*FILES, "--spikes", "other.csv", "--frames-per-second", "500", code=1)
    assert "no column y" in done.stderr
