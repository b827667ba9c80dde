"""DATASET_FOLDER, OUTPUT_FOLDER and MODELS_FOLDER are given to every command in the same ways."""

import os

import pytest
from click.testing import CliRunner
from running import invoke

from n2v_tools.cli import options
from n2v_tools.cli.main import COMMANDS, load_command
from n2v_tools.jobs.desk.configuration import VARIABLES

WORDS = {  # without which a command ends before it looks at variables
    "denoise": ["none.tif", "--model", "none"],
    "simulate": ["dome"],
    "experiment": ["list", "none.yaml"],
}
every_command = pytest.mark.parametrize("name", COMMANDS)


class Stop(Exception):
    """Ends a command where its configuration is known."""


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run a command up to its work; return what click saw and the configuration, if any."""
    monkeypatch.chdir(tmp_path)
    configure = options.configure
    found = []

    def stop(*arguments, **named):
        found.append(configure(*arguments, **named)[1])
        raise Stop

    monkeypatch.setattr(options, "configure", stop)

    def run(name, *words):
        found.clear()
        done = invoke(name, *WORDS.get(name, []), *words)
        return done, found[0] if found else None

    return run


@pytest.fixture
def files(tmp_path):
    (tmp_path / "first.env").write_text("DATASET_FOLDER=a\nOUTPUT_FOLDER=a\nMODELS_FOLDER=a\n")
    (tmp_path / "later.env").write_text("export DATASET_FOLDER='b'  # b\nOUTPUT_FOLDER=b\n")
    (tmp_path / "empty.env").write_text("\n# nothing\n")
    (tmp_path / "lacking.env").write_text("PATH_TO_DATA=x\n")
    (tmp_path / "valueless.env").write_text("MODELS_FOLDER\n")
    return ["-e", "first.env", "--env", "later.env"]


@every_command
def test_a_later_file_beats_an_earlier_one(run, files, name):
    _, found = run(name, *files)
    assert found.values == {"DATASET_FOLDER": "b", "OUTPUT_FOLDER": "b", "MODELS_FOLDER": "a"}


@every_command
@pytest.mark.parametrize("form", ["OUTPUT_FOLDER=line", "--OUTPUT_FOLDER=line"])
def test_the_command_line_beats_the_environment_beats_files(run, files, name, form, monkeypatch):
    monkeypatch.setenv("DATASET_FOLDER", "environment")
    monkeypatch.setenv("OUTPUT_FOLDER", "environment")
    before = dict(os.environ)
    _, found = run(name, *files, form)
    assert found.values == {
        "DATASET_FOLDER": "environment",
        "OUTPUT_FOLDER": "line",
        "MODELS_FOLDER": "a",
    }
    assert dict(os.environ) == before


@every_command
def test_where_each_value_came_from_is_said_with_v(run, files, name, monkeypatch):
    monkeypatch.setenv("DATASET_FOLDER", "seen")
    done, _ = run(name, *files, "-v", "OUTPUT_FOLDER=line")
    said = [line for line in done.stderr.splitlines() if line.split("=")[0] in VARIABLES]
    assert said == [
        "DATASET_FOLDER=seen (from the environment)",
        "OUTPUT_FOLDER=line (from the command line)",
        "MODELS_FOLDER=a (from first.env)",
    ]
    assert not [x for x in run(name, *files)[0].stderr.splitlines() if x.endswith(")")]


@every_command
@pytest.mark.parametrize("form", ["{}=x", "--{}=x"])
def test_an_unknown_variable_is_refused_with_the_known_ones(run, name, form):
    done, found = run(name, form.format("MODEL_FOLDER"))
    assert done.exit_code == 2
    assert found is None
    (line,) = done.stderr.splitlines()
    assert "Did you mean 'MODELS_FOLDER'" in line
    assert all(variable in line for variable in VARIABLES)


@every_command
def test_a_file_that_is_missing_empty_or_lacking_is_told_apart(run, files, name):
    done, _ = run(name, "-e", "none.env")
    assert done.exit_code == 1
    assert "none.env: the file does not exist" in done.stderr
    assert "empty.env is empty" in run(name, "-e", "empty.env")[0].stderr
    assert "lacking.env lacks DATASET_FOLDER" in run(name, "-e", "lacking.env")[0].stderr
    assert "gives it no value" in run(name, "-e", "valueless.env")[0].stderr


@every_command
def test_two_calls_in_one_process_do_not_mix(run, files, name):
    run(name, *files, "MODELS_FOLDER=line")
    assert run(name)[1].values == {}


@every_command
def test_a_variable_without_equals_sign_is_told_how_to_write_it(run, name):
    done, _ = run(name, "--MODELS_FOLDER", "x")
    assert done.exit_code == 2
    assert "--MODELS_FOLDER=" in done.stderr


@every_command
def test_a_dataset_folder_that_is_not_there_is_said(run, name, tmp_path):
    done, _ = run(name, "DATASET_FOLDER=nowhere")
    assert "Warning: DATASET_FOLDER=nowhere" in done.stderr
    assert "Warning" not in run(name, f"DATASET_FOLDER={tmp_path}")[0].stderr


@every_command
def test_help_tells_of_the_file_and_of_variables(name):
    text = " ".join(CliRunner().invoke(load_command(name), ["--help"]).output.split())
    assert "-e, --env FILE" in text
    assert "VAR=VALUE" in text
