"""Memory that a network needs per pixel of its input, in either engine.

An engine frees a tensor after its last use, so the peak of a forward pass is the
largest sum of tensors alive at once: for a U-Net, the two branches that meet at the
topmost concatenation and, in TensorFlow, their union. TensorFlow's traced graph is
walked, not the list of layers, so any network can be asked; for OpenVINO the sketch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..nets.sketch import Sketch, Step

# Measured peak over the sum of live tensors, TensorFlow 2.15 on CPU, U-Nets with 32 and 64
# first filters, tiles of 256 to 1024 px: 1.6. oneDNN's reordered copies make the difference.
MEASURED_OVERHEAD = 1.7

N_TILES = 16  # in one trace: no edge of a kernel, which is odd, so that no weight looks like a tile

# These hand their first input's memory on to their output once nobody else needs it.
IN_PLACE = {
    "Identity", "Relu", "BiasAdd", "FusedBatchNormV3", "AddV2", "Mul", "Sub", "RealDiv",
    "Softplus", "Reshape", "ExpandDims", "Squeeze",
}  # fmt: skip

# Measured peak over the sum of live tensors, OpenVINO 2026.4, tiles of 768 px and 128 px deep
# volumes: 1.03 to 1.14; weights and their reordered copies come on top, whatever the tile.
OPENVINO_OVERHEAD = 1.2
FUSED = {"Activation", "Add", "BatchNormalization", "Concatenate"}


def bytes_per_px(function: Any, block_px: Sequence[int], n_channels: int) -> int:
    """Estimate the working memory of one forward pass, in bytes per pixel of the tile.

    Input and output of the tile are included. `function` is a tf.function of one float32 tensor of
    shape (N, [Z,] Y, X, C), and `n_channels` is C; tile sizes must be multiples of `block_px`, one
    per spatial axis.
    """
    from .. import keras_backend

    tf = keras_backend.load()
    sizes = [8 * block for block in block_px]
    spec = tf.TensorSpec((N_TILES, *sizes, n_channels), tf.float32)
    # Traced anew: a trace for any number of tiles, made for a prediction, hides their number.
    graph = tf.function(function.python_function, autograph=False).get_concrete_function(spec).graph
    return math.ceil(MEASURED_OVERHEAD * _peak_bytes(graph, sizes) / (N_TILES * math.prod(sizes)))


def _peak_bytes(graph: Any, sizes: Sequence[int]) -> int:
    """Walk the operations in order, keeping account of the tensors alive."""
    n_pixels = N_TILES * math.prod(sizes)
    alive: dict[str, int] = {}
    uses: dict[str, int] = {}
    peak = 0
    for operation in graph.get_operations():
        for tensor in operation.outputs:
            uses[tensor.name] = len(tensor.consumers())
    for operation in graph.get_operations():
        for tensor in operation.inputs:
            uses[tensor.name] -= 1
        takes_over = (
            operation.type in IN_PLACE
            and operation.inputs
            and alive.get(operation.inputs[0].name)
            and uses[operation.inputs[0].name] == 0
        )
        freed = {t.name: alive.pop(t.name, 0) for t in operation.inputs if not uses[t.name]}
        for tensor in operation.outputs:
            alive[tensor.name] = _activation_bytes(tensor)
        inputs_too = 0 if takes_over else sum(freed.values())
        peak = max(peak, sum(alive.values()) + inputs_too)
        for tensor in operation.outputs:
            if uses[tensor.name] == 0:
                alive.pop(tensor.name)
    return max(peak, 8 * n_pixels)


def _activation_bytes(tensor: Any) -> int:
    """Size of a tensor of activations; weights and shapes count nothing."""
    shape = tensor.shape
    if shape.rank is None or shape.rank < 4 or not shape.is_fully_defined() or shape[0] != N_TILES:
        return 0
    return int(math.prod(shape)) * tensor.dtype.size


def sketch_bytes_per_px(sketch: Sketch, bytes_per_value: int) -> int:
    """Estimate the working memory of one forward pass in OpenVINO, in bytes per pixel of the tile.

    Input and output of the tile are included. `bytes_per_value` is 2 for bfloat16, 4 for float32.
    """
    made = [step for step in sketch.steps if not _is_fused(step)]
    last_use = {read: i for i, step in enumerate(made) for read in _made_by(step.sources)}
    alive: dict[Step, float] = {}
    peak = 0.0
    for i, step in enumerate(made):
        alive[step] = step.channels / step.scale**sketch.settings.n_dim
        peak = max(peak, sum(alive.values()))
        alive = {
            one: size for one, size in alive.items() if last_use.get(one, i) > i or one is step
        }
    in_and_out = 4 * (sketch.settings.channels_in + sketch.settings.n_channels)
    return math.ceil(OPENVINO_OVERHEAD * (bytes_per_value * peak + in_and_out))


def _is_fused(step: Step) -> bool:
    """Whether a step makes no tensor of its own in the net of `nets.openvino_net`."""
    return step.kind in FUSED or step.kind.startswith("UpSampling")


def _made_by(steps: Sequence[Step]) -> list[Step]:
    """The steps whose tensors stand behind these, through those that are fused."""
    found = []
    for step in steps:
        found += _made_by(step.sources) if _is_fused(step) else [step]
    return found
