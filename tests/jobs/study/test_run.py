"""Experiments of a study: run once, resumed, never believed when something changed."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
import tifffile

from n2v_tools.errors import StackError
from n2v_tools.experiment.locks import holding
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.study.request import ExperimentRequest
from n2v_tools.jobs.study.run import run_study
from n2v_tools.jobs.study.status import list_study, plan_study
from n2v_tools.jobs.train import run as training
from n2v_tools.modelfolder import find_model

QUIET = Progress(quiet=True)
STUDY = """\
datasets:
  cells:
    train: low
    test: low
    truth: high
    generate:
      kind: structured
      number: 2
      noisy: low/{n}.tif
      clean: high/{n}.tif
      options: {shape: [1, 1, 32, 32]}
experiments:
  plain: {dataset: cells, method: gaussian, settings: {sigma: 1}}
  learned: {dataset: cells, method: n2v, patch: 16, epochs: 2, preview: true}
  further: {like: learned, start_from: learned}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """One folder for all tests of this file, since a study's records name the places of files."""
    return tmp_path_factory.mktemp("study"), tmp_path_factory.mktemp("finished") / "out"


@pytest.fixture
def tmp_path(place):
    folder, _ = place
    shutil.rmtree(folder)
    folder.mkdir()
    return folder


@pytest.fixture
def finished(study, tmp_path, place):
    """The study as a whole run leaves it: run once, then laid out again for each test."""
    _, kept = place
    if not kept.exists():
        assert not run_study(study(), QUIET).failed
        shutil.copytree(tmp_path / "out", kept)
    else:
        shutil.copytree(kept, tmp_path / "out")


@pytest.fixture
def study(tmp_path):
    """Write the study with some text replaced; return what to ask for."""

    def study(*replaced, names=(), **options):
        text = STUDY
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        file = tmp_path / "study.yaml"
        file.write_text(text)
        return ExperimentRequest(file, names, tmp_path / "out", **options)

    return study


class Trainer:
    """Stands in for training: copies a model that is there; may be told to end early."""

    def __init__(self):
        self.asked = []
        self.before = self.after = lambda request: None

    def __call__(self, request, say):
        self.asked.append(request)
        self.before(request)
        folder = request.models_dir / request.model
        if folder.exists():
            assert request.overwrite
            shutil.rmtree(folder)
        partial = folder.with_name(folder.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(find_model("2d_images_from_stack_version2", folder), folder)
        date = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        settings = {"patch_px": [16, 16], "augment": True}
        record = {"command": list(request.command), "date": date, "settings": settings}
        record |= {"steps": 4, "epochs": request.epochs, "training_seconds": 1.0}
        (folder / "provenance.json").write_text(json.dumps(record))
        self.after(request)


@pytest.fixture(autouse=True)
def trainer(monkeypatch):
    trainer = Trainer()
    monkeypatch.setattr(training, "train_stacks", trainer)
    return trainer


def statuses(done):
    return {one.name: one.status for one in done.ran}


def rows(tmp_path):
    with (tmp_path / "out" / "study" / "cells.csv").open() as file:
        return list(csv.DictReader(file))


def snapshot(folder):
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {path: path.stat().st_mtime_ns for path in files}


def test_a_study_runs_to_its_table_and_a_second_call_does_nothing(study, tmp_path, trainer):
    done = run_study(study(), QUIET)
    assert statuses(done) == {"plain": "done", "learned": "done", "further": "done"}
    assert not done.failed
    out = tmp_path / "out" / "study"
    assert [row["experiment"] for row in rows(tmp_path)] == ["plain", "learned", "further"]
    for row in rows(tmp_path):
        gain = float(row["restored_mean"]) - float(row["noisy_mean"])
        assert float(row["gain_mean"]) == pytest.approx(gain)
        assert json.loads((out / row["record"]).read_text())["experiment"] == row["experiment"]
    assert (out / "learned" / "test" / "001.tif").exists()
    assert (out / "learned" / "test_001.png").exists()
    before = snapshot(tmp_path / "out")
    again = run_study(study(), QUIET)
    assert set(statuses(again).values()) == {"done before"}
    assert snapshot(tmp_path / "out") == before
    assert len(trainer.asked) == 2


def test_an_experiment_starts_from_the_model_of_another(study, trainer, tmp_path):
    run_study(study(names=("further",)), QUIET)
    first, second = trainer.asked
    assert (first.model, second.model) == ("learned", "further")
    assert "start_from" not in first.settings
    assert second.settings["start_from"] == str(first.models_dir / "learned")


def test_an_experiment_can_train_on_what_another_restored(study, trainer, tmp_path):
    other = ("start_from: learned", "train_on: plain")
    plain = ("method: gaussian", "method: gaussian, denoise: {splits: [train, test]}")
    run_study(study(other, plain, names=("further",)), QUIET)
    (asked,) = trainer.asked
    folder = tmp_path / "out" / "study" / "plain" / "train"
    assert [Path(stack).parent for stack in asked.stacks] == [folder, folder]


def test_an_experiment_can_learn_the_noise_from_what_another_restored(study, trainer, tmp_path):
    other = ("start_from: learned", "noise_model_from: plain")
    plain = ("method: gaussian", "method: gaussian, denoise: {splits: [train, test]}")
    run_study(study(other, plain, names=("further",)), QUIET)
    (asked,) = trainer.asked
    noisy, restored = asked.settings["noise_from"].split("=")
    assert Path(noisy) == Path(asked.stacks[0])
    assert Path(restored).parent == tmp_path / "out" / "study" / "plain" / "train"
    assert Path(restored).name.startswith(Path(noisy).stem)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("epochs: 2", "epochs: 3", "epochs was 2, is 3"),
        ("patch: 16", "patch: 32", r"patch was \[16, 16\], is \[32, 32\]"),
        ("epochs: 2", "epochs: 2, settings: {recorrupt: 0}", "settings recorrupt was not given"),
        ("preview: true", "denoise: {tta: true}", "denoise tta was not given, is true"),
        ("preview: true", "evaluate: {affine: true}", "evaluate affine was not given, is true"),
    ],
)
def test_a_changed_experiment_is_said_and_left_as_it_is(study, tmp_path, old, new, said, finished):
    before = snapshot(tmp_path / "out")
    done = run_study(study((old, new)), QUIET)
    assert statuses(done)["learned"] == "changed"
    assert statuses(done)["plain"] == "done before"
    (error, *_) = [one.error for one in done.failed]
    assert re.search(said, error)
    assert "--overwrite" in error
    after = snapshot(tmp_path / "out")
    assert {p: t for p, t in after.items() if p.suffix != ".md"} == {
        p: t for p, t in before.items() if p.suffix != ".md"
    }


def test_other_files_are_a_change_and_other_notes_are_none(study, tmp_path, finished):
    assert not run_study(study(("epochs: 2", "epochs: 2, notes: new")), QUIET).failed
    file = next((tmp_path / "out").rglob("low/001.tif"))
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    done = run_study(study(), QUIET)
    assert statuses(done)["learned"] == "changed"
    assert "training files changed" in done.failed[1].error


def test_what_changed_is_run_anew_when_told_and_the_old_row_stays(
    study, tmp_path, trainer, finished
):
    changed = ("epochs: 2", "epochs: 3")
    done = run_study(study(changed, overwrite=True, names=("learned",)), QUIET)
    assert statuses(done) == {"learned": "done"}
    assert trainer.asked[-1].overwrite
    assert [r["epochs"] for r in rows(tmp_path) if r["experiment"] == "learned"] == ["2", "3"]


def test_a_change_after_training_keeps_the_model(study, trainer, finished):
    n_trained = len(trainer.asked)
    changed = ("preview: true", "preview: true, denoise: {tta: true}")
    done = run_study(study(changed, overwrite=True, names=("learned",)), QUIET)
    assert done.ran[0].steps == ("denoise test", "evaluate test", "preview test")
    assert len(trainer.asked) == n_trained


def test_overwrite_without_a_change_runs_what_is_named_and_nothing_else(study, trainer, finished):
    n_trained = len(trainer.asked)
    done = run_study(study(overwrite=True, names=("further",)), QUIET)
    assert statuses(done) == {"learned": "done before", "further": "done"}
    assert [asked.model for asked in trainer.asked[n_trained:]] == ["further"]


def test_a_failure_stops_only_what_depends_on_it_and_is_tried_again(study, tmp_path, trainer):
    def fail(request):
        raise StackError("bad luck")

    trainer.before = fail
    done = run_study(study(), QUIET)
    assert statuses(done) == {"plain": "done", "learned": "failed", "further": "left out"}
    assert len(done.failed) == 2
    assert "failed in train" in (tmp_path / "out" / "study" / "cells.md").read_text()
    trainer.before = lambda request: None
    done = run_study(study(), QUIET)
    assert statuses(done)["learned"] == statuses(done)["further"] == "done"
    assert "failed" not in (tmp_path / "out" / "study" / "cells.md").read_text()


def test_settings_of_an_experiment_that_failed_before_it_learned_may_be_mended(study, trainer):
    def fail(request):
        raise StackError("bad luck")

    trainer.before = fail
    run_study(study(names=("learned",)), QUIET)
    trainer.before = lambda request: None
    done = run_study(study(("epochs: 2", "epochs: 3"), names=("learned",)), QUIET)
    assert statuses(done) == {"learned": "done"}


def interrupt(request):
    folder = request.models_dir / (request.model + ".partial")
    folder.mkdir(parents=True)
    raise KeyboardInterrupt


def test_an_interrupted_training_is_resumed(study, trainer):
    trainer.before = interrupt
    with pytest.raises(KeyboardInterrupt):
        run_study(study(names=("learned",)), QUIET)
    assert list_study(study(), QUIET)[1]["status"] == "begun"
    trainer.before = lambda request: None
    assert statuses(run_study(study(names=("learned",)), QUIET)) == {"learned": "done"}
    assert [asked.resume for asked in trainer.asked] == [False, True]


def test_an_interrupted_training_is_not_resumed_with_other_settings(study, trainer):
    trainer.before = interrupt
    with pytest.raises(KeyboardInterrupt):
        run_study(study(names=("learned",)), QUIET)
    trainer.before = lambda request: None
    changed = study(("epochs: 2", "epochs: 3"), names=("learned",))
    assert statuses(run_study(changed, QUIET)) == {"learned": "changed"}
    done = run_study(replace(changed, overwrite=True), QUIET)
    assert statuses(done) == {"learned": "done"}
    assert (trainer.asked[-1].resume, trainer.asked[-1].overwrite) == (False, True)


def test_a_training_that_ended_just_before_a_kill_is_not_done_again(study, trainer):
    def kill(request):
        raise KeyboardInterrupt

    trainer.after = kill
    with pytest.raises(KeyboardInterrupt):
        run_study(study(names=("learned",)), QUIET)
    done = run_study(study(names=("learned",)), QUIET)
    assert statuses(done) == {"learned": "done"}
    assert len(trainer.asked) == 1


@pytest.mark.parametrize("name", ["learned", "learned.partial"])
def test_a_model_of_somebody_else_is_left_alone(study, tmp_path, trainer, name):
    folder = tmp_path / "out" / "study" / "models" / name
    folder.mkdir(parents=True)
    (folder / "theirs").touch()
    done = run_study(study(names=("learned",)), QUIET)
    assert statuses(done) == {"learned": "failed"}
    assert "another `model:` name" in done.failed[0].error
    assert (folder / "theirs").exists()
    assert not trainer.asked


def test_restored_files_that_no_record_speaks_of_are_not_believed(study, tmp_path):
    folder = tmp_path / "out" / "study" / "plain" / "test"
    folder.mkdir(parents=True)
    (folder / "001.tif").write_bytes(b"theirs")
    done = run_study(study(names=("plain",)), QUIET)
    assert statuses(done) == {"plain": "failed"}
    assert "no record says" in done.failed[0].error
    assert (folder / "001.tif").read_bytes() == b"theirs"


def test_a_kill_while_forgetting_leaves_no_old_file_that_is_taken_for_new(
    study, tmp_path, monkeypatch
):
    run_study(study(names=("plain",)), QUIET)
    folder = tmp_path / "out" / "study" / "plain" / "test"
    changed = study(("sigma: 1", "sigma: 2"), names=("plain",))

    def killed(*arguments, **named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("n2v_tools.jobs.study.one.shutil.rmtree", killed)
        run_study(replace(changed, overwrite=True), QUIET)
    old = (folder / "001.tif").read_bytes()
    assert statuses(run_study(changed, QUIET)) == {"plain": "done"}
    assert (folder / "001.tif").read_bytes() != old


def test_an_experiment_that_another_process_runs_is_left_to_it(study, tmp_path):
    lock = tmp_path / "out" / "study" / "_locks" / "plain.lock"
    with holding(lock, "plain"):
        done = run_study(study(), QUIET)
    assert statuses(done)["plain"] == "failed"
    assert "another n2v-experiment" in done.failed[0].error
    assert statuses(done)["learned"] == "done"


def test_a_plan_says_what_would_be_done_and_does_nothing(study, tmp_path):
    plan = plan_study(study(), QUIET)
    assert not (tmp_path / "out").exists()
    assert [line.split(":")[0] for line in plan] == ["plain", "learned", "further"]
    assert "to run (train, denoise, evaluate, preview" in plan[1]
    run_study(study(), QUIET)
    plan = plan_study(study(("epochs: 2", "epochs: 3")), QUIET)
    assert plan[0] == "plain: done"
    assert "epochs was 2, is 3" in plan[1]


def test_equal_seeds_are_part_of_what_an_experiment_is(study, finished):
    done = run_study(study(seed=1), QUIET)
    assert "seed was 0, is 1" in done.failed[0].error


def test_without_truth_the_restored_files_are_judged(study, tmp_path):
    done = run_study(study(("    truth: high\n", ""), names=("plain",)), QUIET)
    assert statuses(done) == {"plain": "done"}
    (row,) = rows(tmp_path)
    assert row["verdict"]
    assert row["gain_mean"] == ""
    found = json.loads(done.ran[0].record.read_text())["steps"]["evaluate test"]["result"]
    assert len(found["quality"]) == 2
    assert any(row["verdict"] in line for line in done.text)


def test_a_background_that_was_added_is_taken_off_what_was_restored(study, tmp_path):
    background = (
        "      number: 2\n",
        "      number: 2\n      background: average.tif\n",
    )
    prepared = (
        "experiments:\n",
        "    prepare: [add-background: {file: average.tif}]\nexperiments:\n",
    )
    removed = ("{sigma: 1}", "{sigma: 1}, denoise: {remove_background: true}")
    done = run_study(study(background, prepared, removed, names=("plain",)), QUIET)
    assert statuses(done) == {"plain": "done"}, done.failed
    folder = tmp_path / "out" / "study" / "plain"
    frame = tifffile.imread(next((tmp_path / "out").rglob("average.tif"))).astype(float)
    restored = tifffile.imread(folder / "test" / "001.tif").astype(float)
    without = tifffile.imread(folder / "test_without_background" / "001.tif")
    np.testing.assert_allclose(without.squeeze(), restored.squeeze() - frame, atol=1e-3)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_killed_run_goes_on_where_it_was(tmp_path):
    text = STUDY.replace("shape: [1, 1, 32, 32]", "shape: [1, 1, 64, 64]").replace(
        "epochs: 2, preview: true",
        "epochs: 40, steps: 10, batch: 2, patches: 40, settings: {precision: float32}",
    )
    (tmp_path / "study.yaml").write_text(text)
    code = "from n2v_tools.cli.main import main; main()"
    words = ["experiment", "run", "study.yaml", "learned", "--output"]

    def start(output):
        command = [sys.executable, "-c", code, *words, output]
        return subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)

    killed = start("killed")
    state = tmp_path / "killed/study/models/learned.partial/training_state.npz"
    while not state.exists() and killed.poll() is None:
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    resumed = start("killed")
    assert "going on with the interrupted training" in resumed.communicate()[1]
    assert resumed.returncode == 0
    whole = start("whole")
    whole.communicate()
    for name in ("models/learned/weights_last.h5", "learned/test/001.tif"):
        one, other = (tmp_path / run / "study" / name for run in ("killed", "whole"))
        assert one.read_bytes() == other.read_bytes(), name
