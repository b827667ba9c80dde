"""``n2v-compare`` as a user runs it."""

import json

import numpy as np
import pytest
from running import invoke

from n2v_tools.cli import compare as module
from n2v_tools.filters.table import FILTERS
from n2v_tools.jobs.compare.request import CompareRequest
from n2v_tools.methods.table import method_names

SMALL = ("simulate", "structured", "--kind", "1x3", "--shape", "1,1,96,128", "--name", "a")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words):
    return invoke(*words)


def compare(*words):
    assert run(*SMALL, "--overwrite").exit_code == 0
    return run("compare", "a_noisy.tif", *words)


def test_a_table_on_stdout_and_everything_in_a_folder_named_after_the_file(here):
    done = compare("--methods", "median,nlm", "--clean", "a_clean.tif")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["method", "noisy", "best", "best"]
    assert lines[-2:] == [
        "figure: a_noisy_compared/comparison.png",
        "table: a_noisy_compared/comparison.csv, a_noisy_compared/comparison.md",
    ]
    assert (here / "a_noisy_compared" / "a_noisy_nlm.tif").is_file()


def test_one_json_object():
    done = compare("--methods", "median", "--json", "--output", "new/folder")
    made = json.loads(done.stdout)
    assert made["figure"] == "new/folder/comparison.png"
    row = {one["method"]: one for one in made["methods"]}["median"]
    assert row["output"] == "new/folder/a_noisy_median.tif"
    assert len(row["residual_correlation"]["X"]) == 10
    assert row["psnr"] is None and list(row["parameters"][0]) == ["size"]
    assert set(made["noise"]["correlation"]) == {"Y", "X"}


def test_a_failed_method_is_exit_1_with_one_line_and_the_others_are_done(here):
    done = compare("--methods", "structn2v,median", "--patch", "128", "--minutes", "0.25", "--json")
    assert done.exit_code == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1 and "structn2v" in errors[0]
    made = json.loads(done.stdout)
    assert ["error" in one for one in made["methods"]] == [False, True, False]
    assert (here / "a_noisy_compared" / "a_noisy_median.tif").is_file()


def test_the_output_folder_of_the_configuration_is_used(here):
    assert compare("--methods", "median", "OUTPUT_FOLDER=x").exit_code == 0
    assert (here / "x" / "a_noisy_compared" / "comparison.md").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a.tif", "--methods", "median,structn2"), "structn2v"),
        (("a.tif", "b.tif"), "one FILE"),
        ((), "one FILE"),
    ],
)
def test_wrong_usage_is_exit_2(words, said, here):
    done = run("compare", *words)
    assert done.exit_code == 2
    assert said in done.stderr and len(done.stderr.splitlines()) == 1
    assert not list(here.iterdir())


@pytest.mark.parametrize("values", [np.full((64, 64), 7), np.full((64, 64), np.nan)])
def test_what_cannot_be_compared_is_one_line(values, here):
    np.save("a.npy", values)
    done = run("compare", "a.npy", "--axes", "YX", "--methods", "median,n2v", "--minutes", "0.25")
    assert done.exit_code == 1
    assert "Traceback" not in done.output
    assert run("compare", "none.tif").exit_code == 1


def test_the_names_in_help_are_those_there_are():
    assert set(module.FILTERS) == set(FILTERS)
    assert {"auto", *module.LEARNING} == set(method_names())
    assert set(CompareRequest.methods) <= {*module.FILTERS, *module.LEARNING}
