"""The table of methods: rows that hold together, names that are found or refused with help."""

import dataclasses

import pytest

from n2v_tools.contracts import Method, RestoringSettings
from n2v_tools.errors import UsageError
from n2v_tools.methods import table
from n2v_tools.methods.row import Row
from n2v_tools.methods.table import (
    AUTO,
    FALLBACK,
    find_method,
    find_net,
    find_row,
    learning_rows,
    method_names,
    movie_rows,
    preset_names,
    preset_settings,
    rows,
    several_channels,
)  # fmt: skip
from n2v_tools.nets.unet import NetSettings
from n2v_tools.settings import settings_from

every_row = pytest.mark.parametrize("row", rows().values(), ids=rows())
every_method = pytest.mark.parametrize(
    "row", learning_rows(), ids=[r.name for r in learning_rows()]
)


@every_row
def test_all_that_a_row_names_is_there(row):
    assert row.name.isidentifier() and row.name == row.name.lower()
    assert row.learned and not row.learned.endswith(".")
    for part in ("method", "record", "restorer", "restoring"):
        found = row.load(part)
        assert (found is None) == (not getattr(row, part))
    assert all(issubclass(find_net(layout), NetSettings) for layout in row.nets)
    assert all(find_net(layout).layout == layout for layout in row.nets)
    if row.restoring:
        assert issubclass(row.load("restoring"), RestoringSettings) and row.restoring_help


@every_method
def test_a_row_says_of_its_method_what_the_method_says(row):
    kind = row.load("method")
    assert issubclass(kind, Method)
    assert kind.name == (row.family or row.name)
    assert set(row.presets) == set(kind.presets)
    assert (kind.movie_axes is not None) == (row.data == "movie")
    assert row.frames_per_sample == 1 or row.data == "movie"
    for name in row.settings:
        assert hasattr(kind().settings, name)


@every_method
def test_every_preset_and_setting_of_a_row_is_valid(row):
    defaults = row.load("method")().settings
    for preset in row.presets:
        changed = {**row.settings, **preset_settings(preset, row.name)}
        values = {**dataclasses.asdict(defaults), **changed}
        assert settings_from(type(defaults), values) is not None


def test_a_family_is_led_by_a_row_of_its_own_name():
    for row in learning_rows():
        if row.family:
            assert rows()[row.family].method == row.method
            assert not rows()[row.family].family


def test_any_movie_and_any_image_has_a_method_that_auto_takes():
    wanted = [row.auto_frames for row in movie_rows()]
    assert wanted == sorted(wanted, reverse=True) and all(wanted)
    assert rows()[FALLBACK].auto_frames == 0
    assert find_row(AUTO) is rows()[FALLBACK] and find_method(AUTO) is find_method(FALLBACK)


def test_methods_for_several_channels_take_several():
    for row in learning_rows():
        takes = row.data == "movie" and not row.one_channel
        assert (f"--method {row.name}" in several_channels().split(" or ")) == takes


@pytest.mark.parametrize("name", method_names())
def test_every_name_that_is_offered_is_found(name):
    assert find_row(name).learns and issubclass(find_method(name), Method)


@pytest.mark.parametrize(
    ("name", "says"),
    [("n2w", "Did you mean 'n2v'"), ("zebra", "no such method"), ("care", "no such method")],
)
def test_other_names_are_refused_with_those_that_are_known(name, says):
    with pytest.raises(UsageError, match=says) as caught:
        find_row(name)
    assert all(known in str(caught.value) for known in method_names())


def test_a_preset_belongs_to_its_methods():
    for preset in preset_names():
        for row in learning_rows():
            if preset in row.presets:
                assert preset_settings(preset, row.name) == row.load("method").presets[preset]
            else:
                with pytest.raises(UsageError, match=f"--preset {preset} is one of --method"):
                    preset_settings(preset, row.name)
    with pytest.raises(UsageError, match="Did you mean 'default'"):
        preset_settings("defalt")


def test_a_layout_that_no_row_names_is_none():
    assert find_net("resnet") is None


def test_another_package_adds_rows_but_takes_no_name(monkeypatch):
    class Point:
        def __init__(self, row):
            self.load = lambda: row

    added = [Row("n2v", "mine", "learned"), Row("new", "new", "learned", method="a:b")]
    monkeypatch.setattr(
        table.importlib.metadata, "entry_points", lambda group: [Point(row) for row in added]
    )
    found = table.rows.__wrapped__()
    assert list(found)[-1] == "new" and found["new"] is added[1]
    assert found["n2v"] is rows()["n2v"]
