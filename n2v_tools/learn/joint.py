"""A loss over all outputs of a network at once, which Keras' own losses cannot see together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import keras_backend
from .devices import whole_batch_loss


def compiled(net: Any, loss: Callable[[Any, Any], Any], optimizer: Any) -> Any:
    """Return `net` compiled, or, where it has several outputs, a model `joined` by its loss."""
    if len(net.outputs) > 1:
        net = joined(net, loss)
        net.compile(optimizer=optimizer)
    else:
        net.compile(optimizer=optimizer, loss=whole_batch_loss(loss))
    optimizer.build(net.trainable_variables)  # else the first step is traced twice
    return net


def joined(net: Any, loss: Callable[[Any, Any], Any]) -> Any:
    """Return a keras.Model of the same layers that minimises `loss` over all outputs of `net`.

    The loss takes (targets, predictions), tuples with one tensor for each output, and gives a
    scalar or an error for each sample. What layers add by ``add_loss`` is added to its mean.
    """
    tf = keras_backend.load()

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
            total = tf.reduce_mean(loss(tuple(y), tuple(y_pred)))
            if self.losses:
                total += tf.add_n([tf.reduce_sum(one) for one in self.losses])
            self._mean_loss.update_state(total)
            return total

        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any:
            return {"loss": self._mean_loss.result()}

    return Joined(inputs=net.inputs, outputs=net.outputs)
