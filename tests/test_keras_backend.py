"""One door to Keras 2: precision is borrowed and given back, and GPUs hide when told to."""

import os
import subprocess
import sys

import numpy as np
import pytest

from n2v_tools import keras_backend
from n2v_tools.nets.unet import NetSettings


@pytest.fixture
def policy():
    mixed_precision = keras_backend.load().keras.mixed_precision
    before = mixed_precision.global_policy()
    yield lambda: mixed_precision.global_policy().name
    mixed_precision.set_global_policy(before)


def test_keras_is_the_legacy_one_and_knows_its_version():
    keras = keras_backend.load().keras
    assert hasattr(keras.optimizers, "legacy")
    assert keras_backend.keras_version().startswith("2.")
    assert keras_backend.tensorflow_version() >= (2, 15)


def test_importing_the_door_loads_nothing():
    code = "import sys, n2v_tools.keras_backend; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("False", "")


def test_a_precision_for_building_is_given_back_after_an_error_too(policy):
    keras_backend.set_precision("float32")
    with pytest.raises(RuntimeError), keras_backend.building_in("bfloat16"):
        assert policy() == "mixed_bfloat16"
        raise RuntimeError
    assert policy() == "float32"


def test_a_net_for_both_precisions_computes_in_the_one_asked_for():
    def build():
        return NetSettings(n_dim=2, depth=1, first_filters=4).build()

    net, layers = keras_backend.build_for_both(build)
    image = np.random.default_rng(0).random((1, 16, 16, 1)).astype("float32")
    exact = net(image).numpy()
    with keras_backend.computing_in(layers, "bfloat16"):
        rough = net(image).numpy().astype("float32")
    again = net(image).numpy()
    np.testing.assert_array_equal(exact, again)
    assert not np.array_equal(exact, rough)
    np.testing.assert_allclose(rough, exact, atol=0.05 * exact.std() + 0.02)
    assert layers and {weight.dtype.name for weight in net.weights} == {"float32"}


@pytest.mark.parametrize(
    ("visible", "hidden"), [(None, False), ("", True), (" -1 ", True), ("0", False), ("0,1", False)]
)
def test_gpus_are_hidden_as_cuda_hides_them(visible, hidden, monkeypatch):
    assert keras_backend.hides_gpu(visible) is hidden
    if hidden:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert not keras_backend.gpu_possible()


def test_a_seed_decides_what_is_drawn_without_one():
    def drawn(seed):
        keras_backend.make_repeatable(seed)
        tensor = keras_backend.load().random.uniform((3,))
        return tensor.numpy().tolist(), np.random.random()  # noqa: NPY002 - the one that is seeded

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)


@pytest.mark.parametrize("version", [(2, 15), (2, 21)])
def test_legacy_keras_is_chosen_where_it_is_needed_and_only_there(version, monkeypatch):
    monkeypatch.setattr(keras_backend, "tensorflow_version", lambda: version)
    monkeypatch.setattr(keras_backend, "version_of", lambda name: None)
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "1" if version == (2, 15) else "0")
    for name in [name for name in sys.modules if name.split(".")[0] == "tensorflow"]:
        monkeypatch.delitem(sys.modules, name)
    keras_backend.choose_legacy_keras()
    assert os.environ.get("TF_USE_LEGACY_KERAS") == (None if version == (2, 15) else "1")
