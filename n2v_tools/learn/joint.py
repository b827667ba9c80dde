"""A loss over all outputs of a network at once, and steps that leave out what is not finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import keras_backend
from .devices import n_devices, whole_batch_loss


def compiled(
    net: Any, loss: Callable[[Any, Any], Any], optimizer: Any, *, skip_broken: bool = False
) -> Any:
    """Return `net` compiled, or a model `joined` by its loss.

    That is where it has several outputs, or steps whose loss or gradients are not finite are to
    change nothing.
    """
    if len(net.outputs) > 1 or skip_broken:
        net = joined(net, loss, skip_broken=skip_broken)
        net.compile(optimizer=optimizer)
    else:
        net.compile(optimizer=optimizer, loss=whole_batch_loss(loss))
    optimizer.build(net.trainable_variables)  # else the first step is traced twice
    return net


def joined(net: Any, loss: Callable[[Any, Any], Any], *, skip_broken: bool = False) -> Any:
    """Return a keras.Model of the same layers that minimises `loss` over all outputs of `net`.

    The loss takes (targets, predictions), tuples with one tensor for each of several outputs, and
    gives a scalar or an error for each sample. What layers add by ``add_loss`` is added to its
    mean. With `skip_broken` the logs of a step say whether it was ``skipped``, 0 or 1, and the
    mean loss is that of the others.
    """
    tf = keras_backend.load()
    several = len(net.outputs) > 1
    whole = loss if several else whole_batch_loss(loss)

    class Joined(tf.keras.Model):  # type: ignore[name-defined]
        """Keras' own steps with one loss; `fit` and `evaluate` report it."""

        def __init__(self, **known: Any) -> None:
            super().__init__(**known)
            self._mean_loss = tf.keras.metrics.Mean(name="loss")

        @property
        def metrics(self) -> list[Any]:
            return [self._mean_loss]

        def compute_loss(
            self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None
        ) -> Any:
            both = (tuple(y), tuple(y_pred)) if several else (y, y_pred)
            total = tf.reduce_mean(whole(*both))
            if self.losses:
                total += tf.add_n([tf.reduce_sum(one) for one in self.losses])
            if not skip_broken:
                self._mean_loss.update_state(total)
                return total
            finite = tf.math.is_finite(total)
            shown = tf.where(finite, total, tf.zeros_like(total))
            self._mean_loss.update_state(shown, tf.cast(finite, shown.dtype))
            return total

        def train_step(self, data: Any) -> Any:
            if not skip_broken:
                return super().train_step(data)
            x, y, _ = tf.keras.utils.unpack_x_y_sample_weight(data)
            with tf.GradientTape() as tape:
                total = self.compute_loss(x, y, self(x, training=True))
            gradients = tape.gradient(total, self.trainable_variables)
            finite = tf.reduce_all(
                [tf.reduce_all(tf.math.is_finite(one)) for one in [total, *gradients]]
            )
            _apply_if(finite, self.optimizer, gradients, self.trainable_variables)
            logs = self.compute_metrics(x, y, None, None)
            return {**logs, "skipped": 1 - tf.cast(finite, tf.float32)}

        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any:
            return {"loss": self._mean_loss.result()}

    return Joined(inputs=net.inputs, outputs=net.outputs)


def _apply_if(finite: Any, optimizer: Any, gradients: Any, variables: Any) -> None:
    """Take a step if all of it is finite."""
    tf = keras_backend.load()
    if n_devices() == 1:
        pairs = list(zip(gradients, variables, strict=True))

        def take() -> Any:
            optimizer.apply_gradients(pairs)
            return tf.constant(0)

        tf.cond(finite, take, lambda: tf.constant(0))
        return
    # Devices cannot add up within a branch: there a step without a gradient is taken.
    safe = [tf.where(finite, one, tf.zeros_like(one)) for one in gradients]
    optimizer.apply_gradients(zip(safe, variables, strict=True))
