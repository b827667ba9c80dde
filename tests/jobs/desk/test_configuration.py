"""Where the three folders come from."""

import os

import pytest

from n2v_tools.errors import StackError, UsageError
from n2v_tools.jobs.desk.configuration import (
    Configuration,
    read_configuration,
    split_variables,
    take_variables,
)


@pytest.fixture
def env_file(tmp_path):
    def write(text, name=".env"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_command_line_beats_environment_beats_later_file_beats_earlier_file(env_file):
    first = env_file("DATASET_FOLDER=first\nOUTPUT_FOLDER=first\nMODELS_FOLDER=first\n", "a")
    second = env_file("DATASET_FOLDER=second\nOUTPUT_FOLDER=second\n", "b")
    environment = {"DATASET_FOLDER": "environment"}
    found = read_configuration([first, second], {}, environment)
    assert found.values == {
        "DATASET_FOLDER": "environment",
        "OUTPUT_FOLDER": "second",
        "MODELS_FOLDER": "first",
    }
    found = read_configuration([first, second], {"DATASET_FOLDER": "line"}, environment)
    assert found.values["DATASET_FOLDER"] == "line"
    assert found.origins["DATASET_FOLDER"] == "the command line"


def test_reading_a_file_leaves_no_trace_in_the_environment(env_file):
    before = dict(os.environ)
    read_configuration([env_file("DATASET_FOLDER=x\n")])
    assert dict(os.environ) == before


def test_two_configurations_in_one_process_do_not_mix(env_file):
    read_configuration([env_file("DATASET_FOLDER=x\n")], {}, {})
    assert read_configuration([], {}, {}).values == {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("DATASET_FOLDER=/plain", "/plain"),
        ("export DATASET_FOLDER='/with space'  # comment", "/with space"),
        ('\n# comment\nDATASET_FOLDER="/a$HOME/${X}"\n', "/a$HOME/${X}"),
    ],
)
def test_usual_spellings_are_read_and_nothing_is_expanded(env_file, text, value):
    assert read_configuration([env_file(text)], {}, {}).values["DATASET_FOLDER"] == value


def test_an_empty_value_unsets_weaker_ones(env_file):
    found = read_configuration([env_file("MODELS_FOLDER=x")], {"MODELS_FOLDER": ""}, {})
    assert "MODELS_FOLDER" not in found.values


def test_missing_empty_lacking_and_misspelt_are_told_apart(env_file, tmp_path):
    with pytest.raises(StackError, match="does not exist"):
        read_configuration([tmp_path / "none"], {}, {})
    with pytest.raises(StackError, match="is a folder"):
        read_configuration([tmp_path], {}, {})
    assert "is empty" in read_configuration([env_file("")], {}, {}).notes[0]
    assert "lacks DATASET_FOLDER" in read_configuration([env_file("PATH=/x")], {}, {}).notes[0]
    misspelt = read_configuration([env_file("DATASET_FOLDR=/x")], {}, {})
    assert "Did you mean 'DATASET_FOLDER'" in misspelt.notes[0]
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StackError, match="not a text file"):
        read_configuration([tmp_path / "binary"], {}, {})


def test_a_line_that_is_none_is_named_and_the_others_count(env_file, caplog):
    file = env_file("DATASET_FOLDER=/x\nMODELS_FOLDER='/open\nOUTPUT_FOLDER=/y\n")
    found = read_configuration([file], {}, {})
    assert found.values == {"DATASET_FOLDER": "/x", "OUTPUT_FOLDER": "/y"}
    (note,) = found.notes
    assert f"{file}, line 2" in note
    assert not caplog.records  # the library's own words are for programmers


def test_an_unknown_variable_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match="Did you mean 'MODELS_FOLDER'"):
        read_configuration([], {"MODEL_FOLDER": "x"}, {})


def test_a_token_is_a_variable_only_in_capitals_and_if_no_such_file_exists(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "A=b.tif").touch()
    tokens = ["A=b.tif", "OUTPUT_FOLDER=x=y", "a=1", "B2=1"]
    assert split_variables(tokens) == (["A=b.tif", "a=1", "B2=1"], {"OUTPUT_FOLDER": "x=y"})


def test_variables_as_options_are_taken_up_to_the_double_dash():
    rest, found = take_variables(["a", "--OUTPUT_FOLDER=x", "--axes=YX", "--", "--MODELS_FOLDER=y"])
    assert rest == ["a", "--axes=YX", "--", "--MODELS_FOLDER=y"]
    assert found == {"OUTPUT_FOLDER": "x"}


def test_an_input_not_found_here_is_tried_under_the_dataset_folder(tmp_path, monkeypatch):
    here, data = tmp_path / "here", tmp_path / "data"
    for folder in (here, data):
        folder.mkdir()
    monkeypatch.chdir(here)
    (data / "a.tif").touch()
    (data / "b.tif").touch()
    (here / "b.tif").touch()
    (data / "c.h5").touch()
    found = Configuration({"DATASET_FOLDER": str(data)})
    assert found.find_input("a.tif") == str(data / "a.tif")
    assert found.find_input("b.tif") == "b.tif"
    assert found.find_input("a*.tif") == str(data / "a*.tif")
    assert found.find_input("c.h5:/x/y") == str(data / "c.h5:/x/y")
    assert found.find_input("none.tif") == "none.tif"
