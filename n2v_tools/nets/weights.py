"""Weight files (HDF5) of Keras: checked against a net, then read, without TensorFlow.

Only arrays are read, and only after their number and shapes were found to fit; what
else a file may hold (a model's code, an optimiser) is never looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ModelError
from .sketch import Sketch, Step, blur_kernel

Group = tuple[str, list[Any]]  # name of a layer and its HDF5 datasets, in order


def load_weights(
    net: Any,
    sketch: Sketch,
    path: Path,
    *,
    skip_last: int = 0,
    axes_order: Sequence[int] | None = None,
) -> None:
    """Read a weight file into a Keras net, layer by layer in the net's own order.

    Parameters
    ----------
    net : keras.Model
        Built, of the settings the file was trained with.
    sketch : Sketch
        Of the same settings.
    path, skip_last, axes_order
        As in `read_weights`.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or does not fit, naming the layer.
    """
    values = read_weights(sketch, path, skip_last=skip_last, axes_order=axes_order)
    layers = [layer for layer in net.layers if layer.weights]
    for layer, step in zip(layers, sketch.weighted, strict=True):
        layer.set_weights(values[step])


def read_weights(
    sketch: Sketch, path: Path, *, skip_last: int = 0, axes_order: Sequence[int] | None = None
) -> dict[Step, list[np.ndarray]]:
    """Read a weight file.

    Parameters
    ----------
    sketch : Sketch
        Of the settings the file was trained with.
    path : Path
        What ``save_weights`` or ``save`` of Keras 2 wrote, ``.h5``.
    skip_last : int
        Number of weighted layers at the end of the file that the net lacks: the
        scale head of a probabilistic CARE model.
    axes_order : sequence of int, optional
        Place of each of the net's spatial axes among those of the file's kernels:
        ``(2, 1, 0)`` reads a net trained on XYZ into one for ZYX.

    Returns
    -------
    weights : dict of Step to list of ndarray of float32
        Keras' order and shapes.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or does not fit, naming the layer.
    """
    steps = sketch.weighted
    with _open_layers(path) as groups:
        groups = groups[: len(groups) - skip_last]
        _require_fit(steps, groups, path)
        weights = {
            step: [_to_axes(np.asarray(a, np.float32), axes_order) for a in arrays]
            for step, (_, arrays) in zip(steps, groups, strict=True)
        }
    _require_blur_kernels(weights, path)
    if not all(np.isfinite(array).all() for arrays in weights.values() for array in arrays):
        raise ModelError(
            f"{path}: holds weights that are NaN or infinite, so its training went wrong. Train "
            "the model anew, or use another one."
        )
    return weights


@contextmanager
def _open_layers(path: Path) -> Iterator[list[Group]]:
    """Open a weight file as the groups of its layers that hold weights."""
    try:
        import h5py

        with h5py.File(path, "r") as file:
            top = file["model_weights"] if "model_weights" in file else file
            names = _texts(top.attrs, "layer_names")
            groups = [(n, [top[n][w] for w in _texts(top[n].attrs, "weight_names")]) for n in names]
            yield [group for group in groups if group[1]]
    except (OSError, KeyError, AttributeError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"{path}: no weights could be read ({reason}). The file is damaged or no Keras "
            "weight file; copy it again from its source, or train the model anew."
        ) from None


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


def _require_fit(steps: list[Step], groups: list[Group], path: Path) -> None:
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


def _require_blur_kernels(weights: dict[Step, list[np.ndarray]], path: Path) -> None:
    """Raise if a file holds other blur kernels than the constant that `MaxBlurPool` uses."""
    for step, arrays in weights.items():
        if step.kind == "MaxBlurPool":
            kernel = arrays[0]
            if not np.allclose(kernel, blur_kernel(kernel.ndim - 2, kernel.shape[-2]), atol=1e-6):
                raise ModelError(
                    f"{path}: the blur kernel of {step.name!r} is not N2V2's 1-2-1, so this model "
                    "would predict something else here. Use it with the program that made it."
                )
