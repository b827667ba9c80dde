"""Comparison of a Keras net with the sketch that should describe it.

Notebooks may put any net in the place of ours, or change a layer. Another engine makes
its net from the sketch, so every layer is compared with its step before that.
"""

from __future__ import annotations

from typing import Any

from ..nets.builder import BATCH_NORM_EPSILON
from ..nets.sketch import Sketch, Step

PACKAGES = ("keras", "tf_keras", "n2v_tools")  # a user's class may bear a known name
EACH = ("kernel_size", "strides", "dilation_rate", "pool_size", "size", "channel")
FIXED = {
    "Conv": {"padding": "same", "groups": 1, "use_bias": True, "data_format": "channels_last"},
    "BatchNormalization": {"epsilon": BATCH_NORM_EPSILON, "center": True, "scale": True},
    "MaxPooling": {"data_format": "channels_last"},
    "UpSampling": {"interpolation": "nearest", "data_format": "channels_last"},
}


def layers_of(net: Any, sketch: Sketch) -> dict[Step, Any] | None:
    """Find the layer of each step; None if the net computes anything but what the sketch says."""
    if type(net).__name__ != "Functional" or len(net.inputs) != 1 or len(net.outputs) != 1:
        return None
    last_axis = len(net.input_shape) - 1
    layers: dict[Step, Any] = {}
    tensors: dict[Step, Any] = {sketch.input: net.input}
    to_do = [(sketch.output, net.output)]
    while to_do:
        step, tensor = to_do.pop()
        if step in tensors:
            if tensors[step] is not tensor:
                return None
            continue
        layer, node, _ = tensor._keras_history
        sources = layer.inbound_nodes[node].keras_inputs
        if not _is_step(layer, step, last_axis) or len(sources) != len(step.sources):
            return None
        tensors[step], layers[step] = tensor, layer
        to_do.extend(zip(step.sources, sources, strict=True))
    return layers


def _is_step(layer: Any, step: Step, last_axis: int) -> bool:
    """Whether a layer is of a step's kind, with the same options and shapes of weights."""
    kind = type(layer)
    if kind.__name__ != step.kind or kind.__module__.split(".")[0] not in PACKAGES:
        return False
    if any(getattr(layer, name, getattr(step, name)) != getattr(step, name) for name in EACH):
        return False
    fixed = next((options for start, options in FIXED.items() if step.kind.startswith(start)), {})
    if any(getattr(layer, name, value) != value for name, value in fixed.items()):
        return False
    if getattr(getattr(layer, "activation", None), "__name__", step.activation) != step.activation:
        return False
    axis = getattr(layer, "axis", -1)
    if [axis] not in ([-1], [last_axis]) and axis != [last_axis]:  # batch norm keeps a list
        return False
    return [tuple(weight.shape) for weight in layer.weights] == step.weight_shapes
