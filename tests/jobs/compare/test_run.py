"""``n2v-compare``: what is refused, what is made, what a failure does not stop."""

import csv
import dataclasses

import pytest
import tifffile
from comparisons import request
from matplotlib.image import imread

from n2v_tools.errors import StackError
from n2v_tools.jobs.compare import run as compare
from n2v_tools.jobs.compare.run import compare_methods
from n2v_tools.jobs.desk.progress import Progress

QUIET = Progress(quiet=True)
FILTERS = ("median", "diffusion", "nlm")


def test_files_figure_and_tables_are_in_one_folder(pair):
    made = compare_methods(request(pair, *FILTERS, clean=str(pair / "clean.tif")), QUIET)
    out = pair / "out"
    restored = {f"noisy_{method}.tif" for method in FILTERS}
    assert {p.name for p in out.iterdir()} == restored | {
        "comparison.png", "comparison.csv", "comparison.md",
    }  # fmt: skip
    assert imread(made.figure).shape[1] > 600
    with open(made.csv) as file:
        rows = {row["method"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"noisy", "best 2D Gaussian", "best 2D median", *FILTERS}
    for method in FILTERS:
        assert method in made.markdown.read_text()
        assert float(rows[method]["psnr"]) > float(rows["noisy"]["psnr"])
        assert float(rows[method]["affine_psnr"]) >= float(rows[method]["psnr"]) - 1e-9
    assert made.noise["struct_mask"] == "horizontal:5"


def test_trainings_share_the_minutes_evenly(pair, trained):
    wanted = request(pair, "median", "n2v", "structn2v", minutes=3, seed=7, patch=(32, 32))
    made = compare_methods(wanted, QUIET)
    assert [one.method for one in trained] == ["n2v", "structn2v"]
    assert {one.minutes for one in trained} == {1.5}
    assert {(one.seed, one.patch, one.axes) for one in trained} == {(7, (32, 32), None)}
    assert trained[0].started < trained[1].started
    rows = {row.method: row for row in made.rows}
    assert rows["n2v"].how == "123 steps"
    assert rows["structn2v"].how == "123 steps, mask horizontal:5"
    assert (rows["n2v"].train_seconds, rows["median"].train_seconds) == (4.0, None)
    assert (pair / "out" / "models" / "noisy_n2v").is_dir()
    assert (pair / "out" / "noisy_structn2v.tif").is_file()


def test_a_method_that_fails_does_not_stop_the_others(pair, trained, monkeypatch):
    ready = compare.train_stacks

    def train(request, say):
        if request.method == "n2v":
            raise StackError("the loss\nis not finite")
        return ready(request, say)

    monkeypatch.setattr(compare, "train_stacks", train)
    made = compare_methods(request(pair, "n2v", "n2v2", "median"), QUIET)
    assert [(row.method, row.error) for row in made.failed] == [("n2v", "the loss is not finite")]
    assert made.to_json()["methods"][1] == {"method": "n2v", "error": "the loss is not finite"}
    assert made.figure.is_file() and "is not finite" in made.csv.read_text()
    assert {row.method for row in made.rows if row.output} == {"n2v2", "median"}


def test_without_any_success_there_is_a_table_and_no_figure(pair, trained, monkeypatch):
    def train(request, say):
        raise StackError("no")

    monkeypatch.setattr(compare, "train_stacks", train)
    made = compare_methods(request(pair, "n2v"), QUIET)
    assert made.figure is None and made.csv.is_file()


def test_planes_are_one_stack_only_if_joined(pair):
    planes = pair / "planes"
    planes.mkdir()
    for number, plane in enumerate(tifffile.imread(pair / "noisy.tif")):
        tifffile.imwrite(planes / f"p{number}.tif", plane)
    wanted = request(pair, "median", input=str(planes / "*.tif"))
    with pytest.raises(StackError, match="--axes ZYX"):
        compare_methods(wanted, QUIET)
    made = compare_methods(dataclasses.replace(wanted, axes="ZYX"), QUIET)
    assert tifffile.imread(made.rows[-1].output).shape == (2, 96, 128)
