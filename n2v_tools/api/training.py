"""Train a model on noisy stacks alone.

Tests: ``tests/api/test_api_functions.py``.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import UsageError
from ..jobs.desk.choices import LEAST_MINUTES, NANS
from ..words import in_python
from .asking import call_words, checked, paths_or_stacks, with_own_options
from .listening import Listener, Told
from .opening import Source, configuration

if TYPE_CHECKING:
    from ..modelfolder import Model

CHOICES = {"nan": NANS, "depth": ("Z", "T")}
NOT_OPTIONS = ("stacks", "command", "started", "dry_run")  # of the request


@in_python
def train(
    stacks: Source | Sequence[Source],
    method: str = "auto",
    *,
    patch: int | Sequence[int] | None = None,
    minutes: float | None = None,
    settings: Mapping[str, Any] | None = None,
    model: str | None = None,
    models_dir: str | os.PathLike[str] | None = None,
    seed: int = 0,
    progress: bool | Told = False,
    **options: Any,
) -> Model:
    """Train a model on the noisy pixels of stacks alone, as ``n2v-train`` does.

    The same stacks, options, seed, versions and machine give the same weights, to the bit and
    whether the pixels come from a file or from memory.

    Parameters
    ----------
    stacks : path, array or Stack, or a list of them
        What to learn from. A path may be a file, a folder or a glob; arrays need ``axes``.
    method : str
        ``auto``, which chooses by the stacks and reports its choice, or any method that
        ``n2v-train --help`` lists.
    patch : int or sequence of int, optional
        Edges of the training patches in pixels: 64 is a 2D patch, (16, 64, 64) a 3D one.
    minutes : float, optional
        End this long after the call; at least 0.25.
    settings : mapping, optional
        Any field of the method's settings, such as ``{"learning_rate": 0.001}``.
    model : str, optional
        Name of the model, no path; default the name of the first stack and the method.
    models_dir : path, optional
        Folder that the model's folder goes to; default MODELS_FOLDER of the environment,
        else ``models``.
    seed : int
        Start of all random numbers.
    progress : bool or callable
        True shows a bar and what was decided on stderr; a callable is called as
        ``progress(what, done, total)``.
    **options
        Every other option of ``n2v-train`` by its name with underscores: ``axes`` (as in
        `open_stack`), ``depth`` ("Z" or "T"), ``preset``, ``struct_mask`` (a name such as
        "horizontal:5", or an array of shape ([Z,] Y, X)), ``epochs``, ``steps`` (per epoch),
        ``batch``, ``patches``, ``validation`` (a share), ``keep_strips``, ``nan`` ("refuse" or
        "fill"), ``overwrite``, ``resume``.

    Returns
    -------
    model : Model
        The finished folder as `denoise` takes it: ``model.folder``, ``model.axes``,
        ``model.method``, ``model.provenance["best_val_loss"]``.

    Raises
    ------
    UsageError
        If an option or setting does not exist (with the nearest that does) or contradicts another.
    StackError, AxesError
        If a stack cannot be learned from.
    ModelError, OutputError
        If the name is taken (``overwrite=True`` replaces) or nothing can be written there.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from n2v_tools import train
    >>> noisy = np.random.default_rng(0).poisson(20, (2, 64, 64)).astype(np.uint16)
    >>> model = train(noisy, axes="TYX", patch=32, epochs=1, steps=2,
    ...               settings={"unet_n_first": 4}, models_dir=tempfile.mkdtemp())
    >>> model.name, model.axes, model.provenance["steps"]
    ('array_n2v', 'YX', 2)
    """
    options, settings = with_own_options(options, settings, "train_options")
    given = {k: v for k, v in locals().items() if k not in ("stacks", "progress", "options")}
    from ..jobs.train.request import TrainRequest
    from ..jobs.train.run import train_stacks
    from ..modelfolder import read_model

    many = list(stacks) if isinstance(stacks, (list, tuple)) else [stacks]
    options = checked(options, TrainRequest, {*NOT_OPTIONS, *given}, CHOICES)
    if "struct_mask" in options:
        options["struct_mask"] = _mask_text(options["struct_mask"])
    words = call_words("train", {**given, **options})
    if minutes is not None and not (math.isfinite(minutes) and minutes >= LEAST_MINUTES):
        raise UsageError(f"minutes is {minutes:g}: give {LEAST_MINUTES} or more.")
    request = TrainRequest(
        stacks=paths_or_stacks(many, options.get("axes")),
        models_dir=configuration().models(models_dir),
        method=method,
        patch=_edges(patch),
        minutes=minutes,
        settings=dict(settings or {}),
        model=model,
        seed=seed,
        command=words,
        **options,
    )
    return read_model(train_stacks(request, Listener(progress)).model)


def _edges(patch: int | Sequence[int] | None) -> tuple[int, ...] | None:
    if patch is None:
        return None
    edges = (patch, patch) if isinstance(patch, (int, np.integer)) else tuple(patch)
    if len(edges) not in (1, 2, 3) or not all(
        isinstance(edge, (int, np.integer)) and edge > 0 for edge in edges
    ):
        raise UsageError(f"patch is {patch!r}: give whole pixels, such as 64 or (16, 64, 64).")
    whole = tuple(int(edge) for edge in edges)
    return whole * 2 if len(whole) == 1 else whole


def _mask_text(mask: Any) -> Any:
    """Return a mask as the option takes it: a name, or rows as JSON."""
    from ..io.maskfile import read_mask_file
    from ..prepare.struct_mask import StructMask

    if isinstance(mask, os.PathLike) or str(mask).endswith((".json", ".npy")):
        return read_mask_file(Path(mask))
    if isinstance(mask, (str, StructMask)):
        return str(mask)
    return json.dumps(np.asarray(mask).astype(int).tolist())
