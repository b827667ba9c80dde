"""Weight files (HDF5) of Keras: checked against a net, then read, without TensorFlow.

Only arrays are read that lie in the file itself, and only after their number and shapes were found
to fit; what else a file may hold (a model's code, an optimiser) is never looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from .. import keras_backend
from ..errors import ModelError
from ..io import hdf5_door
from ..io.sha256 import sha256_of
from .builder import blur_kernel
from .sketch import Sketch, Step, sketch_net
from .unet import NetSettings

Group = tuple[str, list[Any]]  # name of a layer and its HDF5 datasets, in order


@dataclass(frozen=True, eq=False)
class _Layer:
    """A layer of a Keras net, as a file is checked against it."""

    kind: str
    name: str
    weight_shapes: list[tuple[int, ...]]


W = TypeVar("W", Step, _Layer)  # what a file must fit: a step of a sketch, or a Keras layer


@dataclass(frozen=True)
class WeightFile:
    """A file of weights, and how it differs from the net that it is read into."""

    path: Path  # what ``save_weights`` or ``save`` of Keras 2 wrote, ``.h5``
    # number of weighted layers at the end of the file that the net lacks: the scale head of a
    # probabilistic CARE model
    skip_last: int = 0
    # place of each of the net's spatial axes among those of the file's kernels: ``(2, 1, 0)`` reads
    # a net trained on XYZ into one for ZYX
    axes_order: tuple[int, ...] | None = None
    # one of them is that of an undamaged file; empty: nothing to check by
    sha256s: frozenset[str] = frozenset()

    def load(self, settings: NetSettings, precision: str = "float32") -> Any:
        """Build a network of Keras layers and read the weights into it: a keras.Model.

        The file was trained with `settings`. `precision` is "float32" or "bfloat16"; input, output
        and weights are float32 in both. ModelError if the file is missing, damaged, or does not
        fit, naming the layer.
        """
        with keras_backend.building_in(precision):
            net = settings.build()
        self.load_into(net)
        return net

    def load_into(self, net: Any) -> None:
        """Read the weights into a keras.Model, layer by layer in its own order; see `load`."""
        layers = [layer for layer in net.layers if layer.weights]
        needed = [
            _Layer(type(layer).__name__, layer.name, [tuple(w.shape) for w in layer.weights])
            for layer in layers
        ]
        values = self._read(needed)
        for layer, one in zip(layers, needed, strict=True):
            layer.set_weights(values[one])

    def read(self, settings: NetSettings) -> tuple[Sketch, dict[Step, list[np.ndarray]]]:
        """Read the weights without TensorFlow: the net that `load` builds, and those of its steps.

        Weights are float32, in Keras' order and shapes. ModelError as `load`.
        """
        sketch = sketch_net(settings)
        return sketch, self._read(sketch.weighted)

    def _read(self, steps: list[W]) -> dict[W, list[np.ndarray]]:
        """Check the file against what it must fit, and read it."""
        path = self.path
        with _open_layers(path, self.sha256s) as groups:
            groups = groups[: len(groups) - self.skip_last]
            _require_fit(steps, groups, path)
            weights = {
                step: [_to_axes(np.asarray(a, np.float32), self.axes_order) for a in arrays]
                for step, (_, arrays) in zip(steps, groups, strict=True)
            }
        _require_blur_kernels(weights, path)
        if not all(np.isfinite(array).all() for arrays in weights.values() for array in arrays):
            raise ModelError(
                f"{path}: holds weights that are NaN or infinite, so its training went wrong. "
                "Train the model anew, or use another one."
            )
        return weights


@contextmanager
def _open_layers(path: Path, sha256s: frozenset[str]) -> Iterator[list[Group]]:
    """Open a weight file as the groups of its layers that hold weights."""
    remedy = (
        "The file is damaged or no Keras weight file; copy it again from its source, or train the "
        "model anew."
    )
    with hdf5_door.one_line(ModelError, str(path), "no weights could be read", remedy):
        if sha256s:
            _require_one_of(sha256s, path)
        with hdf5_door.open_file(path) as file:
            top = _top(file)
            groups = [(name, _weights_of(top, name)) for name in _texts(top.attrs, "layer_names")]
            yield [group for group in groups if group[1]]


def _require_one_of(sha256s: frozenset[str], path: Path) -> None:
    """Raise unless the file has one of the hashes that its training recorded."""
    if sha256_of(path) not in sha256s:
        raise ModelError(
            f"{path}: these are not the weights that the training wrote: their SHA-256 is none of "
            "those in config.json. The file is damaged or of another model: copy it again from its "
            "source. If it was changed on purpose, take weights_sha256 out of config.json."
        )


def _top(file: Any) -> Any:
    """The group of all layers: in a saved model it is one of several."""
    try:
        return hdf5_door.find_item(file, "model_weights")
    except hdf5_door.NotThere:
        return file


def _weights_of(top: Any, name: str) -> list[Any]:
    """Datasets of the weights of one layer."""
    layer = hdf5_door.find_item(top, name)
    return [hdf5_door.find_dataset(layer, one) for one in _texts(layer.attrs, "weight_names")]


def _texts(attributes: Any, name: str) -> list[str]:
    """A list of texts; Keras cuts long ones into ``name0``, ``name1`` and so on."""
    values: list[Any] = []
    if name in attributes:
        values.extend(attributes[name])
    else:
        if f"{name}0" not in attributes:
            raise KeyError(f"it has no {name}")
        for number in range(len(attributes)):
            values.extend(attributes.get(f"{name}{number}", ()))
    return [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values]


def _require_fit(steps: Sequence[W], groups: list[Group], path: Path) -> None:
    """Raise unless the file has the net's layers, with weights of the same shapes."""
    for step, (name, arrays) in zip(steps, groups, strict=False):  # counted below
        needed = step.weight_shapes
        found = [tuple(a.shape) for a in arrays]
        if needed != found:
            raise ModelError(
                f"{path}: layer {name!r} holds weights of shapes {found}, but config.json "
                f"describes a net whose {step.name!r} has {needed}. The two files are not of "
                "one training; put the ones that belong together into the folder."
            )
        if any(a.dtype.kind != "f" for a in arrays):
            raise ModelError(
                f"{path}: layer {name!r} holds no floating-point weights. Get it anew."
            )
    if len(steps) != len(groups):
        raise ModelError(
            f"{path}: weights of {len(groups)} layers, but config.json describes a net with "
            f"{len(steps)}. The two files are not of one training; put the ones that belong "
            "together into the folder."
        )


def _to_axes(array: np.ndarray, order: Sequence[int] | None) -> np.ndarray:
    """Reorder the spatial axes of a kernel (spatial ..., in, out); leave vectors alone."""
    if order is None or array.ndim == 1:
        return array
    return array.transpose(*order, array.ndim - 2, array.ndim - 1)


def _require_blur_kernels(weights: Mapping[W, list[np.ndarray]], path: Path) -> None:
    """Raise if a file holds other blur kernels than the constant that `MaxBlurPool` uses."""
    for step, arrays in weights.items():
        if step.kind == "MaxBlurPool":
            kernel = arrays[0]
            if not np.allclose(kernel, blur_kernel(kernel.ndim - 2, kernel.shape[-2]), atol=1e-6):
                raise ModelError(
                    f"{path}: the blur kernel of {step.name!r} is not N2V2's 1-2-1, so this model "
                    "would predict something else here. Use it with the program that made it."
                )
