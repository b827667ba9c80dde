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


KINDS = ("CARE", "N2V", "N2VConfig", "N2V_DataGenerator")


def public(oracle):
    """Names of what users may call, inherited ones too, and the constructor."""
    return [name for name in dir(oracle) if name == "__init__" or not name.startswith("_")]


@pytest.mark.parametrize("kind", KINDS)
def test_every_public_method_is_there_with_arguments_named_ordered_and_set_as_theirs(kind):
    oracle, ours = theirs()[kind], getattr(compat, kind)
    for name in public(oracle):
        assert callable(getattr(oracle, name))  # an attribute of the class would need its own test
        assert spelt(getattr(ours, name)) == spelt(getattr(oracle, name)), name


def test_a_model_has_their_attributes_before_and_after_training(tmp_path, monkeypatch):
    monkeypatch.setattr(np, "product", np.prod, raising=False)  # n2v's, gone with NumPy 2
    X = np.random.default_rng(0).normal(50, 9, (8, 16, 16, 1)).astype(np.float32)
    options = {"unet_n_depth": 1, "unet_n_first": 4, "n2v_patch_shape": (16, 16)}
    options |= {"train_epochs": 1, "train_steps_per_epoch": 1, "train_tensorboard": False}
    theirs_, ours = (
        module["N2V"](module["N2VConfig"](X, **options), f"m{i}", str(tmp_path))
        for i, module in enumerate((theirs(), vars(compat)))
    )
    assert vars(theirs_).keys() <= vars(ours).keys()
    assert {type(theirs_.logdir), type(theirs_.basedir)} == {type(ours.logdir), type(ours.basedir)}
    histories = [model.train(X[:6], X[6:]) for model in (theirs_, ours)]
    assert vars(theirs_).keys() <= vars(ours).keys()
    assert vars(histories[0]).keys() == vars(histories[1]).keys()
    assert histories[0].history.keys() == histories[1].history.keys()
    kept = ({path.name for path in model.logdir.iterdir()} for model in (theirs_, ours))
    assert next(kept) - {"logs"} == next(kept)
    kinds = [[type(c).__name__ for c in model.callbacks] for model in (theirs_, ours)]
    assert [kind for kind in kinds[0] if kind != "CARETensorBoardImage"] == kinds[1]  # D16


def test_a_net_of_n2v_is_not_probabilistic():
    with pytest.raises(ValueError, match="not a probabilistic model"):
        compat.N2V.predict_probabilistic(None, None, "YX")


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
