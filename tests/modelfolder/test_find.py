"""The folder that a user means by a name: nearer roots first, paths as they are, no half model."""

import pytest

from n2v_tools.errors import ModelError
from n2v_tools.modelfolder.find import find_model, list_models, require_folder


@pytest.fixture
def models(tmp_path):
    for name in ("kidney", "liver", "liver_2"):
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
    return tmp_path / "models"


def test_a_name_is_looked_up_in_the_models_and_a_path_is_not(models, monkeypatch):
    monkeypatch.chdir(models.parent)
    (models.parent / "liver").mkdir()  # no model
    assert find_model("liver", models) == models / "liver"
    assert str(find_model("./liver", models)) == "liver"  # as a path it is meant as it stands
    assert find_model("models/kidney", "elsewhere").resolve() == models / "kidney"


def test_a_model_folder_where_the_user_stands_goes_before_the_models(models, monkeypatch):
    monkeypatch.chdir(models.parent)
    (models.parent / "liver").mkdir()
    (models.parent / "liver" / "config.json").write_text("{}")
    assert find_model("liver", models).resolve() == models.parent / "liver"


@pytest.mark.parametrize("where", [".", ".."])
def test_a_dot_is_a_path(models, monkeypatch, where):
    monkeypatch.chdir(models / "kidney")
    assert str(find_model(where, models)) == where


def test_models_are_listed_by_name_without_what_is_none(models):
    (models / "notes").mkdir()
    (models / "readme.txt").touch()
    half = models / "half.partial"
    half.mkdir()
    (half / "config.json").write_text("{}")
    listed = list_models(models)
    assert [name for name in listed if name in ("kidney", "liver", "liver_2")] == [
        "kidney", "liver", "liver_2",
    ]  # fmt: skip
    assert listed == sorted(listed)
    assert not {"notes", "half", "half.partial", "readme.txt"} & set(listed)


def test_each_listed_name_is_found(models):
    for name in list_models(models):
        require_folder(find_model(name, models))


def test_folders_that_are_no_models_are_listed_as_such(models, tmp_path):
    assert set(list_models(tmp_path / "nowhere")) <= set(list_models(models))
    with pytest.raises(ModelError, match=r"nowhere.*no such model folder"):
        require_folder(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("livr", "Did you mean 'liver'"),
        ("a.zip", "zip"),
        ("A.ZIP", "zip"),
        ("zebra", "Available: .*kidney"),
    ],
)
def test_a_name_that_is_none_is_refused_with_what_helps(models, name, says):
    with pytest.raises(ModelError, match=says):
        find_model(name, models)


def test_a_training_that_runs_is_named_as_such_behind_a_link_too(models):
    half = models / "half.partial"
    half.mkdir()
    (models / "link").symlink_to("half.partial")
    for meant in ("half", "link"):
        with pytest.raises(ModelError, match=r"interrupted.*--resume"):
            require_folder(find_model(meant, models))
