"""A batch shared by two devices gives what one gives; processors stand in for GPUs."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

SCRIPT = Path(__file__).with_name("two_devices.py")
SETTINGS = {
    "even parts": {},
    "uneven parts": {"batch_size": 7},
    "two channels, few hidden": {"joint_channels": True, "masked_percent": 0.6, "loss": "mae"},
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Folder of all trainings, done by one process, since TensorFlow takes long to start."""
    root = tmp_path_factory.mktemp("devices")
    runs = [
        (f"{name} on {n}", n, "whole", settings)
        for name, settings in {**SETTINGS, "normalised": {"batch_norm": True}}.items()
        for n in (1, 2)
    ]
    runs += [("two again", 2, "stop", {}), ("two again", 2, "resume", {})]
    runs += [("two then one", 2, "stop", {}), ("two then one", 1, "resume", {})]
    words = json.dumps([(str(root / folder), *rest) for folder, *rest in runs])
    env = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), words], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return root


def weights_in(path):
    found = {}

    def keep(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(keep)
    return found


def history(folder):
    with (folder / "training.csv").open() as lines:
        return list(csv.DictReader(lines))


def require_equal(ours, theirs, tolerance, but=()):
    for name in {"loss", "val_loss", "learning_rate"}.difference(but):
        values = [[float(row[name]) for row in history(folder)] for folder in (ours, theirs)]
        assert values[0] == pytest.approx(values[1], rel=tolerance)
    for file in ("weights_best.h5", "weights_last.h5"):
        one, other = weights_in(ours / file), weights_in(theirs / file)
        assert one.keys() == other.keys() and one
        for name in one:
            if not any(word in name for word in but):
                np.testing.assert_allclose(one[name], other[name], rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", SETTINGS)
def test_two_devices_learn_what_one_learns(trained, name):
    require_equal(trained / f"{name} on 1", trained / f"{name} on 2", 1e-4)


def test_batch_normalisation_takes_the_whole_batch(trained):
    # A bias before a normalisation has no gradient: Adam makes steps of its rounding, which the
    # moving means, and so the validation, follow with delay. The training loss knows no bias.
    one, two = trained / "normalised on 1", trained / "normalised on 2"
    require_equal(one, two, 5e-3, but=("bias", "moving", "val_loss"))
    losses = [[float(row["loss"]) for row in history(folder)] for folder in (one, two)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_a_training_on_two_devices_is_resumed_as_if_unbroken(trained):
    require_equal(trained / "even parts on 2", trained / "two again", 1e-4)


def test_a_training_is_resumed_on_fewer_devices(trained):
    require_equal(trained / "even parts on 1", trained / "two then one", 1e-4)
