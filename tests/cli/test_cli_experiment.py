"""``n2v-experiment`` as a user meets it: words, streams, exit codes."""

import json
import os
import subprocess
import sys

import pytest
from running import invoke

STUDY = """\
datasets:
  cells:
    test: low
    truth: high
    generate: {kind: structured, number: 2, noisy: "low/{n}.tif", clean: "high/{n}.tif",
      options: {shape: [1, 1, 32, 32]}}
experiments:
  plain: {dataset: cells, method: gaussian, settings: {sigma: 1}}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(STUDY)
    return lambda *words: invoke("experiment", *words)


def test_run_prints_the_table_and_where_it_is(run, tmp_path):
    done = run("run", "study.yaml")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "cells"
    assert lines[2].startswith("plain")
    assert lines[-1].startswith("table: ")
    assert (tmp_path / "results" / "study" / "cells.md").exists()
    assert run("table", "study.yaml").stdout.splitlines() == lines[:-1][:3]
    assert "nothing to do" in run("run", "study.yaml").stderr


def test_json_is_one_object_with_the_numbers(run):
    found = json.loads(run("run", "study.yaml", "--json").stdout)
    (plain,) = found["experiments"]
    assert plain["status"] == "done"
    assert plain["results"]["test"]["metrics"]["si_psnr"]["gain"]["n"] == 2
    listed = json.loads(run("list", "study.yaml", "--json").stdout)
    assert [one["status"] for one in listed] == ["done"]
    (row,) = json.loads(run("table", "study.yaml", "--json").stdout)["cells"]
    assert row["experiment"] == "plain"
    assert isinstance(row["gain_mean"], float)


def test_a_failed_experiment_is_exit_1_with_a_line_and_the_table(run, tmp_path):
    (tmp_path / "study.yaml").write_text(STUDY.replace("32, 32", "8, 8"))
    done = run("run", "study.yaml")
    assert done.exit_code == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert "plain" in errors[0]
    assert "dataset cells" in errors[0]
    assert done.stdout.startswith("cells")


@pytest.mark.parametrize(
    "words",
    [
        ["run"],
        ["run", "plain"],
        ["run", "study.yaml", "study.yaml"],
        ["run", "study.yaml", "plian"],
        ["list", "study.yaml", "plain"],
        ["rnu", "study.yaml"],
        ["map", "study.yaml", "--output", "map.jpg"],
        ["run", "wrong.yaml"],
    ],
)
def test_wrong_usage_is_exit_2_with_one_line_and_nothing_done(run, tmp_path, words):
    (tmp_path / "wrong.yaml").write_text(STUDY.replace("method:", "methd:"))
    done = run(*words)
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "results").exists()


def test_a_missing_study_is_exit_1(run):
    done = run("run", "none.yaml")
    assert done.exit_code == 1
    assert "none.yaml: the file does not exist" in done.stderr


def test_a_dry_run_writes_nothing(run, tmp_path):
    before = sorted(os.listdir(tmp_path))
    done = run("run", "study.yaml", "--dry-run")
    assert done.stdout.splitlines()[0].startswith("plain: to run")
    assert sorted(os.listdir(tmp_path)) == before


def test_the_three_folders_say_where_data_and_results_are(run, tmp_path):
    run("run", "study.yaml", "--output", "made")
    generated = tmp_path / "made" / "study" / "_data" / "cells" / "generated"
    found = STUDY.split("    generate:")[0] + "experiments:" + STUDY.split("experiments:")[1]
    (tmp_path / "study.yaml").write_text(found)
    done = run("run", "study.yaml", f"DATASET_FOLDER={generated}", "--OUTPUT_FOLDER=elsewhere")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "elsewhere" / "study" / "cells.csv").exists()


def test_a_map_is_printed_or_drawn_of_several_studies(run, tmp_path):
    (tmp_path / "other.yaml").write_text(STUDY.replace("plain", "other"))
    text = run("map", "study.yaml", "other.yaml").stdout
    assert text.startswith("flowchart LR")
    assert '"plain<br>' in text
    assert '"other<br>' in text
    for name in ("map.svg", "map.md"):
        assert run("map", "study.yaml", "--output", name).exit_code == 0
        assert (tmp_path / name).stat().st_size > 0
    done = run("map", "study.yaml", "--output", "map.svg")
    assert done.exit_code == 1
    assert "exists already" in done.stderr


def test_a_second_call_loads_no_tensorflow(run, tmp_path):
    run("run", "study.yaml")
    code = (
        "import sys; from n2v_tools.cli.main import load_command\n"
        "try: load_command('experiment').main(['run', 'study.yaml'])\n"
        "finally: print('tensorflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "False"
