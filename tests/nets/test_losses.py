import numpy as np
import pytest
from n2v_oracle import import_n2v
from numpy.random import default_rng

from n2v_tools import keras_backend
from n2v_tools.errors import SettingsError
from n2v_tools.nets.losses import masked_loss, recorrupted_loss

tf = keras_backend.load()


def batch(hidden=0.1):
    rng = default_rng(0)
    target = rng.normal(size=(3, 8, 8, 2)).astype(np.float32)
    mask = (rng.random(target.shape) < hidden).astype(np.float32)
    predicted = rng.normal(size=target.shape).astype(np.float32)
    return target, mask, predicted


@pytest.mark.parametrize(("kind", "power"), [("mse", 2), ("mae", 1)])
def test_loss_is_the_mean_error_over_the_hidden_pixels(kind, power):
    target, mask, predicted = batch()
    expected = (np.abs(target - predicted)[mask > 0] ** power).mean()
    loss = masked_loss(kind)(np.concatenate([target, mask], -1), predicted)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_pixels_that_are_not_hidden_do_not_count():
    target, mask, predicted = batch()
    truth = np.concatenate([target, mask], -1)
    other = predicted + 100 * (1 - mask)
    assert masked_loss("mse")(truth, predicted) == masked_loss("mse")(truth, other)


@pytest.mark.parametrize("kind", ["mse", "mae"])
def test_a_batch_without_hidden_pixels_has_loss_and_gradient_zero(kind):
    target, mask, predicted = batch(hidden=0)
    predicted = tf.constant(predicted)
    with tf.GradientTape() as tape:
        tape.watch(predicted)
        loss = masked_loss(kind)(np.concatenate([target, mask], -1), predicted)
    assert float(loss) == 0
    assert not np.any(tape.gradient(loss, predicted))


@pytest.mark.parametrize("kind", ["mse", "mae"])
def test_loss_is_that_of_n2v(kind):
    import_n2v()
    from n2v.internals import n2v_losses

    target, mask, predicted = batch()
    truth = np.concatenate([target * mask, mask], -1)
    theirs = getattr(n2v_losses, f"loss_{kind}")()(tf.constant(truth), tf.constant(predicted))
    assert float(masked_loss(kind)(truth, predicted)) == pytest.approx(float(theirs), rel=1e-6)


def test_large_sums_do_not_suffer_from_bfloat16():
    truth = tf.ones((4, 64, 64, 2), tf.bfloat16)
    loss = masked_loss("mse")(truth, tf.fill((4, 64, 64, 1), tf.constant(0.5, tf.bfloat16)))
    assert loss.dtype == tf.float32
    assert float(loss) == pytest.approx(0.25, rel=1e-6)


def test_an_unknown_loss_is_refused():
    with pytest.raises(SettingsError, match="mse, mae"):
        masked_loss("rmse")


def test_recorrupted_loss_differs_from_the_squared_error_of_shifted_targets_by_a_constant():
    rng = np.random.default_rng(0)
    target, shift = rng.normal(size=(2, 2, 8, 8, 1)).astype(np.float32)
    weight = np.ones_like(target)
    truth = np.concatenate([target, weight, shift], axis=-1)
    differences = [
        float(recorrupted_loss()(truth, p)) - float(np.mean((p - (target - shift)) ** 2))
        for p in rng.normal(size=(3, *target.shape)).astype(np.float32)
    ]
    np.testing.assert_allclose(differences, -np.mean(shift**2), rtol=1e-4)


def test_recorrupted_loss_without_shift_is_the_masked_loss():
    rng = np.random.default_rng(1)
    target, predicted = rng.normal(size=(2, 2, 8, 8, 1)).astype(np.float32)
    mask = (rng.random(target.shape) < 0.1).astype(np.float32)
    masked = masked_loss("mse")(np.concatenate([target, mask], axis=-1), predicted)
    truth = np.concatenate([target, mask, np.zeros_like(mask)], axis=-1)
    np.testing.assert_allclose(recorrupted_loss()(truth, predicted), masked, rtol=1e-5)
