"""The U-Net for OpenVINO, made from its sketch and its weights.

No converter and no TensorFlow: a net is made anew in milliseconds, so none is kept on
disk that could be stale or come from somebody else. Three things are done on the way
that do not change the result:

- batch normalisation becomes part of the convolution before it;
- a convolution of repeated pixels (up-sampling by 2) becomes a transposed one of the
  pixels themselves, with ``((k + 1) / 2k)**2`` of the multiplications in 2D;
- a convolution of concatenated tensors becomes the sum of one of each.

Tests: ``tests/restore/test_openvino.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import openvino_backend
from .builder import BATCH_NORM_EPSILON, blur_kernel
from .sketch import Sketch, Step

Weights = Mapping[Step, Sequence[np.ndarray]]


def to_openvino(
    sketch: Sketch, weights: Weights, sizes: Sequence[int], *, merge_upsampling: bool = True
) -> Any:
    """Make the net for tiles of one size, without its residual and last activation.

    These two are left to the caller, who has the input in float32, whatever the
    precision of the net.

    Parameters
    ----------
    sketch : Sketch
    weights : mapping of Step to list of ndarray
        As `weights.read_weights` returns them.
    sizes : sequence of int
        Of a tile, multiples of the block.
    merge_upsampling : bool
        False keeps up-sampling a step of its own, for processors without a fast
        transposed convolution.

    Returns
    -------
    net : openvino.Model
        float32 (1, [Z,] Y, X, C) normalised in, the same out.
    """
    openvino = openvino_backend.load()
    return _Translation(openvino, sketch, weights, merge_upsampling).net(sizes)


class _Translation:
    """Makes the nodes of OpenVINO's graph, channels first, each when it is first needed."""

    def __init__(self, openvino: Any, sketch: Sketch, weights: Weights, merge: bool) -> None:
        self.openvino = openvino
        self.ops = openvino.opset13
        self.merge = merge
        self.sketch = sketch
        self.weights = weights
        self.n_dim = sketch.settings.n_dim
        self._nodes: dict[Step, Any] = {}

    def net(self, sizes: Sequence[int]) -> Any:
        axes = range(1, self.n_dim + 1)
        inputs = self.ops.parameter((1, *sizes, self.sketch.input.channels), np.float32)
        first = self.ops.transpose(inputs, np.array([0, self.n_dim + 1, *axes]))
        self._nodes[self.sketch.input] = first
        last = self.ops.transpose(
            self._node(self.sketch.output), np.array([0, *(a + 1 for a in axes), 1])
        )
        return self.openvino.Model([self.ops.result(last)], [inputs], "unet")

    def _node(self, step: Step) -> Any:
        if step not in self._nodes:
            self._nodes[step] = self._make(step)
        return self._nodes[step]

    def _make(self, step: Step) -> Any:
        source = step.sources[0]
        if step.kind.startswith("Conv"):
            return self._convolution(step, *self.weights[step])
        if step.kind == "BatchNormalization":
            return self._convolution(source, *self._folded(source, step))
        if step.kind == "Activation":  # the last one is the caller's
            node = self._node(source)
            return self.ops.relu(node) if source.kind == "BatchNormalization" else node
        if step.kind == "Add":
            return self._sum(step)
        if step.kind == "ChannelSlice":
            return self.ops.gather(
                self._node(source), np.array([step.channel]), np.array(1, np.int64)
            )
        if step.kind == "Concatenate":
            return self.ops.concat([self._node(s) for s in step.sources], 1)
        if step.kind.startswith("UpSampling"):
            return self._repeat_pixels(self._node(source))
        if step.kind == "MaxBlurPool":
            return self._max_blur_pool(step)
        if step.kind.startswith("MaxPooling"):
            return self._max_pool(self._node(source), step.strides)
        raise NotImplementedError(f"no rule for a layer of type {step.kind}")

    def _folded(self, conv: Step, norm: Step) -> tuple[np.ndarray, np.ndarray]:
        """Kernel and bias of a convolution with the normalisation that follows it."""
        kernel, bias = (w.astype(np.float64) for w in self.weights[conv])
        gamma, beta, mean, variance = (w.astype(np.float64) for w in self.weights[norm])
        factor = gamma / np.sqrt(variance + BATCH_NORM_EPSILON)
        return kernel * factor, (bias - mean) * factor + beta

    def _sum(self, step: Step) -> Any:
        """Sum of two tensors; where one is the input it is the residual, which is the caller's."""
        one, other = step.sources
        if other is self.sketch.input or other.kind == "ChannelSlice":
            return self._node(one)
        return self.ops.add(self._node(one), self._node(other))

    def _convolution(self, step: Step, kernel: np.ndarray, bias: np.ndarray) -> Any:
        (source,) = step.sources
        if step.kind.endswith("Transpose"):
            return self._doubling(source, kernel, bias)
        parts = source.sources if source.kind == "Concatenate" else (source,)
        node, done = None, 0
        # The parts of the same size first, so that the larger sum is one fused pass.
        for part in parts:
            one = self._one_convolution(part, kernel[..., done : done + part.channels, :])
            node = one if node is None else self.ops.add(one, node)
            done += part.channels
        node = self.ops.add(node, self._constant(bias.reshape(1, -1, *[1] * self.n_dim)))
        return self.ops.relu(node) if step.activation == "relu" else node

    def _one_convolution(self, source: Step, kernel: np.ndarray) -> Any:
        """Convolve one tensor with its share of the kernel, ([Z,] Y, X, in, out)."""
        pads = [(edge - 1) // 2 for edge in kernel.shape[: self.n_dim]]
        one, two = [1] * self.n_dim, [2] * self.n_dim
        if not (self.merge and source.kind.startswith("UpSampling")):
            last, first = self.n_dim + 1, self.n_dim
            kernel = kernel.transpose(last, first, *range(self.n_dim))
            return self.ops.convolution(
                self._node(source), self._constant(kernel), one, pads, pads, one
            )
        kernel = _transposed(kernel, self.n_dim)
        kernel = kernel.transpose(self.n_dim, self.n_dim + 1, *range(self.n_dim))
        return self.ops.convolution_backprop_data(
            self._node(source.sources[0]),
            self._constant(kernel),
            two,
            pads_begin=pads,
            pads_end=pads,
            dilations=one,
        )

    def _doubling(self, source: Step, kernel: np.ndarray, bias: np.ndarray) -> Any:
        """Transposed convolution by 2 of windows, ([Z,] Y, X, out, in), that do not overlap."""
        last, first = self.n_dim + 1, self.n_dim
        kernel = kernel.transpose(last, first, *range(self.n_dim))
        zero, one = [0] * self.n_dim, [1] * self.n_dim
        node = self.ops.convolution_backprop_data(
            self._node(source),
            self._constant(kernel),
            [2] * self.n_dim,
            pads_begin=zero,
            pads_end=zero,
            dilations=one,
        )
        return self.ops.add(node, self._constant(bias.reshape(1, -1, *one)))

    def _repeat_pixels(self, node: Any) -> Any:
        return self.ops.interpolate(
            node,
            np.full(self.n_dim, 2, np.float32),
            "nearest",
            "scales",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
            axes=np.arange(2, self.n_dim + 2),
        )

    def _max_blur_pool(self, step: Step) -> Any:
        """Maximum at stride 1 with its padding at the end, then the blur of each channel."""
        one, zero = [1] * self.n_dim, [0] * self.n_dim
        node = self._max_pool(self._node(step.sources[0]), one, pads_end=one)
        kernel = blur_kernel(self.n_dim, step.channels)  # (3, 3, [3,] C, 1)
        kernel = np.moveaxis(kernel, (-2, -1), (0, 1))[:, :, np.newaxis]
        return self.ops.group_convolution(
            node, self._constant(kernel), list(step.strides), zero, one, one
        )

    def _max_pool(self, node: Any, strides: Sequence[int], pads_end: Sequence[int] = ()) -> Any:
        zero = [0] * self.n_dim
        pooled = self.openvino.opset1.max_pool(
            node, list(strides), zero, list(pads_end) or zero, [2] * self.n_dim
        )
        return pooled

    def _constant(self, values: np.ndarray) -> Any:
        return self.ops.constant(np.ascontiguousarray(values, np.float32))


def _transposed(kernel: np.ndarray, n_dim: int) -> np.ndarray:
    """Kernel of the transposed convolution that is up-sampling by 2 and a convolution.

    An output pixel reads each input pixel through two copies of it: along each axis,
    two neighbouring weights always meet the same pixel and can be added.
    """
    for axis in range(n_dim):
        kernel = np.flip(kernel, axis).astype(np.float64)
        pad = [(0, 0)] * kernel.ndim
        before, after = list(pad), list(pad)
        before[axis], after[axis] = (1, 0), (0, 1)
        kernel = np.pad(kernel, before) + np.pad(kernel, after)
    return kernel
