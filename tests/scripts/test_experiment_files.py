"""The calcium study's experiments: every file can be read, and says what the study did."""

from pathlib import Path

import pytest

from n2v_tools.experiment.reading import read_study
from n2v_tools.experiment.study import ONE_PASS
from n2v_tools.methods.table import preset_settings

FOLDER = Path(__file__).resolve().parents[2] / "scripts" / "experiments"
FILES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_mirror_has_the_same_experiments_on_generated_data(file):
    real, mirror = read_study(file), read_study(FOLDER / "generated" / file.name)
    assert list(real.experiments) == list(mirror.experiments)
    assert list(real.datasets) == list(mirror.datasets)
    assert real.name != mirror.name  # so that their results do not mix
    for name, dataset in mirror.datasets.items():
        assert dataset.generate
        assert [s.kind for s in dataset.prepare] == [s.kind for s in real.datasets[name].prepare]
    for name, experiment in real.experiments.items():
        other = mirror.experiments[name]
        assert (experiment.method, experiment.needs) == (other.method, other.needs)
        assert experiment.notes == other.notes


def test_the_search_for_settings_is_that_of_the_study():
    found = read_study(FOLDER / "niddl.yaml").experiments
    grid = {name[-1]: (e.patch[0], e.epochs, e.augment) for name, e in found.items()}
    assert grid == {
        "1": (64, 10, False), "2": (64, 10, True), "3": (32, 10, False), "4": (128, 10, False),
        "5": (128, 30, False), "6": (64, 30, False),
    }  # fmt: skip
    for experiment in found.values():
        assert experiment.batch == 16
        assert experiment.steps == ONE_PASS
        assert experiment.settings["masked_percent"] == 0.2
        assert experiment.settings["recorrupt"] == 0


def test_methods_on_refined_movies_are_those_of_the_study():
    found = read_study(FOLDER / "refined.yaml").experiments
    assert found["REFINED_N2N_1"].batch == 128
    assert preset_settings(found["REFINED_N2N_1"].preset, "n2n")["loss"] == "mae"
    assert found["REFINED_N2V_1"].batch == 1
    assert found["REFINED_N2V_2"].augment
    assert found["REFINED_N2V_3"].patch == (64, 64, 64)
    assert found["REFINED_N2V_4"].patch == (8, 64, 64)
    assert found["REFINED_DEEPCAD_1"].steps == 12000
    assert found["N2V_HDN_1"].train_on == "REFINED_N2V_1"


def test_every_experiment_that_another_needs_restores_the_files_it_takes():
    for file in FILES:
        study = read_study(file)
        for experiment in study.experiments.values():
            for other in (experiment.train_on, experiment.noise_model_from):
                if other:
                    assert "train" in study.experiments[other].denoise["splits"]
