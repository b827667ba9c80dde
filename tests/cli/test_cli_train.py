"""``n2v-train``: that every word of the command reaches the job."""

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from running import invoke

from n2v_tools.cli import exits
from n2v_tools.jobs.train import run as job
from n2v_tools.jobs.train.request import TrainRequest


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Requests that reached the job, which trains nothing."""
    monkeypatch.chdir(tmp_path)
    requests = []

    def note(request, progress):
        requests.append(request)
        return job.TrainResult(Path("models/a"), float("nan"), 10, 1.5)

    def plan(request, progress):
        requests.append(request)
        return ["one line", "another"]

    monkeypatch.setattr(job, "train_stacks", note)
    monkeypatch.setattr(job, "plan_training", plan)
    return requests


def run(*words):
    return invoke("train", *words)


def test_every_option_reaches_the_request(asked):
    words = (
        "--stack a.tif --stack b --axes tzyx --method n2v2 --preset legacy --model name "
        "--models dir --patch 16,64,32 --depth T --patches 500 --validation 0.2 --epochs 3 "
        "--steps 7 --batch 9 --overwrite --dry-run --set unet-n-depth=3 --set loss=mae "
        "--keep-strips --nan fill --seed 5 --struct-mask cross:9x5 --psf gaussian:1"
    ).split()
    done = run(*words)
    assert done.exit_code == 0, done.output
    (request,) = asked
    expected = {
        "stacks": ("a.tif", "b"), "axes": "TZYX", "method": "n2v2", "preset": "legacy",
        "model": "name", "models_dir": Path("dir"), "patch": (16, 64, 32), "depth": "T",
        "patches": 500, "validation": 0.2, "epochs": 3, "steps": 7, "batch": 9,
        "overwrite": True, "dry_run": True, "resume": False, "minutes": None, "seed": 5,
        "settings": {"unet_n_depth": "3", "loss": "mae", "psf": "gaussian:1"},
        "keep_strips": True, "nan": "fill",
        "struct_mask": "cross:9x5",
    }  # fmt: skip
    found = {name: getattr(request, name) for name in expected}
    assert found == expected
    assert {f.name for f in dataclasses.fields(request)} == {*expected, "command", "started"}


def test_a_dry_run_prints_the_plan_and_trains_nothing(asked):
    assert run("--stack", "a", "--dry-run").stdout == "one line\nanother\n"
    assert json.loads(run("--stack", "a", "--dry-run", "--json").stdout)["plan"][0] == "one line"


def test_what_is_not_said_is_left_to_the_job(asked):
    run("--stack", "a.tif")
    (request,) = asked
    plain = TrainRequest(stacks=("a.tif",), models_dir=Path("models"))
    for field in dataclasses.fields(plain):
        if field.name not in ("command", "started"):
            assert getattr(request, field.name) == getattr(plain, field.name), field.name


def test_one_patch_edge_means_a_square(asked):
    run("--stack", "a", "--patch", "64")
    assert asked[0].patch == (64, 64)


def test_the_clock_runs_from_the_start_of_the_command(asked, monkeypatch):
    monkeypatch.setattr(exits, "time", SimpleNamespace(monotonic=lambda: 42.0))
    run("--stack", "a", "--minutes", "0.25")
    assert (asked[0].started, asked[0].minutes) == (42.0, 0.25)


def test_models_folder_and_dataset_folder_are_used(asked, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.tif").touch()
    run("--stack", "a.tif", "DATASET_FOLDER=data", "MODELS_FOLDER=m")
    assert asked[0].stacks == ("data/a.tif",)
    assert asked[0].models_dir == Path("m")


def test_the_result_is_a_folder_or_one_json_object(asked):
    assert run("--stack", "a").stdout == "models/a\n"
    result = json.loads(run("--stack", "a", "--json").stdout)
    assert {"model", "best_val_loss", "steps", "seconds"} <= set(result)
    assert result["best_val_loss"] is None
