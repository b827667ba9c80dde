"""Denoise files, stacks or arrays with a trained model or a filter.

Tests: ``tests/api/test_api_functions.py``.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ..errors import StackError, UsageError
from ..jobs.denoise.request import DenoiseRequest
from ..jobs.desk.choices import DTYPES, ENGINES, HOTS, NANS, PRECISIONS
from ..stack import Stack
from ..words import flag, in_python, option
from .asking import call_words, checked, paths_or_stacks, with_own_options
from .listening import Listener, Told
from .opening import Source, configuration, open_stack

if TYPE_CHECKING:
    from ..modelfolder import Model

CHOICES: dict[str, tuple[Any, ...]] = {
    "dims": (2, 3),
    "dtype": DTYPES,
    "engine": ENGINES,
    "precision": PRECISIONS,
    "nan": NANS,
    "hot": HOTS,
}
NOT_OPTIONS = ("inputs", "command", "file", "settings", "output", "scene")  # of the request
ENDINGS = {".ome.tif": "ome-tiff", ".ome.tiff": "ome-tiff", ".tif": "tiff", ".tiff": "tiff"}
ENDINGS |= {".ome.zarr": "ome-zarr", ".zarr": "ome-zarr"}
FILTERS_ONLY = ("dims", "variance_stabilise")
MODELS_ONLY = ("engine", "precision", "tta", "force")


@overload
def denoise(
    source: np.ndarray,
    model: Model | str | os.PathLike[str] | None = None,
    *,
    output: None = None,
    **options: Any,
) -> np.ndarray: ...
@overload
def denoise(
    source: Stack | str | os.PathLike[str],
    model: Model | str | os.PathLike[str] | None = None,
    *,
    output: None = None,
    **options: Any,
) -> Stack: ...
@overload
def denoise(
    source: Source | Sequence[Source],
    model: Model | str | os.PathLike[str] | None = None,
    *,
    output: str | os.PathLike[str],
    **options: Any,
) -> Any: ...
@in_python
def denoise(
    source: Any,
    model: Any = None,
    *,
    method: str | None = None,
    output: Any = None,
    axes: str | None = None,
    settings: Mapping[str, Any] | None = None,
    models_dir: str | os.PathLike[str] | None = None,
    seed: int = 0,
    progress: bool | Told = False,
    **options: Any,
) -> Any:
    """Denoise with a trained model or a filter, as ``n2v-denoise`` does, to the same pixels.

    Without `output` the result is in memory, which it must fit into. With `output` memory does not
    grow with the stack.

    Parameters
    ----------
    source : array, Stack, or path; with `output` also a list of them, a folder or a glob
        Counts. An array needs `axes`.
    model : Model, str or path
        What `train` returned, a model's folder, or its name in `models_dir` or among the models
        that come with n2v_tools.
    method : {"median", "gaussian", "diffusion", "nlm"}, optional
        A filter instead of a model; its parameters are estimated from the stack.
    output : path, optional
        File to write, if it ends in ``.tif``, ``.ome.tif`` and the like; else a folder, made if
        missing, of files named after their inputs.
    axes : str, optional
        As in `open_stack`.
    settings : mapping, optional
        Of the filter, such as ``{"size": 5}``, or what ``--set`` takes for the model.
    models_dir : path, optional
        Where a model is looked for by name; default MODELS_FOLDER, else ``models``.
    seed : int
        Start of all random numbers.
    progress : bool or callable
        True shows a bar on stderr; a callable is called as ``progress(what, done, total)``.
    **options
        Every other option of ``n2v-denoise`` by its name with underscores: ``frame`` (a time
        point, from 0; T is dropped), ``dtype`` ("auto", "uint16", "same", "float32"), ``tta``,
        ``keep_strips``, ``nan`` ("refuse" or "fill"), ``hot`` ("keep" or "fill": pixels far off
        all around them), ``memory_bytes`` (bound above the base process), ``engine``,
        ``precision``; with `method` ``dims`` (2 or 3) and ``variance_stabilise``; with `output`
        ``overwrite``, ``skip_existing``, ``suffix``, ``format``, and what is written beside the
        result: ``uncertainty`` (deviation of each pixel's error, in counts) and ``report`` (a
        page). Options that a method of models brings, such as ``samples`` and ``deconvolved``,
        stand for `settings` of their names.

    Returns
    -------
    restored : ndarray, Stack, Path or list of Path
        Of an array an array, of its shape; of a Stack or path a Stack in memory, with its axes and
        spacing. Restored counts, uint16 where all values fit, else float32, or as ``dtype`` says.
        With `output` the path written, of several inputs a list of paths.

    Raises
    ------
    UsageError
        If an option does not exist, or contradicts another.
    StackError, AxesError
        If a stack cannot be read, does not fit the model, or its result not into memory. Of
        several, those that can be denoised are written first.
    ModelError, OutputError
        If there is no such model, or an output exists (``overwrite=True`` replaces it).

    Examples
    --------
    >>> import numpy as np
    >>> from n2v_tools import denoise
    >>> noisy = np.random.default_rng(0).poisson(100, (160, 160)).astype(np.uint16)
    >>> smooth = denoise(noisy, method="median", axes="YX")
    >>> smooth.shape, smooth.dtype, bool(smooth.std() < noisy.std() / 2)
    ((160, 160), dtype('uint16'), True)
    """
    given = {"model": _name_of(model), "method": method, "axes": axes, "seed": seed}
    options, settings = with_own_options(options, settings, "denoise_options")
    options = _checked(given, options, to_memory=output is None)
    words = call_words("denoise", {**given, "settings": settings, **options})
    request = DenoiseRequest(
        inputs=(), settings=_texts(settings), command=words, **{**given, **options}
    )
    models = configuration().models(models_dir)
    listener = Listener(progress)
    if output is None:
        return _in_memory(source, request, models, listener)
    many = isinstance(source, (list, tuple))
    inputs = paths_or_stacks(source if many else [source], axes)
    paths = _to_files(dataclasses.replace(request, inputs=inputs), output, models, listener)
    one = not many and (isinstance(inputs[0], Stack) or Path(inputs[0]).is_file())
    return paths[0] if one else paths


def _name_of(model: Model | str | os.PathLike[str] | None) -> str | None:
    """Return what finds a model again: its folder, or its name."""
    if model is None or isinstance(model, (str, os.PathLike)):
        return None if model is None else os.fspath(model)
    return str(model.folder)


def _checked(
    given: Mapping[str, Any], options: Mapping[str, Any], *, to_memory: bool
) -> dict[str, Any]:
    """Refuse options that do not exist, or contradict each other."""
    found = checked(options, DenoiseRequest, {*NOT_OPTIONS, *given}, CHOICES)
    if (given["model"] is None) == (given["method"] is None):
        raise UsageError(
            "give either a model, as train returns it or by name, or a method: median, gaussian, "
            "diffusion or nlm."
        )
    wrong = MODELS_ONLY if given["model"] is None else FILTERS_ONLY
    named = [name for name in wrong if name in found]
    if named:
        about = "model" if given["model"] is None else "filter (method)"
        raise UsageError(f"{named[0]} is about a {about}, which is not what restores here.")
    of_files = [name for name in ("report", "uncertainty") if to_memory and found.get(name)]
    if of_files:
        raise UsageError(f"{flag(of_files[0])} writes a file: say where with {option('output')}.")
    return found


def _texts(settings: Mapping[str, Any] | None) -> dict[str, str]:
    """Return settings as the command's ``--set`` gives them."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in (settings or {}).items()
    }


def _in_memory(
    source: Source, request: DenoiseRequest, models: Path, listener: Listener
) -> np.ndarray | Stack:
    from ..jobs.denoise.array import Memory
    from ..jobs.denoise.files import denoise_stack
    from ..jobs.desk.frames import take_frame

    if isinstance(source, (list, tuple)):
        raise UsageError(
            f"several stacks are denoised into files: say where with {option('output')}."
        )
    stack = open_stack(source, request.axes)
    if request.frame is not None:
        stack = take_frame(stack, request.frame)
    memory = Memory()
    done = denoise_stack(stack, request, models, listener, memory.create)
    assert memory.writer is not None  # noqa: S101  made for the first plane
    if not isinstance(source, (Stack, str, os.PathLike)):
        return memory.writer.array
    note = f"{done.dtype} ({done.reason}), clipped {done.clipped_percent:.3g} %"
    return dataclasses.replace(
        stack,
        array=memory.writer.array,
        name=f"{stack.name}{request.suffix}",
        notes=(note,),
        warnings=done.warnings,
    )


def _to_files(
    request: DenoiseRequest, output: str | os.PathLike[str], models: Path, listener: Listener
) -> list[Path]:
    from ..jobs.denoise.files import denoise_files

    target = Path(output)
    ending = next((e for e in ENDINGS if target.name.lower().endswith(e)), None)
    if ending is None:
        request = dataclasses.replace(request, output=target)
    else:
        request = dataclasses.replace(
            request, output=target.parent, file=target.name, format=ENDINGS[ending]
        )
    results = list(denoise_files(request, models, listener))
    failed = [one for one in results if one.error]
    if failed:
        others = f" ({len(failed)} of {len(results)} failed)" if len(results) > 1 else ""
        raise StackError(f"{failed[0].error}{others}")
    return [Path(str(one.output)) for one in results]
