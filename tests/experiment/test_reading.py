"""Study files: what they mean, and every mistake with its line and the nearest known name."""

import pytest

from n2v_tools.errors import SettingsError
from n2v_tools.experiment.reading import read_study
from n2v_tools.words import flag, in_study_files, option, setting


def test_an_experiment_takes_over_what_it_is_like_but_for_its_notes_and_model(write):
    study = read_study(write())
    first, second = study.experiments["first"], study.experiments["second"]
    assert (second.method, second.patch, second.epochs) == ("n2v", (32, 32), 2)
    assert second.settings == {"learning_rate": "1e-3", "net_size": "small"}
    assert (first.augment, second.augment) == (None, True)
    assert (first.notes, second.notes) == ("as it is", "")
    assert (first.model, second.model) == ("first", "second")


@pytest.mark.parametrize(
    ("old", "new", "line", "nearest"),
    [
        ("epochs: 2", "epoch: 2", 12, "epochs"),
        ("method: n2v", "method: n2w", 10, "n2v"),
        ("net_size: small", "netsize: small", 18, "net_size"),
        ("dataset: cells", "dataset: cell", 9, "cells"),
        ("like: first", "like: frist", 16, "first"),
        ("start_from: first", "start_from: frst", 19, "first"),
        ("    truth: high", "    thruth: high", 5, "truth"),
        ("    truth: high", "    prepare: [{add-backgrund: {file: a}}]", 5, "add-background"),
        ("    truth: high", "    generate: {kind: calcum}", 5, "calcium"),
        ("    truth: high", "    generate: {kind: dome, options: {photon: 3}}", 5, "photons"),
        ("experiments:", "experimints: {}\nexperiments:", 7, "experiments"),
        ("epochs: 2", "denoise: {splits: tset}", 12, "test"),
        ("epochs: 2", "evaluate: {metrics: [psrn]}", 12, "psnr"),
        ("epochs: 2", "preview: {skipp: 3}", 12, "skip"),
        ("epochs: 2", "preset: fats", 12, "fast"),
    ],
)
def test_a_misspelt_name_is_refused_with_line_and_nearest(write, old, new, line, nearest):
    with pytest.raises(SettingsError, match=f"line {line}: .*Did you mean '{nearest}'"):
        read_study(write((old, new)))


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("epochs: 2", "epochs: two", 12),
        ("epochs: 2", "epochs: 0", 12),
        ("epochs: 2", "epochs:", 12),
        ("epochs: 2", "steps: all", 12),
        ("epochs: 2", "patch: [1, 2, 3, 4]", 12),
        ("epochs: 2", "method: median", 12),
        ("method: n2v", "method: median", 11),
        ("epochs: 2", "minutes: .nan", 12),
        ("patch: 32", "patch: [a]", 11),
        ("  first:\n", "  ../first:\n", 8),
        ("pair: {20ms: 200ms}", "prepare: [{split: {into: {train: 0.5}}}]", 6),
        ("pair: {20ms: 200ms}", "prepare: [{split: {seed: 1}}]", 6),
        ("pair: {20ms: 200ms}", "generate: {kind: dome, number: 2, noisy: a.tif}", 6),
        ("pair: {20ms: 200ms}", "generate: {kind: dome, noisy: ../a.tif}", 6),
        ("pair: {20ms: 200ms}", "generate: {kind: dome, clean: /a.tif}", 6),
        ("  second:\n    like: first", "  second:\n    like: third", 20),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_line(write, old, new, line):
    with pytest.raises(SettingsError, match=f"study.yaml, line {line}: ") as error:
        read_study(write((old, new)))
    assert "\n" not in str(error.value)


def test_a_background_is_not_added_twice_by_one_file(write):
    twice = "prepare:\n      - add-background: {file: a}\n      - add-background: {file: a}"
    with pytest.raises(SettingsError, match=r"line 8: add-background .* second time"):
        read_study(write(("pair: {20ms: 200ms}", twice)))


def test_a_file_over_another_replaces_datasets_and_merges_experiments(write):
    base = read_study(write(name="base.yaml"))
    over = """\
extends: base.yaml
datasets:
  cells: {train: other}
experiments:
  second: {epochs: 7}
for_all: {steps: 3, settings: {recorrupt: 0}}
"""
    study = read_study(write(name="over.yaml", text=over))
    assert study.name == "over"
    assert study.datasets["cells"].files == {"train": ("other",)}
    assert list(study.experiments) == list(base.experiments)
    assert study.experiments["second"].epochs == 7
    assert study.experiments["first"].notes == "as it is"
    for experiment in study.experiments.values():
        assert experiment.steps == 3
        assert experiment.settings["recorrupt"] == 0
        assert experiment.settings["learning_rate"] == "1e-3"


def test_files_that_extend_each_other_are_refused(write):
    write(name="one.yaml", text="extends: two.yaml\n")
    with pytest.raises(SettingsError, match=r"one.yaml, line 1|two.yaml, line 1"):
        read_study(write(name="two.yaml", text="extends: one.yaml\n"))


def test_settings_of_a_filter_are_spelt_as_in_the_file(write):
    filtered = [
        ("    method: n2v\n    patch: 32\n    epochs: 2\n", "    method: gaussian\n"),
        ("learning_rate: 1e-3", "sigma: 100000"),
        ("  second:\n    like: first\n    augment: true\n", "  second:\n    like: first\n"),
        ("settings: {net_size: small}", "notes: x"),
        ("    start_from: first\n", ""),
    ]
    with pytest.raises(SettingsError, match=r"line 11: .*sigma") as error:
        read_study(write(*filtered))
    assert "px are possible" in str(error.value)


def test_a_study_file_spells_options_as_its_own_lines():
    with in_study_files():
        spelt = [option("axes", "TYX"), option("seed"), flag("overwrite")]
        spelt += [setting("patch_px", (16, 64)), setting("epochs")]
    assert spelt == ["axes: TYX", "seed", "overwrite: true", "patch_px: [16, 64]", "epochs"]
    assert setting("epochs", 2) == "--set epochs=2"
