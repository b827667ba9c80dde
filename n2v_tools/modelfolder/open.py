"""Opening of a model: the Restorer that its method leaves behind, on an engine.

Tests: ``tests/contract/test_every_restorer.py``.
"""

from __future__ import annotations

from typing import Any

from ..contracts import Opening, Restorer
from ..methods.table import rows
from ..restore.engine import choose_engine, open_net
from ..restore.left_channels import WithLeftChannels
from .read import Model, weights_of


def open_restorer(
    model: Model,
    precision: str = "float32",
    engine: str = "tensorflow",
    *,
    settings: Any = None,
    seed: int = 0,
) -> Restorer:
    """Load a model's network and weights and make a Restorer of them.

    Parameters
    ----------
    model : Model
        As `read_model` returns it.
    precision : {"auto", "float32", "bfloat16"}
        Arithmetic of the network. Auto is bfloat16 with OpenVINO on a processor that has
        it, else float32.
    engine : {"auto", "tensorflow", "openvino"}
        See `restore.engine.choose_engine`.
    settings : object, optional
        The method's own, as `methods.row.Row.restoring` has them.
    seed : int
        Of whatever the Restorer draws.

    Returns
    -------
    restorer : Restorer
        Its ``engine`` and ``precision`` say what was chosen.

    Raises
    ------
    ModelError
        If the weights are missing, damaged or do not fit.
    N2VToolsError
        If the engine is not installed.
    """
    section = model.section
    normalises = section is None or section.normalises
    images = section is not None and section.images_of_planes
    engine, _ = choose_engine(engine, model.net.engines)
    net = open_net(
        model.net,
        weights_of(model),
        engine=engine,
        precision=precision,
        in_percentiles=model.normalisation == "percentile",
        axes=model.axes[1:] if images else model.axes,
        means=(model.means or None) if normalises else None,
        stds=(model.stds or None) if normalises else None,
        name=model.name,
        struct_mask=model.struct_mask,
    )
    row = rows().get(model.method)
    make = None if row is None else row.load("restorer")
    restorer: Restorer = net
    if make is not None:
        record = None if section is None else section.record
        restorer = make(Opening(net, record, model.means, model.stds, settings, seed))
    return WithLeftChannels(restorer, model.left_channels) if model.left_channels else restorer
