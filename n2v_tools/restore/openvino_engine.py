"""OpenVINO behind the contract of a Restorer.

One net is compiled for each tile size. A single tile is shared by all cores; several
tiles are worked on side by side, one stream of cores each, which saves the cores from
waiting for each other at every layer. Grey levels, the residual and the last
activation are dealt with in float32 around the net: a bfloat16 of 8 bits could not
even hold the counts.

Tests: ``tests/restore/test_openvino.py``.
"""

from __future__ import annotations

import collections
import functools
import logging
from typing import Any

import numpy as np

from .. import keras_backend, openvino_backend
from ..contracts import Where
from ..nets.openvino_net import Weights, to_openvino
from ..nets.reach import net_block, net_halo, net_reach
from ..nets.sketch import Sketch
from .footprint import sketch_bytes_per_px
from .trained import TrainedRestorer

LOG = logging.getLogger(__name__)
LARGEST_ERROR = 0.005  # of bfloat16's output, relative to float32's, in normalised units
TRIAL_2D, TRIAL_3D = (128, 128), (16, 32, 32)
COMPILED_KEPT = 4  # turned tiles and the last, incomplete group have sizes of their own


def restore_with_openvino(
    sketch: Sketch,
    weights: Weights,
    precision: str = "auto",
    *,
    in_percentiles: bool = False,
    **known: Any,
) -> OpenVinoRestorer:
    """Make a Restorer of a net and its weights; see OpenVinoRestorer.

    `precision` "auto" is bfloat16 if the processor has it and this model bears it: its output on a
    trial tile is within half a percent of float32's. With `in_percentiles` the model takes values
    from 0 to 1, not those of mean 0 and deviation 1.
    """
    make = functools.partial(OpenVinoRestorer, sketch, weights, **known)
    if precision != "auto":
        return make(precision=precision)
    if openvino_backend.fast_precision()[0] == "float32":
        return make(precision="float32")
    fast, exact = make(precision="bfloat16"), make(precision="float32")
    error = precision_error(fast, exact, in_percentiles=in_percentiles)
    LOG.info("%s: bfloat16 is off by %.2g %% of float32", exact.name, 100 * error)
    return fast if error <= LARGEST_ERROR else exact


def precision_error(
    fast: OpenVinoRestorer, exact: OpenVinoRestorer, *, in_percentiles: bool = False
) -> float:
    """Measure how far one restorer of a model is from another, on noise around smooth structure.

    It is the norm of the difference over the norm of `exact`, normalised; the same on every call.
    `in_percentiles` as for `restore_with_openvino`.
    """
    rng = np.random.default_rng(0)
    sizes: tuple[int, ...] = TRIAL_2D if len(exact.axes) == 2 else TRIAL_3D
    sizes = tuple(
        -(-size // block) * block for size, block in zip(sizes, exact.block_px, strict=True)
    )
    smooth: np.ndarray = rng.normal(size=sizes)
    for axis in range(len(sizes)):
        for _ in range(2):
            smooth = np.sum([np.roll(smooth, shift, axis) for shift in range(-2, 3)], axis=0)
    trial = smooth / smooth.std() + 0.5 * rng.normal(size=sizes)
    if in_percentiles:
        trial = 0.3 + 0.2 * trial
    tile = np.repeat(trial[np.newaxis, ..., np.newaxis], exact.n_inputs, -1).astype(np.float32)
    zero, one = np.zeros(exact.n_channels), np.ones(exact.n_channels)
    expected = exact.with_intensity(zero, one).predict(tile)
    found = fast.with_intensity(zero, one).predict(tile)
    return float(np.linalg.norm(found - expected)) / max(float(np.linalg.norm(expected)), 1e-20)


class OpenVinoRestorer(TrainedRestorer):
    """Restores tiles with OpenVINO on the CPU; weights are float32, by the steps of the sketch.

    `precision` is "float32" or "bfloat16"; `known` is what TrainedRestorer takes and the sketch
    does not say.
    """

    engine = "openvino"

    def __init__(
        self, sketch: Sketch, weights: Weights, *, precision: str = "float32", **known: Any
    ) -> None:
        halo = net_halo(sketch)
        super().__init__(
            n_channels=sketch.settings.n_channels,
            reach_px=net_reach(sketch),
            block_px=net_block(sketch),
            halo_px=halo,
            margin_px=halo if sketch.settings.needs_margin else (),
            **known,
        )
        self.sketch = sketch
        self.weights = weights
        self.precision = precision
        self.tiles_at_once = openvino_backend.n_cores()
        self._compiled: collections.OrderedDict[tuple[int, ...], _Compiled]
        self._compiled = collections.OrderedDict()

    @property
    def n_inputs(self) -> int:
        """Channels of the tiles that `predict` takes."""
        return self.sketch.settings.channels_in

    @functools.cached_property
    def bytes_per_px(self) -> int:  # type: ignore[override]
        """Working memory per pixel of a tile."""
        return sketch_bytes_per_px(self.sketch, 2 if self.precision == "bfloat16" else 4)

    def predict(self, tiles: np.ndarray, at: Where | None = None) -> np.ndarray:
        """Restore tiles, float32 (N, [Z,] Y, X, C) counts."""
        compiled = self._for(tiles.shape)
        restored = np.empty((*tiles.shape[:-1], self.n_channels), np.float32)
        running: collections.deque[tuple[int, Any]] = collections.deque()
        try:
            for i in range(len(tiles)):
                if len(running) == len(compiled.requests):
                    self._finish(*running.popleft(), restored)
                request = compiled.requests[i % len(compiled.requests)]
                self._normalise(tiles[i], request.get_input_tensor().data[0])
                request.start_async()
                running.append((i, request))
            while running:
                self._finish(*running.popleft(), restored)
        finally:  # after Ctrl-C, too, no request may be left running
            for _, request in running:
                request.wait()
        return restored

    def _for(self, shape: tuple[int, ...]) -> _Compiled:
        """The net for tiles of a shape (N, [Z,] Y, X, C), the last ones used being kept."""
        n_streams = min(shape[0], self.tiles_at_once)
        key = (n_streams, *shape[1:-1])
        if key in self._compiled:
            self._compiled.move_to_end(key)
        else:
            self._compiled[key] = self._compile(shape[1:-1], n_streams)
            if len(self._compiled) > COMPILED_KEPT:
                self._compiled.popitem(last=False)
        for other in self._compiled:
            if other != key:
                self._compiled[other].rest()
        return self._compiled[key]

    def _compile(self, sizes: tuple[int, ...], n_streams: int) -> _Compiled:
        """Compile for tiles of one size, in the form that this processor is fast with."""
        make = functools.partial(to_openvino, self.sketch, self.weights, sizes)
        if "avx512f" in keras_backend.cpu_flags():
            try:
                return _Compiled(make(merge_upsampling=True), self.precision, n_streams)
            except RuntimeError as error:  # oneDNN told to use less than the processor has
                LOG.info("no transposed convolution: %s", error)
        return _Compiled(make(merge_upsampling=False), self.precision, n_streams)

    def _normalise(self, counts: np.ndarray, normalised: np.ndarray) -> None:
        if self.means is None:
            np.copyto(normalised, counts)
            return
        means, stds = self._intensity
        np.subtract(counts, means, out=normalised)
        np.divide(normalised, stds, out=normalised)

    def _finish(self, i: int, request: Any, restored: np.ndarray) -> None:
        """Wait for tile `i` and turn what the net says into counts."""
        request.wait()
        means, stds = self._intensity
        settings = self.sketch.settings
        out, one = request.get_output_tensor().data[0], restored[i]
        if settings.residual:
            out = np.add(out, request.get_input_tensor().data[0], out=one)
        if settings.last_activation == "relu":
            out = np.maximum(out, 0, out=one)
        np.multiply(out, stds, out=one)
        np.add(one, means, out=one)

    @property
    def _intensity(self) -> tuple[np.ndarray, np.ndarray]:
        means = np.zeros(self.n_channels) if self.means is None else self.means
        stds = np.ones(self.n_channels) if self.stds is None else self.stds
        return means.astype(np.float32), stds.astype(np.float32)


class _Compiled:
    """A compiled net and the requests that run on it."""

    def __init__(self, net: Any, precision: str, n_streams: int) -> None:
        self._net = openvino_backend.compile_for_cpu(net, precision, n_streams)
        self.requests = [self._net.create_infer_request() for _ in range(n_streams)]

    def rest(self) -> None:
        """Give the memory between the layers back until it is needed again."""
        self._net.release_memory()
