import numpy as np
import pytest
from n2v_oracle import import_n2v
from numpy.random import default_rng

from n2v_tools import keras_backend

keras = keras_backend.load().keras
layers = pytest.importorskip("n2v_tools.nets.layers")


def test_maxblurpool_gives_the_numbers_of_n2v():
    import_n2v()
    from n2v.nets.blurpool import MaxBlurPool2D

    x = default_rng(0).normal(size=(2, 12, 18, 3)).astype(np.float32)
    np.testing.assert_allclose(layers.MaxBlurPool()(x), MaxBlurPool2D((2, 2))(x), atol=1e-6)


def test_maxblurpool_in_3d_is_the_2d_one_along_an_axis_that_does_not_change():
    plane = default_rng(0).normal(size=(1, 8, 12, 2)).astype(np.float32)
    volume = np.repeat(plane[:, None], 8, axis=1)
    pooled = layers.MaxBlurPool()(volume)
    assert pooled.shape == (1, 4, 4, 6, 2)
    np.testing.assert_allclose(pooled[:, 1], layers.MaxBlurPool()(plane), atol=1e-6)


def test_maxblurpool_in_3d_treats_z_y_and_x_alike():
    volume = default_rng(0).normal(size=(1, 8, 8, 8, 1)).astype(np.float32)
    turned = volume.transpose(0, 3, 1, 2, 4)
    expected = np.asarray(layers.MaxBlurPool()(volume)).transpose(0, 3, 1, 2, 4)
    np.testing.assert_allclose(layers.MaxBlurPool()(turned), expected, atol=1e-6)


@pytest.mark.parametrize("make", [lambda: layers.MaxBlurPool(), lambda: layers.ChannelSlice(1)])
def test_layers_survive_serialisation_without_a_lambda(make):
    inputs = keras.Input((8, 8, 2))
    model = keras.Model(inputs, make()(inputs))
    again = keras.models.model_from_json(model.to_json())
    x = default_rng(0).normal(size=(1, 8, 8, 2)).astype(np.float32)
    assert model.output_shape == again.output_shape
    np.testing.assert_array_equal(again(x), model(x))
    assert "Lambda" not in model.to_json()
