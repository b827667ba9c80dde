"""One batch on several GPUs, so that the result is that of one.

Each GPU keeps a copy of the network and takes its part of every batch; gradients are added
up. What a method minimises is normalised by the whole batch (hidden pixels are not spread
evenly), so the loss is computed from the whole batch's predictions on every GPU.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .. import keras_backend

Loss = Callable[[Any, Any], Any]


@contextlib.contextmanager
def spread(batch_size: int) -> Iterator[int]:
    """Let what is built in here learn on all GPUs that TensorFlow sees; how many share a batch.

    ``CUDA_VISIBLE_DEVICES`` says which. A batch of fewer patches than GPUs takes as many GPUs as it
    has patches; `batch_size` counts those of a step, on all GPUs together. 1 is the processor or
    the only GPU.
    """
    devices = tuple(keras_backend.gpu_devices()[:batch_size])
    if len(devices) < 2:
        yield 1
        return
    with _mirrored(devices).scope():
        yield len(devices)


def whole_batch_loss(loss: Loss) -> Loss:
    """Make `loss` see the whole batch where each device holds a part of it.

    It takes (target, prediction), normalised by the whole batch as it likes, and stays the same on
    one device. On several each returns the loss of the whole batch, and the mean of their
    gradients, which is what Keras takes, is its gradient.
    """
    if n_devices() == 1:
        return loss

    @functools.wraps(loss)
    def of_all(target: Any, prediction: Any) -> Any:
        target, prediction = _gathered([target, prediction])
        return loss(target, prediction)

    return of_all


def n_devices() -> int:
    """How many devices share a batch, here."""
    n: int = keras_backend.load().distribute.get_strategy().num_replicas_in_sync
    return n


@functools.cache
def _mirrored(devices: Sequence[str]) -> Any:
    """The strategy; made once, since two that add up over the same devices disturb each other."""
    return keras_backend.load().distribute.MirroredStrategy(list(devices))


def _gathered(parts: Sequence[Any]) -> list[Any]:
    """Join every device's part along the batch: (n, ...) -> (N, ...), with gradients.

    Each part is put in its place among zeros and all are added up: `all_gather` would be
    shorter, but fails in a training step (TensorFlow 2.15.1).
    """
    tf = keras_backend.load()
    context = tf.distribute.get_replica_context()
    add_up, plus = context.all_reduce, tf.distribute.ReduceOp.SUM
    number = tf.cast(context.replica_id_in_sync_group, tf.int32)
    one_hot = tf.one_hot(number, context.num_replicas_in_sync)
    # In float32, which every means of communication adds up; a batch is far below 2**24.
    sizes = tf.cast(add_up(plus, one_hot * tf.cast(tf.shape(parts[0])[0], tf.float32)), tf.int32)
    around = [tf.reduce_sum(sizes[:number]), tf.reduce_sum(sizes[number + 1 :])]
    return [
        add_up(plus, tf.pad(part, [around, *[[0, 0]] * (part.shape.rank - 1)])) for part in parts
    ]
