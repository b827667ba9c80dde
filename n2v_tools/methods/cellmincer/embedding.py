"""Layers of the network; importing this module loads TensorFlow.

Features are the same for all frames of a movie. Wherever they meet what was found in a frame, the
convolution of both together is the sum of two, and theirs is computed once for all frames.

Tests: ``tests/methods/cellmincer/test_net.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ... import keras_backend
from .sizes import EMBEDDING, TIME, TIME_KERNEL

if TYPE_CHECKING:
    from .net import CellMincerNet

tf = keras_backend.load()
layers = tf.keras.layers
register = tf.keras.utils.register_keras_serializable(package="n2v_tools_cellmincer")

SMOOTH_PX, SMOOTH_FRAMES = (1.0, 2.0), 4.0  # deviations; contexts in one deviation
STEP = 3.0
BATCH_NORM = {"momentum": 0.9, "epsilon": 1e-5}  # PyTorch's


def build_net(settings: CellMincerNet, seed: int, n_targets: int) -> Any:
    """Build the network; see `net.CellMincerNet.build`."""
    n_frames = settings.context + n_targets - 1
    inputs = tf.keras.Input((None, None, n_frames + settings.n_features), name="input")
    seeds = np.random.default_rng(seed)
    frames, features = _Apart(n_frames, name="apart")(inputs)
    found = Embedding(settings, seeds, name=EMBEDDING)([frames, features])
    outputs = TimeHead(settings, seeds, name=TIME)(found)
    return tf.keras.Model(inputs, outputs)


class _Apart(layers.Layer):
    """Frames (N, T, Y, X, 1) and features (N, Y, X, K) of what holds both as its channels."""

    def __init__(self, n_frames: int, **options: Any) -> None:
        super().__init__(**options)
        self.n_frames = n_frames

    def call(self, x: Any) -> Any:
        frames = tf.transpose(x[..., : self.n_frames], (0, 3, 1, 2))[..., tf.newaxis]
        return frames, x[..., self.n_frames :]


class Embedding(layers.Layer):
    """What the U-Net finds in each frame: (N, T, Y, X, 1) and (N, Y, X, K) to (N, T, Y', X', C)."""

    def __init__(self, settings: CellMincerNet, seeds: np.random.Generator, **options: Any) -> None:
        super().__init__(**options)
        self.settings = settings
        widths = [settings.first_filters * 2**level for level in range(settings.depth + 1)]
        make = _Maker(settings, seeds)
        k = settings.n_features
        before = [1, *widths[:-1]]
        self.down = [make.block(f"down_{i}", [k, before[i]], widths[i]) for i in range(len(widths))]
        self.narrow, self.up = [], []
        for level in reversed(range(settings.depth)):
            self.narrow.append(make.conv(f"narrow_{level}", [widths[level + 1]], widths[level], 1))
            parts = [widths[level], k, widths[level]]
            self.up.append(make.block(f"up_{level}", parts, widths[level]))

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Walk down and up, features beside what is found."""
        frames, features = inputs
        n_frames = tf.shape(frames)[1]
        x = _folded(frames)
        bridges = []
        for level, block in enumerate(self.down):
            if level:
                x = tf.nn.max_pool2d(x, 2, 2, "VALID")
                if self.settings.n_features:
                    features = tf.nn.max_pool2d(features, 2, 2, "VALID")
            x = block([features, x], n_frames, training, shared=(0,))
            features = _cropped(features, x)
            bridges.append((features, x))
        bridges.pop()
        for narrow, block in zip(self.narrow, self.up, strict=True):
            x = _doubled(narrow([x], n_frames), corners=self.settings.corners)
            own = [_cropped(one, x) for one in bridges.pop()]
            x = block([x, *own], n_frames, training, shared=(1,))
        if self.settings.from_smooth:
            x = tf.concat([x, *(_blurred(_folded(frames), one) for one in SMOOTH_PX)], -1)
        return tf.reshape(x, tf.concat([[-1, n_frames], tf.shape(x)[1:]], 0))


class TimeHead(layers.Layer):
    """Convolutions in time: (N, T, Y, X, C) to (N, Y, X, T'), float32, one frame after another."""

    def __init__(self, settings: CellMincerNet, seeds: np.random.Generator, **options: Any) -> None:
        super().__init__(**options)
        width = settings.first_filters
        make = _Maker(settings, seeds)
        self.convs = [
            make.keras_conv(f"frames_{i}", width, width, (TIME_KERNEL, 1), "relu")
            for i in range(settings.time_layers)
        ]
        half = max(width // 2, min(width, 8))  # of few, all might die
        self.mix = make.keras_conv("mix", width, half, (1, 1), "relu")
        self.last = make.keras_conv("last", half, 1, (1, 1), None, dtype="float32")
        self.width, self.n_smooth = width, len(SMOOTH_PX) * settings.from_smooth
        if self.n_smooth:
            self.last.kernel_initializer = tf.keras.initializers.Zeros()
        self.context = settings.context

    def build(self, input_shape: Any) -> None:
        """Make the weights of smooth frames, which start as those of a Gaussian in time."""
        if self.n_smooth:
            far = np.arange(self.context) - self.context // 2
            weights = np.exp(-0.5 * (SMOOTH_FRAMES * far / self.context) ** 2)
            shape = (self.context, 1, self.n_smooth, 1)
            self.start = np.broadcast_to(
                (weights / weights.sum() / self.n_smooth)[:, None, None, None], shape
            ).astype(np.float32)
            self.moved = self.add_weight("moved", shape, initializer="zeros")
        super().build(input_shape)

    def call(self, found: Any) -> Any:
        """Convolve along time, pixel by pixel."""
        shape = tf.shape(found)
        n_px = shape[2] * shape[3]
        x = tf.reshape(found, tf.stack([shape[0], shape[1], n_px, shape[4]]))
        x = tf.ensure_shape(x, (None, None, None, found.shape[-1]))
        x, smooth = x[..., : self.width], x[..., self.width :]
        for conv in (*self.convs, self.mix):
            x = conv(x)
        x = self.last(tf.cast(x, tf.float32))[..., 0]
        if self.n_smooth:
            # Steps of learning are small against what they change, or noise would walk it away.
            weights = self.start * (1 + STEP * tf.cast(self.moved, tf.float32))
            x += tf.nn.conv2d(tf.cast(smooth, tf.float32), weights, 1, "VALID")[..., 0]
        return tf.transpose(
            tf.reshape(x, tf.stack([shape[0], -1, shape[2], shape[3]])), (0, 2, 3, 1)
        )


class _Maker:
    """Makes layers with seeds of their own."""

    def __init__(self, settings: CellMincerNet, seeds: np.random.Generator) -> None:
        self.settings, self.seeds = settings, seeds

    def block(self, name: str, parts: list[int], width: int) -> _Block:
        s = self.settings
        convs = [
            self.conv(f"{name}_conv_{i}", [width] if i else parts, width, s.kernel)
            for i in range(s.n_convs)
        ]
        norms = [
            layers.BatchNormalization(**BATCH_NORM, name=f"{name}_norm_{i}")
            for i in range(s.n_convs if s.batch_norm else 0)
        ]
        return _Block(convs, norms, name=name)

    def conv(self, name: str, parts: list[int], width: int, kernel: int) -> _JointConv:
        fan_in = kernel**2 * sum(parts)
        padding = "SAME" if self.settings.padded else "VALID"
        return _JointConv(parts, width, kernel, padding, **self._initializers(fan_in), name=name)

    def keras_conv(
        self,
        name: str,
        n_in: int,
        width: int,
        kernel: tuple[int, int],
        activation: str | None,
        dtype: str | None = None,
    ) -> Any:
        start = self._initializers(n_in * kernel[0] * kernel[1])
        return layers.Conv2D(width, kernel, activation=activation, **start, name=name, dtype=dtype)

    def _initializers(self, fan_in: int) -> dict[str, Any]:
        """As published, PyTorch's; without normalisation what keeps a ReLU's deviation."""
        kernel, bias = (int(one) for one in self.seeds.integers(2**31, size=2))
        start = tf.keras.initializers
        if self.settings.batch_norm:
            bound = fan_in**-0.5
            return {
                "kernel_initializer": start.RandomUniform(-bound, bound, seed=kernel),
                "bias_initializer": start.RandomUniform(-bound, bound, seed=bias),
            }
        deviation = (2 / fan_in) ** 0.5
        return {
            "kernel_initializer": start.TruncatedNormal(0, deviation, seed=kernel),
            "bias_initializer": "zeros",
        }


class _Block(layers.Layer):
    """Convolutions, each with ReLU and then, if so set, batch normalisation."""

    def __init__(self, convs: list[Any], norms: list[Any], **options: Any) -> None:
        super().__init__(**options)
        self.convs, self.norms = convs, norms

    def call(self, parts: Any, n_frames: Any, training: Any, shared: tuple[int, ...]) -> Any:
        for i, conv in enumerate(self.convs):
            x = tf.nn.relu(conv(parts, n_frames, shared if i == 0 else ()))
            if self.norms:
                x = self.norms[i](x, training=training)
            parts = [x]
        return x


class _JointConv(layers.Layer):
    """Convolution of several images joined as channels, some of them shared by all frames.

    Input shape
        Images (N * T, Y, X, C), those that are shared (N, Y, X, C)

    Output shape
        ``(N * T, Y', X', filters)``
    """

    def __init__(
        self,
        parts: list[int],
        filters: int,
        kernel: int,
        padding: str,
        kernel_initializer: Any,
        bias_initializer: Any,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.parts, self.filters, self.edge, self.padding = parts, filters, kernel, padding
        self.starts = kernel_initializer, bias_initializer

    def build(self, input_shape: Any) -> None:
        shape = (self.edge, self.edge, sum(self.parts), self.filters)
        self.kernel = self.add_weight("kernel", shape, initializer=self.starts[0])
        self.bias = self.add_weight("bias", shape[-1:], initializer=self.starts[1])
        super().build(input_shape)

    def call(self, images: Any, n_frames: Any, shared: tuple[int, ...] = ()) -> Any:
        kernels = tf.split(self.kernel, self.parts, axis=2)
        pairs = list(zip(images, kernels, strict=True))
        own = [pair for i, pair in enumerate(pairs) if i not in shared]
        once = [pair for i, pair in enumerate(pairs) if i in shared and self.parts[i]]
        y = self._convolved(own)
        if not once:
            return tf.nn.bias_add(y, tf.cast(self.bias, y.dtype))
        for_all = tf.nn.bias_add(self._convolved(once), tf.cast(self.bias, y.dtype))
        apart = tf.reshape(y, tf.concat([[-1, n_frames], tf.shape(y)[1:]], 0))
        return tf.reshape(apart + for_all[:, tf.newaxis], tf.shape(y))

    def _convolved(self, pairs: Any) -> Any:
        images = tf.concat([image for image, _ in pairs], -1)
        kernel = tf.concat([tf.cast(one, images.dtype) for _, one in pairs], 2)
        return tf.nn.conv2d(images, kernel, 1, self.padding)


def _blurred(x: Any, sigma: float) -> Any:
    """Images (N, Y, X, 1) smoothed by a Gaussian, as if nothing were beyond their border."""
    reach = int(3 * sigma)
    line = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel = tf.constant(np.outer(line, line)[..., None, None] / line.sum() ** 2, x.dtype)
    inside = tf.nn.conv2d(tf.ones_like(x[:1]), kernel, 1, "SAME")
    return tf.nn.conv2d(x, kernel, 1, "SAME") / inside


def _folded(frames: Any) -> Any:
    """(N, T, Y, X, C) to (N * T, Y, X, C)."""
    return tf.reshape(frames, tf.concat([[-1], tf.shape(frames)[2:]], 0))


def _cropped(image: Any, like: Any) -> Any:
    """The middle of an image, as large as another one."""
    height, width = tf.shape(like)[1], tf.shape(like)[2]
    top, left = (tf.shape(image)[1] - height) // 2, (tf.shape(image)[2] - width) // 2
    return image[:, top : top + height, left : left + width]


def _doubled(x: Any, *, corners: bool) -> Any:
    """Twice the size, by straight lines between the centres of pixels, or with corners in place."""
    size = 2 * tf.shape(x)[1:3]
    if corners:
        big = tf.compat.v1.image.resize_bilinear(x, size, align_corners=True)
    else:
        big = tf.image.resize(x, size, "bilinear")
    return tf.cast(big, x.dtype)
