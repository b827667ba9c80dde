"""The state of an interrupted training: read as written, replaced whole, refused if foreign."""

import json

import h5py
import numpy as np
import pytest

from n2v_tools import keras_backend
from n2v_tools.errors import ModelError, OutputError
from n2v_tools.io import publish
from n2v_tools.learn.checkpoints import (
    STATE_NAME,
    has_state,
    load_state,
    remove_state,
    save_state,
    save_weights,
)  # fmt: skip

try:
    import resource
except ImportError:
    resource = None

tf = keras_backend.load()
FACTS = {"epoch": 3, "rows": [{"loss": 0.5}], "best": 1e9}


def compiled(filters=2, seed=0):
    x = tf.keras.Input((None, None, 1))
    start = tf.keras.initializers.GlorotUniform(seed)
    net = tf.keras.Model(x, tf.keras.layers.Conv2D(filters, 3, kernel_initializer=start)(x))
    net.compile("adam", "mse")
    return net


def learn(net, n_steps):
    rng = np.random.default_rng(0)
    for _ in range(n_steps):
        shown = rng.normal(size=(2, 8, 8, 1)).astype(np.float32)
        net.train_on_batch(shown, np.repeat(shown[:, 1:-1, 1:-1], net.output_shape[-1], axis=-1))


def test_a_net_goes_on_as_if_it_had_not_been_interrupted(tmp_path):
    net = compiled()
    learn(net, 3)
    save_state(tmp_path, net, FACTS)
    other = compiled(seed=5)
    assert load_state(tmp_path, other) == FACTS
    assert int(other.optimizer.iterations.numpy()) == 3
    for one in (net, other):  # Adam's moments count from the first step on
        learn(one, 2)
    for a, b in zip(net.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_state_is_there_until_it_is_removed(tmp_path):
    assert not has_state(tmp_path)
    save_state(tmp_path, compiled(), FACTS)
    assert has_state(tmp_path)
    remove_state(tmp_path)
    remove_state(tmp_path)
    assert not has_state(tmp_path) and not list(tmp_path.iterdir())


def test_a_kill_while_it_is_written_leaves_the_one_before(tmp_path, monkeypatch):
    net = compiled()
    learn(net, 1)
    save_state(tmp_path, net, FACTS)
    save_weights(tmp_path / "w.h5", net)

    def kill(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(publish.os, "replace", kill)
    learn(net, 1)
    with pytest.raises(KeyboardInterrupt):
        save_state(tmp_path, net, {"epoch": 4})
    with pytest.raises(KeyboardInterrupt):
        save_weights(tmp_path / "w.h5", net)
    other = compiled(seed=7)
    assert load_state(tmp_path, other) == FACTS
    with h5py.File(tmp_path / "w.h5") as file:
        name = file.attrs["layer_names"][-1]
        kernel = np.array(file[name][file[name].attrs["weight_names"][0]])
    np.testing.assert_array_equal(kernel, other.get_weights()[0])


@pytest.mark.parametrize("damage", ["missing", "cut", "text", "no facts", "junk as facts"])
def test_a_damaged_state_is_refused_in_one_line(tmp_path, damage):
    net = compiled()
    save_state(tmp_path, net, FACTS)
    path = tmp_path / STATE_NAME
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:100])
    elif damage == "text":
        path.write_text("hello")
    else:
        facts = {} if damage == "no facts" else {"facts": np.frombuffer(b"{", np.uint8)}
        np.savez(path.open("wb"), **facts)
    with pytest.raises(ModelError, match=f"{STATE_NAME}.*--overwrite") as caught:
        load_state(tmp_path, net)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("drop", [None, "optimizer_0000", "weight_0001"])
def test_the_state_of_another_network_is_refused_and_changes_nothing(tmp_path, drop):
    saved = compiled(3 if drop is None else 2)
    learn(saved, 1)
    save_state(tmp_path, saved, FACTS)
    if drop:
        with np.load(tmp_path / STATE_NAME) as file:
            arrays = {name: file[name] for name in file.files if name != drop}
        np.savez((tmp_path / STATE_NAME).open("wb"), **arrays)
    net = compiled(seed=4)
    before = net.get_weights()
    with pytest.raises(ModelError, match="another network"):
        load_state(tmp_path, net)
    for a, b in zip(net.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_state_holds_no_pickles(tmp_path):
    save_state(tmp_path, compiled(), FACTS)
    with np.load(tmp_path / STATE_NAME, allow_pickle=False) as file:
        assert json.loads(file["facts"].tobytes()) == FACTS
        assert all(file[name].dtype != object for name in file.files)


@pytest.mark.skipif(resource is None, reason="Windows has no limit of file sizes")
@pytest.mark.parametrize("save", [save_state, save_weights])
@pytest.mark.parametrize("n_bytes", [0, 100, 1500, 4000])
def test_a_disk_that_fills_up_is_one_line_and_what_was_saved_before_stays(tmp_path, save, n_bytes):
    place, rest = (tmp_path, [FACTS]) if save is save_state else (tmp_path / "weights.h5", [])
    save(place, compiled(filters=400), *rest)
    (file,) = tmp_path.iterdir()
    before = file.read_bytes()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, limit[1]))
    try:
        with pytest.raises(OutputError, match=f"{file.name}: the disk is full") as refused:
            save(place, compiled(filters=400, seed=1), *rest)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == [file] and file.read_bytes() == before


def test_weights_are_written_as_keras_writes_them(tmp_path):
    x = tf.keras.Input((None, None, 1))
    layers = [tf.keras.layers.Conv2D(3, 3), tf.keras.layers.BatchNormalization()]
    y = tf.keras.layers.Activation("relu")(layers[1](layers[0](x)))
    net = tf.keras.Model(x, y)
    net.save_weights(str(tmp_path / "theirs.h5"), save_format="h5")
    save_weights(tmp_path / "ours.h5", net)

    def content(name):
        found = {}
        with h5py.File(tmp_path / name) as file:
            found["/"] = {k: np.asarray(v).tolist() for k, v in file.attrs.items()}
            file.visititems(
                lambda place, it: found.update(
                    {place: it[()].tolist()}
                    if isinstance(it, h5py.Dataset)
                    else {place: {k: np.asarray(v).tolist() for k, v in it.attrs.items()}}
                )
            )
        found.pop("top_level_model_weights", None)  # empty, and not asked for
        return found

    assert content("ours.h5") == content("theirs.h5")
    other = tf.keras.models.clone_model(net)
    other.load_weights(str(tmp_path / "ours.h5"))
    for a, b in zip(net.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
