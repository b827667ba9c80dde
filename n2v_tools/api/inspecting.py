"""Inspection of a stack: what is in it, what its noise is, and how to train on it.

Tests: ``tests/api/test_api_functions.py``.
"""

from __future__ import annotations

import os

from ..axes import parse_asked_axes
from ..errors import StackError
from ..words import in_python
from .listening import Listener, Told
from .opening import Source, find, open_stack
from .results import Inspection


@in_python
def inspect(
    source: Source,
    axes: str | None = None,
    *,
    dark: str | os.PathLike[str] | None = None,
    progress: bool | Told = False,
) -> Inspection:
    """Say what is in a stack and what its noise is, as ``n2v-inspect`` does.

    Every plane is read once; memory does not grow with the stack.

    Parameters
    ----------
    source : str, path, array or Stack
        As in `open_stack`.
    axes : str, optional
        As in `open_stack`.
    dark : path, optional
        Frames of the same camera without light: they tell its offset and read noise.
    progress : bool or callable
        True shows a bar on stderr; a callable is called as ``progress(what, done, total)``.

    Returns
    -------
    found : Inspection
        A mapping with the keys of ``n2v-inspect --json``, also as attributes: ``axes``,
        ``shape``, ``dtype``, ``levels``, ``pixel_size``, ``strips``, ``noise`` (``sigma`` in
        counts, ``gain`` in counts per photoelectron, ``correlated``, ``struct_mask``,
        ``correlation`` by axis), ``warnings``, ``command`` (the one that trains on it; for an
        array the call of `train`) and more. Printed, it reads like the command's output.

    Raises
    ------
    StackError, AxesError
        As in `open_stack`, or if the dark frames hold no noise.

    Examples
    --------
    >>> import numpy as np
    >>> from n2v_tools import inspect
    >>> rng = np.random.default_rng(0)
    >>> flat = rng.normal(500, 20, (4, 96, 96)).astype(np.float32)
    >>> found = inspect(flat, axes="TYX")
    >>> found.shape, round(found["noise"]["sigma"]), found.noise["correlated"]
    ([4, 96, 96], 20, False)
    """
    from ..jobs.inspect.files import InspectRequest, inspect_files

    stack = open_stack(source, axes)
    given = None if axes is None else str(parse_asked_axes(axes))
    request = InspectRequest((stack,), given, None if dark is None else find(dark))
    (found,) = inspect_files(request, Listener(progress))
    if found.error:
        raise StackError(found.error)
    return Inspection(found.to_json(), found.text)
