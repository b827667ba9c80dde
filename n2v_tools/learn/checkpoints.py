"""Everything an interrupted training needs to go on as if nothing had happened.

One file holds weights, the optimiser's state and the epoch; it is replaced whole after
each epoch, so a kill at any moment leaves the last finished epoch. Plain arrays in an
.npz file: no pickles, readable with any TensorFlow.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .. import keras_backend
from ..errors import ModelError
from ..io.publish import replacing
from ..words import flag

STATE_NAME = "training_state.npz"


def save_state(folder: Path, model: Any, facts: dict[str, Any]) -> None:
    """Write weights, optimiser state and `facts` (JSON values) in one atomic step.

    OutputError if the disk refuses; an earlier state stays.
    """
    arrays = {f"weight_{i:04d}": w for i, w in enumerate(model.get_weights())}
    for i, variable in enumerate(optimizer_variables(model)):
        arrays[f"optimizer_{i:04d}"] = variable.numpy()
    arrays["facts"] = np.frombuffer(json.dumps(facts).encode(), np.uint8)

    packed = io.BytesIO()  # on a full disk an archive hides the system's error behind its own
    np.savez(packed, **arrays)
    with replacing(folder / STATE_NAME, place="models") as temporary:
        temporary.write_bytes(packed.getbuffer())


def load_state(folder: Path, model: Any) -> dict[str, Any]:
    """Put weights and optimiser state back into a compiled `model`; return the facts.

    ModelError if the file is missing, damaged, or of another network.
    """
    path = folder / STATE_NAME
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        facts = json.loads(arrays.pop("facts").tobytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"{path}: the state of the interrupted training cannot be read ({error}). Start anew "
            f"with {flag('overwrite')}."
        ) from None
    model.optimizer.build(model.trainable_variables)
    variables = optimizer_variables(model)
    weights = [arrays[n] for n in sorted(arrays) if n.startswith("weight_")]
    states = [arrays[n] for n in sorted(arrays) if n.startswith("optimizer_")]
    shapes = [v.shape for v in model.weights] + [v.shape for v in variables]
    if [tuple(s) for s in shapes] != [a.shape for a in weights + states]:
        raise ModelError(
            f"{path}: belongs to another network. Start anew with {flag('overwrite')}."
        )
    model.set_weights(weights)
    for variable, state in zip(variables, states, strict=True):
        variable.assign(state)
    return facts


def has_state(folder: Path) -> bool:
    """True if an interrupted training left something to go on from."""
    return (folder / STATE_NAME).exists()


def remove_state(folder: Path) -> None:
    """Delete the state of a training that is over."""
    (folder / STATE_NAME).unlink(missing_ok=True)


def save_weights(path: Path, model: Any) -> None:
    """Write an .h5 file of weights, as Keras 2 reads it, under its name only when it is whole.

    OutputError if the disk refuses; an earlier file stays.
    """
    packed = io.BytesIO()  # HDF5 may crash, even long after, when the disk refuses what it writes
    with h5py.File(packed, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = keras_backend.keras_version().encode()
        for layer in model.layers:
            group = file.create_group(layer.name)
            weights = layer.trainable_weights + layer.non_trainable_weights
            group.attrs["weight_names"] = [weight.name.encode() for weight in weights]
            for weight in weights:
                group[weight.name] = weight.numpy()
    with replacing(path, place="models") as temporary:
        temporary.write_bytes(packed.getbuffer())


def optimizer_variables(model: Any) -> list[Any]:
    """Variables of the optimiser of a compiled model, in its order."""
    variables = model.optimizer.variables
    return list(variables() if callable(variables) else variables)
