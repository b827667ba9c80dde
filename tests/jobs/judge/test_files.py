"""Files judged without their truth, by the command."""

import csv
import json

import pytest
import tifffile
from blobs import scene
from running import invoke


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        noisy, restored = scene((2, 96, 96), seed=ord(name))
        for ending, pixels in (("noisy", noisy), ("noisy_denoised", restored)):
            tifffile.imwrite(f"{name}_{ending}.tif", pixels, imagej=True, metadata={"axes": "ZYX"})


def run(*words, code=0):
    done = invoke("evaluate", *words)
    assert done.exit_code == code, done.output
    return done


def test_without_truth_the_command_prints_verdicts(files):
    pair = ["--restored", "a_noisy_denoised.tif", "--noisy", "a_noisy.tif"]
    text = run(*pair).stdout
    assert "a_noisy_denoised.tif: Good" in text
    assert "Do not measure noise on it" in text
    found = json.loads(run(*pair, "--json", "--output", "q.json").stdout)
    assert found["overall"] == {"good": 1}
    (one,) = found["files"]
    assert one["overall"]["name"] == "good"
    assert {v["level"] for v in one["verdicts"]} <= {"good", "note", "worry", "cannot tell"}
    with open("q.json") as file:
        assert json.load(file)["files"] == found["files"]


def test_folders_are_paired_by_name(files):
    run("--restored", ".", "--noisy", ".", "--output", "q.csv")
    with open("q.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["restored"] for row in rows} == {"a_noisy_denoised.tif", "b_noisy_denoised.tif"}
    assert sum(row["verdict"].startswith("overall") for row in rows) == 2
    run("--restored", ".", "--noisy", ".", "--output", "q.csv", code=1)
    run("--restored", ".", "--noisy", ".", "--output", "q.md")


@pytest.mark.parametrize("words", [("--affine",), ("--range", "255"), ("--nan", "skip")])
def test_what_needs_the_truth_is_refused_without_it(files, words):
    text = run(
        "--restored", "a_noisy_denoised.tif", "--noisy", "a_noisy.tif", *words, code=2
    ).output
    assert "needs the truth" in text


def test_restored_files_alone_are_no_question(files):
    assert "--noisy" in run("--restored", "a_noisy_denoised.tif", code=2).output
    text = run("--restored", "a_noisy.tif", "--noisy", "a_noisy.tif", code=1).output
    assert "Name two files" in text
