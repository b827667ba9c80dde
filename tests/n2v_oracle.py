"""n2v itself, to compare with, where it can be imported."""

import numpy as np
import pytest


def import_n2v():
    """The classes N2V and N2VConfig; skips where n2v or what it needs is too new or missing."""
    from n2v_tools import keras_backend

    keras_backend.load()
    try:
        from n2v.models import N2V, N2VConfig
    except Exception as error:  # a broken dependency may raise anything
        pytest.skip(f"n2v cannot be imported here: {type(error).__name__}: {error}")
    return N2V, N2VConfig


def shuffle_weights(net, seed=0):
    """Give a net weights that are neither zero nor one anywhere, moving statistics included."""
    rng = np.random.default_rng(seed)
    for layer in net.layers:
        if "blur" in type(layer).__name__.lower():
            continue
        values = []
        for weight in layer.get_weights():
            spread = 0.3 if weight.ndim == 1 else 1.5 / np.sqrt(np.prod(weight.shape[:-1]))
            value = spread * rng.normal(size=weight.shape)
            positive = weight.ndim == 1 and np.all(weight == 1)  # gamma and variance
            values.append(np.exp(value) if positive else value)
        layer.set_weights(values)
