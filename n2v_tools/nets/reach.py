"""Reach of a network: how far one pixel acts, and so the halo that tiles need.

Walked backwards through the graph, Keras' or a sketch of it, with whole numbers: which
input pixels can an output pixel see? Poolings make the answer depend on where the
output pixel lies within a block, so it is asked for every place within one. No table,
no guess: a layer that the walk does not know is refused.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from ..errors import ModelError
from .sketch import Sketch, Step

POINTWISE = {
    "Activation", "Add", "AlphaDropout", "Average", "BatchNormalization", "ChannelSlice",
    "Concatenate", "Dropout", "ELU", "GaussianDropout", "GaussianNoise", "InputLayer",
    "LeakyReLU", "Maximum", "Minimum", "Multiply", "PReLU", "ReLU", "SpatialDropout2D",
    "SpatialDropout3D", "Subtract",
}  # fmt: skip
CONVOLUTIONS = {"Conv2D", "Conv3D", "DepthwiseConv2D", "SeparableConv2D"}
TRANSPOSED = {"Conv2DTranspose", "Conv3DTranspose"}
POOLINGS = {"MaxPooling2D", "MaxPooling3D", "AveragePooling2D", "AveragePooling3D"}


def net_reach(model: Any) -> tuple[int, ...]:
    """How many pixels away an input pixel can still change an output pixel, per spatial axis.

    Exact, for sizes that are multiples of `net_block`. Rounded up to the block it is a
    halo with which tiles cannot be told from the whole; `net_halo` is the smallest one.
    Output pixel i is taken to belong to input pixel i.

    The model is a keras.Model or a Sketch: functional, with outputs of shape
    ``(N, [Z,] Y, X, C)``; of several outputs the farthest counts. The image is its first input;
    others may only go into layers that take them where they are, see `reads_first_pointwise`.
    ModelError if it has a layer that this module does not know.
    """
    order, reach = _calls(model), []
    for axis, block in enumerate(net_block(model)):
        low, high = _seen(model, order, axis, block)
        places = np.arange(block)
        reach.append(int(max((places - low).max(), (high - places).max())))
    return tuple(reach)


def net_halo(model: Any) -> tuple[int, ...]:
    """Smallest halo for tiles cut at multiples of the block, itself one, in pixels per axis.

    Often a block less than the reach rounded up: the pixel that acts farthest lies
    inside a block, never at its cut edge. See `net_reach`.
    """
    order, halo = _calls(model), []
    for axis, block in enumerate(net_block(model)):
        low, high = _seen(model, order, axis, block)
        outside = max(-low.min(), high.max() - (block - 1))  # of a kept block
        halo.append(-(-int(outside) // block) * block)
    return tuple(halo)


def net_block(model: Any) -> tuple[int, ...]:
    """Sizes the net takes must be multiples of this, in pixels per axis; see `net_reach`."""
    order = _calls(model)
    return tuple(_block(model, order, axis) for axis in range(_n_dim(model)))


def _seen(model: Any, order: list[Any], axis: int, block: int) -> tuple[Any, Any]:
    """First and last input pixel that each output pixel of a block sees: two (block,) arrays."""
    places = np.arange(block)
    seen = {id(output): (places, places) for output in _outputs(model)}
    for layer, sources, result in reversed(order):
        low, high = _seen_by(layer, axis, *seen[id(result)])
        for source in sources:
            old_low, old_high = seen.get(id(source), (low, high))
            seen[id(source)] = (np.minimum(old_low, low), np.maximum(old_high, high))
    return seen[id(_input(model))]


def _seen_by(layer: Any, axis: int, low: Any, high: Any) -> tuple[Any, Any]:
    """First and last input index that the outputs from `low` to `high` depend on."""
    kind = _kind(layer)
    if kind in CONVOLUTIONS | POOLINGS:
        width, stride = _window(layer, axis)
        before = max(width - stride, 0) // 2 if layer.padding == "same" else 0
        return low * stride - before, high * stride - before + width - 1
    if kind in TRANSPOSED:
        width, stride = _window(layer, axis)
        return -((width - 1 - low) // stride), high // stride
    if kind == "MaxBlurPool":  # max of 2, then 1-2-1, all zeros at the end
        return 2 * low, 2 * high + 3
    if kind.startswith("UpSampling"):
        return low // layer.size[axis], high // layer.size[axis]
    if kind.startswith("Cropping"):
        return low + layer.cropping[axis][0], high + layer.cropping[axis][0]
    if kind.startswith("ZeroPadding"):
        return low - layer.padding[axis][0], high - layer.padding[axis][0]
    return low, high


def _block(model: Any, order: list[Any], axis: int) -> int:
    """Least common multiple of the factors by which tensors are smaller than the input."""
    scale = {id(_input(model)): Fraction(1)}  # input pixels per pixel of the tensor
    for layer, sources, result in order:
        found = {scale[id(source)] for source in sources}
        if len(found) != 1:
            raise ModelError(f"layer {layer.name!r} joins images of different scales; no net can.")
        scale[id(result)] = found.pop() * _shrinks(layer, axis)
    if any(scale[id(output)] != 1 for output in _outputs(model)):
        raise ModelError("the net's output is not of its input's size; it cannot restore tiles.")
    return math.lcm(*(s.numerator for s in scale.values()))


def _shrinks(layer: Any, axis: int) -> Fraction:
    """How many input pixels one output pixel of this layer stands for."""
    kind = _kind(layer)
    if kind in CONVOLUTIONS | POOLINGS:
        return Fraction(_window(layer, axis)[1])
    if kind in TRANSPOSED:
        return Fraction(1, _window(layer, axis)[1])
    if kind == "MaxBlurPool":
        return Fraction(2)
    if kind.startswith("UpSampling"):
        return Fraction(1, layer.size[axis])
    return Fraction(1)


def _window(layer: Any, axis: int) -> tuple[int, int]:
    """Width, dilation included, and stride of a convolution or pooling, in pixels."""
    if _kind(layer) in POOLINGS:
        return layer.pool_size[axis], layer.strides[axis]
    return (layer.kernel_size[axis] - 1) * layer.dilation_rate[axis] + 1, layer.strides[axis]


def _calls(model: Any) -> list[tuple[Any, list[Any], Any]]:
    """Each layer call with the tensors it reads and makes, sources before results."""
    if isinstance(model, Sketch):  # a step is both a layer and what it makes
        return [(step, list(step.sources), step) for step in model.steps]
    calls: list[tuple[Any, list[Any], Any]] = []
    done = {id(_input(model))}

    def visit(tensor: Any) -> None:
        if id(tensor) in done:
            return
        done.add(id(tensor))
        layer, node, _ = tensor._keras_history
        sources = layer.inbound_nodes[node].keras_inputs
        _require_known(layer)
        # Of the second, what brings to its size takes only that.
        if _kind(layer) == "UpSamplingLike" or _is_pointwise_in_first(layer):
            sources = sources[:1] if isinstance(sources, (list, tuple)) else [sources]
        for source in sources:
            visit(source)
        calls.append((layer, sources, tensor))

    for output in _outputs(model):
        visit(output)
    if any(id(other) in done for other in model.inputs[1:]):
        raise ModelError("the net has several images as inputs; one can be cut into tiles.")
    return calls


def _input(model: Any) -> Any:
    return model.input if isinstance(model, Sketch) else model.inputs[0]


def _is_pointwise_in_first(layer: Any) -> bool:
    """Whether a layer says that a pixel of its first input acts at its own place alone.

    Its other inputs, if any, are not made of the image as it is, or do not act on its output.
    """
    return bool(getattr(layer, "reads_first_pointwise", False))


def _outputs(model: Any) -> list[Any]:
    return [model.output] if isinstance(model, Sketch) else list(model.outputs)


def _kind(layer: Any) -> str:
    return layer.kind if isinstance(layer, Step) else type(layer).__name__


def _n_dim(model: Any) -> int:
    return model.settings.n_dim if isinstance(model, Sketch) else len(_input(model).shape) - 2


def _require_known(layer: Any) -> None:
    """Refuse a layer through which this module cannot tell how far a pixel acts."""
    kind = _kind(layer)
    known = kind in POINTWISE | CONVOLUTIONS | POOLINGS or kind == "MaxBlurPool"
    known = known or _is_pointwise_in_first(layer)
    if kind in TRANSPOSED:  # "same" crops windows that overlap, by rules of its own
        apart = tuple(layer.kernel_size) == tuple(layer.strides)
        known = apart or (layer.padding == "valid" and not layer.output_padding)
    known = known or kind.startswith(("Cropping", "ZeroPadding"))
    if kind.startswith("UpSampling"):  # linear interpolation reads neighbours too
        known = getattr(layer, "interpolation", "nearest") == "nearest"
    if kind == "Concatenate":
        known = layer.axis in (-1, len(layer.output_shape) - 1)
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        known = False
    if not known:
        raise ModelError(
            f"layer {layer.name!r} of type {kind} is not known to nets/reach.py, so the halo of "
            "tiles cannot be computed. Add its rule there."
        )
