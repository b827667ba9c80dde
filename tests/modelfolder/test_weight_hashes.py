"""Weights that changed since their training are noticed; without hashes they are read as ever."""

import hashlib
import json
import os

import numpy as np
import pytest

from n2v_tools.errors import ModelError
from n2v_tools.modelfolder import (
    forget_weights,
    read_model,
    record_weights,
    recorded_weights,
    weights_of,
    write_config,
)
from n2v_tools.nets.unet import NetSettings

NET = NetSettings(2, depth=1, first_filters=2)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """The bytes of two weight files of one net."""
    folder = tmp_path_factory.mktemp("weights")
    for seed in (1, 2):
        NET.build(seed).save_weights(folder / f"{seed}.h5")
    return [(folder / f"{seed}.h5").read_bytes() for seed in (1, 2)]


@pytest.fixture
def folder(tmp_path, weights):
    """A folder as a training leaves it, with hashes."""
    folder = tmp_path / "m"
    folder.mkdir()
    write_config(folder, NET, axes="YX", means=[100.0], stds=[9.0], method="n2v", own={"kept": 1})
    (folder / "weights_best.h5").write_bytes(weights[0])
    (folder / "weights_last.h5").write_bytes(weights[1])
    record_weights(folder)
    return folder


def read(folder):
    model = read_model(folder)
    return weights_of(model).read(model.net)


def test_the_hashes_are_those_of_the_files_beside_what_was_there(folder):
    own = json.loads((folder / "config.json").read_text())["n2v_tools"]
    assert own["kept"] == 1
    for name, sha256 in own["weights_sha256"].items():
        assert sha256 == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    assert set(own["weights_sha256"]) == {"weights_best.h5", "weights_last.h5"}
    assert read(folder)


def test_a_bit_that_flips_anywhere_is_noticed(folder, weights):
    path = folder / "weights_best.h5"
    rng = np.random.default_rng(2)
    for time, at in enumerate(rng.integers(0, len(weights[0]), 60)):
        bad = bytearray(weights[0])
        bad[at] ^= 1 << rng.integers(8)
        path.write_bytes(bad)
        os.utime(path, ns=(time, time))  # a hash is kept as long as size and time are
        with pytest.raises(ModelError, match=r"weights_best\.h5: .*damaged"):
            read(folder)
    path.write_bytes(weights[0])
    assert read(folder)


def test_weights_of_the_same_training_may_be_renamed(folder):
    (folder / "weights_last.h5").rename(folder / "weights_best.h5")
    assert read(folder)


def test_weights_of_another_training_are_refused_though_they_fit(folder):
    other = NET.build(seed=3)
    other.save_weights(folder / "weights_best.h5")
    with pytest.raises(ModelError, match="take weights_sha256 out"):
        read(folder)


@pytest.mark.parametrize("key", ["weights_sha256", "n2v_tools"])
def test_a_folder_without_hashes_is_read_as_ever(folder, weights, key):
    forget_weights(folder)
    config = json.loads((folder / "config.json").read_text())
    assert "weights_sha256" not in config["n2v_tools"] and config["n2v_tools"]["kept"] == 1
    config.pop(key, None)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "weights_best.h5").write_bytes(weights[1])
    assert read_model(folder).weights_sha256 == recorded_weights(folder) == frozenset()
    assert not read_model(folder).warnings
    assert read(folder)


@pytest.mark.parametrize("wrong", [[], 3, None, {"a.h5": 1}, {"a.h5": "abc"}, {"a.h5": "G" * 64}])
def test_what_is_no_hash_is_refused(folder, wrong):
    config = json.loads((folder / "config.json").read_text())
    config["n2v_tools"]["weights_sha256"] = wrong
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"config\.json: weights_sha256"):
        read_model(folder)


def test_a_folder_of_n2v_gets_none(folder):
    config = json.loads((folder / "config.json").read_text())
    del config["n2v_tools"]
    text = json.dumps(config)
    (folder / "config.json").write_text(text)
    record_weights(folder)
    forget_weights(folder)
    assert json.loads((folder / "config.json").read_text()) == config
