"""n2v's and CSBDeep's own classes are the measure: same names, same arguments, same defaults."""

import inspect
import re

import numpy as np
import pytest

from n2v_tools import compat, keras_backend


def theirs():
    """n2v's and CSBDeep's classes by name; skips where they cannot be imported."""
    keras_backend.load()
    try:
        from csbdeep.models import CARE
        from n2v.internals.N2V_DataGenerator import N2V_DataGenerator
        from n2v.models import N2V, N2VConfig
    except Exception as error:  # a broken dependency may raise anything
        pytest.skip(f"n2v cannot be imported here: {type(error).__name__}: {error}")
    return {c.__name__: c for c in (CARE, N2V, N2VConfig, N2V_DataGenerator)}


def spelt(function):
    """Names, kinds and defaults of arguments; objects by the name of their class."""
    found = []
    for one in inspect.signature(function).parameters.values():
        default = one.default
        if default is not inspect.Parameter.empty and not isinstance(
            default, (int, float, str, tuple, type(None))
        ):
            default = getattr(default, "__name__", type(default).__name__)
        found.append((one.name, one.kind, default))
    return found


METHODS = [
    ("N2V", name)
    for name in (
        "__init__", "train", "prepare_for_training", "prepare_model", "predict",
        "predict_bioimageio", "load_weights", "export_TF", "from_pretrained",
    )
]  # fmt: skip
METHODS += [
    ("CARE", name)
    for name in (
        "__init__", "train", "prepare_for_training", "predict", "predict_probabilistic",
        "load_weights", "export_TF", "from_pretrained",
    )
]  # fmt: skip
METHODS += [("N2VConfig", name) for name in ("__init__", "is_valid", "update_parameters")]
METHODS += [
    ("N2V_DataGenerator", name)
    for name in (
        "load_imgs", "load_imgs_from_directory", "generate_patches", "generate_patches_from_list",
    )
]  # fmt: skip


@pytest.mark.parametrize("kind, name", METHODS)
def test_arguments_are_named_ordered_and_set_as_theirs(kind, name):
    oracle = getattr(theirs()[kind], name)
    assert spelt(getattr(getattr(compat, kind), name)) == spelt(oracle)


@pytest.mark.parametrize("shape", [(3, 16, 16, 2), (3, 8, 16, 16, 1)], ids=["SYXC", "SZYXC"])
def test_a_configuration_has_their_attributes_and_values(shape):
    X = np.random.default_rng(0).normal(50, 9, shape).astype(np.float32)
    ours, oracle = vars(compat.N2VConfig(X)), vars(theirs()["N2VConfig"](X))
    for key in ("means", "stds"):
        numbers = [float(value) for value in oracle.pop(key)]
        assert [float(value) for value in ours.pop(key)] == pytest.approx(numbers, rel=1e-4)
    assert ours == oracle


WRONG = [
    {"unet_n_depth": 0}, {"unet_residual": 1}, {"unet_last_activation": "elu"},
    {"train_loss": "laplace"}, {"train_epochs": 2.5}, {"train_learning_rate": 0},
    {"train_batch_size": 0}, {"train_tensorboard": "no"}, {"train_checkpoint": 3},
    {"train_reduce_lr": 0.5}, {"n2v_perc_pix": 0}, {"n2v_perc_pix": 101},
    {"n2v_patch_shape": (64,)}, {"n2v_patch_shape": 64}, {"n2v_manipulator": "__import__('os')"},
    {"n2v_neighborhood_radius": -1}, {"structN2Vmask": [[1, 1]]}, {"structN2Vmask": [[2]]},
    {"blurpool": None}, {"unet_input_shape": (None, 30, 1)}, {"stds": ["0.0"]},
    {"structN2Vmask": [[0, 1, 0]]}, {"unet_n_depth": 3}, {"train_reduce_lr": None},
]  # fmt: skip


@pytest.mark.parametrize("change", WRONG, ids=str)
def test_what_they_call_invalid_is_invalid_here_too(change):
    X = np.random.default_rng(0).normal(50, 9, (3, 16, 16, 1)).astype(np.float32)
    oracle = theirs()["N2VConfig"](X, **change).is_valid(return_invalid=True)
    assert compat.N2VConfig(X, **change).is_valid(return_invalid=True) == oracle


def test_the_module_of_their_classes_names_nothing_that_is_missing():
    text = inspect.getsource(compat)
    assert set(re.findall(r'^    "(\w+)",$', text, re.M)) == set(compat.__all__)
    assert all(hasattr(compat, name) for name in compat.__all__)
