"""Whatever changes the weights of keras_model, the next prediction is by the new ones."""

import copy
import logging

import numpy as np
import pytest
from compat_fakes import small, waves
from n2v_oracle import shuffle_weights

from n2v_tools import keras_backend, openvino_backend
from n2v_tools.compat import CARE, N2V
from n2v_tools.compat import present as engine
from n2v_tools.nets.unet import NetSettings
from n2v_tools.restore import openvino_engine

needs_openvino = pytest.mark.skipif(
    not openvino_backend.available(), reason="there are no OpenVINO wheels for this system"
)
NOISY = waves(1, 20, 24)[0, ..., 0]


def made(**kwargs):
    model = N2V(small(waves(4, 16, 16), unet_n_depth=2, **kwargs), "m", None)
    shuffle_weights(model.keras_model)
    model.precision = "float32"
    return model


def by_keras(model, image=NOISY):
    """What keras_model itself makes of an image whose size fits."""
    mean, std = float(model.config.means[0]), float(model.config.stds[0])
    normalised = (image[np.newaxis, ..., np.newaxis] - mean) / std
    return model.keras_model(normalised, training=False).numpy()[0, ..., 0] * std + mean


def require_present(model):
    found, expected = model.predict(NOISY, "YX"), by_keras(model)
    np.testing.assert_allclose(found, expected, atol=1e-5 * expected.std(), rtol=1e-5)
    return found


def require_change(model, change):
    before = require_present(model)
    change()
    after = require_present(model)
    assert np.abs(after - before).max() > 1e-3 * before.std()


def one_bias(model):
    return model.keras_model.get_layer("channel_0down_level_0_no_0").bias


def test_set_weights_and_one_value_of_one_variable_are_seen():
    model = made()
    net = model.keras_model
    require_change(model, lambda: net.set_weights([0.9 * w for w in net.get_weights()]))
    bias = one_bias(model)
    require_change(model, lambda: bias.assign(bias + 3))
    norm = next(layer for layer in net.layers if "batch_norm" in layer.name)
    require_change(model, lambda: norm.moving_mean.assign(norm.moving_mean + 1))


def test_a_weight_file_and_another_net_are_seen(tmp_path):
    model, other = made(), made()
    other.keras_model.set_weights([0.9 * w for w in other.keras_model.get_weights()])
    path = tmp_path / "w.h5"
    other.keras_model.save_weights(str(path))
    require_change(model, lambda: model.keras_model.load_weights(str(path)))
    other.keras_model.set_weights([0.9 * w for w in other.keras_model.get_weights()])
    require_change(model, lambda: setattr(model, "keras_model", other.keras_model))


def test_every_epoch_of_a_training_is_seen_by_callbacks_and_after_it():
    X, model, seen = waves(24, 16, 16), made(train_learning_rate=0.01), []
    model.prepare_for_training()
    model.callbacks.append(
        keras_backend.load().keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: seen.append(
                (model.predict(NOISY, "YX"), model.keras_model.get_weights())
            )
        )
    )
    model.train(X[:16], X[16:], epochs=3)
    require_present(model)
    for predicted, weights in seen:
        model.keras_model.set_weights(weights)
        np.testing.assert_allclose(predicted, by_keras(model), rtol=1e-5, atol=1e-3)


@needs_openvino
def test_the_same_weights_are_compiled_once(monkeypatch):
    model, compiled = made(), []
    compile_for_cpu = openvino_backend.compile_for_cpu
    monkeypatch.setattr(
        openvino_backend,
        "compile_for_cpu",
        lambda *arguments: compiled.append(arguments) or compile_for_cpu(*arguments),
    )
    for _ in range(3):
        model.predict(NOISY, "YX")
    model.config.means = ["90.0"]
    require_present(model)
    assert len(compiled) == 1


@needs_openvino
@pytest.mark.parametrize("error, precision", [(0.004, "bfloat16"), (0.006, "float32")])
def test_auto_is_what_the_trial_of_n2v_denoise_says(error, precision, monkeypatch, caplog):
    monkeypatch.setattr(openvino_backend, "fast_precision", lambda: ("bfloat16", "as told"))
    asked = []
    monkeypatch.setattr(
        openvino_engine,
        "precision_error",
        lambda *_, in_percentiles: asked.append(in_percentiles) or error,
    )
    model = made()
    assert N2V.precision == CARE.precision == "auto"
    del model.precision
    with caplog.at_level(logging.INFO):
        model.predict(NOISY, "YX")
    assert f"OpenVINO in {precision}" in caplog.text
    one_bias(model).assign(one_bias(model) + 1)
    model.predict(NOISY, "YX")
    assert asked == [False, False]  # other weights, another trial


def test_a_precision_that_is_none_is_refused():
    model = made()
    model.precision = "float16"
    with pytest.raises(ValueError, match="auto, float32, bfloat16"):
        model.predict(NOISY, "YX")


def replaced(model, kind):
    """Put a net in the place of keras_model that config does not describe."""
    keras = keras_backend.load().keras
    net = model.keras_model
    if kind == "another layer":
        out = keras.layers.LeakyReLU()(net.output)
        model.keras_model = keras.Model(net.input, out)
    elif kind == "another activation":
        net = NetSettings(2, depth=2, first_filters=4, last_activation="relu").build()
        model.keras_model = net
    elif kind == "another depth":
        model.keras_model = NetSettings(2, depth=1, first_filters=4).build()
    elif kind == "a class of one's own":
        inputs = keras.Input((None, None, 1))
        model.keras_model = type("Own", (keras.Model,), {})(inputs, net(inputs))
    elif kind == "a layer of unknown reach":
        tf = keras_backend.load()
        out = keras.layers.Lambda(
            lambda x: x - tf.reduce_mean(x, (1, 2), keepdims=True), name="own"
        )
        model.keras_model = keras.Model(net.input, out(net.output))
    elif kind == "another epsilon":
        config = net.get_config()
        for layer in config["layers"]:
            if layer["class_name"] == "BatchNormalization":
                layer["config"]["epsilon"] = 0.5
        model.keras_model = type(net).from_config(config)


@pytest.mark.filterwarnings("ignore:.*in one piece")
@pytest.mark.parametrize(
    "kind",
    ["another layer", "another activation", "another depth", "a class of one's own",
     "a layer of unknown reach", "another epsilon"],
)  # fmt: skip
def test_a_net_of_ones_own_predicts_as_it_is_and_it_is_said_that_tensorflow_does(kind):
    model = made()
    require_present(model)
    replaced(model, kind)
    pattern = "TensorFlow predicts" if openvino_backend.available() else "."
    with pytest.warns(UserWarning, match=pattern):
        require_present(model)
    if kind == "a layer of unknown reach":  # in one piece, even if tiles are asked for
        found = model.predict(NOISY, "YX", n_tiles=(2, 2))
        np.testing.assert_allclose(found, by_keras(model), rtol=1e-5, atol=1e-3)


def test_without_openvino_tensorflow_predicts_and_says_so_once(monkeypatch, recwarn):
    monkeypatch.setattr(openvino_backend, "available", lambda: False)
    engine._engine.cache_clear()
    try:
        for _ in range(2):
            require_present(made())
        model = made()
        require_change(model, lambda: one_bias(model).assign(one_bias(model) + 3))
    finally:
        engine._engine.cache_clear()
    assert [str(w.message) for w in recwarn if "OpenVINO is not installed" in str(w.message)]
    assert len(recwarn) == 1
    assert recwarn[0].filename == __file__


def test_a_model_that_has_predicted_can_be_copied():
    model = made()
    expected = require_present(model)
    np.testing.assert_array_equal(copy.deepcopy(model).predict(NOISY, "YX"), expected)
