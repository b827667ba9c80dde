"""The engine that runs a network: TensorFlow or OpenVINO behind one call.

Which of them is decided here, and neither is loaded before it is needed: on a CPU with
OpenVINO a model restores without TensorFlow ever being imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import keras_backend, openvino_backend
from ..contracts import Restorer
from ..errors import N2VToolsError, UsageError
from ..nets.unet import NetSettings
from ..nets.weights import WeightFile
from ..words import option

ENGINES = ("auto", "tensorflow", "openvino")


def open_net(
    net: NetSettings,
    weights: WeightFile,
    *,
    engine: str = "tensorflow",
    precision: str = "float32",
    in_percentiles: bool = False,
    **known: Any,
) -> Restorer:
    """Make a Restorer of a network and its weights.

    Its ``engine`` and ``precision`` say what was chosen.

    Parameters
    ----------
    engine : {"tensorflow", "openvino"}
        As `choose_engine` returns it.
    precision : {"auto", "float32", "bfloat16"}
        Arithmetic of the network. Auto is bfloat16 with OpenVINO on a processor that has
        it, else float32.
    in_percentiles : bool
        The model takes values from 0 to 1, not those of mean 0 and deviation 1.
    **known
        ``axes``, ``means``, ``stds``, ``name`` and ``struct_mask``; see
        `trained.TrainedRestorer`.

    Raises
    ------
    ModelError
        If the weights are missing, damaged or do not fit.
    """
    if engine == "openvino":
        from .openvino_engine import restore_with_openvino

        sketch, values = weights.read(net)
        return restore_with_openvino(
            sketch, values, precision, in_percentiles=in_percentiles, **known
        )
    from .keras_engine import restore_with_tensorflow

    precision = "float32" if precision == "auto" else precision
    own = net.open_itself(weights, precision, **known)
    if own is not None:
        return own
    return restore_with_tensorflow(net, weights.load(net, precision), precision, **known)


def choose_engine(
    engine: str = "auto", possible: Sequence[str] = ("openvino", "tensorflow")
) -> tuple[str, str]:
    """Say what shall run a network, "tensorflow" or "openvino", and why, one phrase for the user.

    `engine` "auto" is TensorFlow on a GPU or where OpenVINO is missing, else OpenVINO; `possible`
    are the engines that can run the network.

    Raises
    ------
    UsageError
        If there is no such engine, or it cannot run the network.
    N2VToolsError
        If it is not installed.
    """
    if engine not in ENGINES:
        raise UsageError(f"engine {engine!r} is none of {', '.join(ENGINES)}.")
    installed = openvino_backend.available()
    if engine == "openvino" and not installed:
        raise N2VToolsError(
            f"{option('engine', 'openvino')}: OpenVINO is not installed. pip install openvino, or "
            f"leave the choice to {option('engine', 'auto')}."
        )
    if engine not in ("auto", *possible):
        raise UsageError(
            f"{option('engine', engine)} cannot run this network, but {' or '.join(possible)} can."
        )
    if engine != "auto":
        return engine, "as asked for"
    if len(possible) == 1:
        return possible[0], "no other engine can run this network"
    if not installed:
        return "tensorflow", "OpenVINO is not installed"
    # TensorFlow takes seconds to load: it is asked for a GPU only if there may be one.
    if keras_backend.gpu_possible() and keras_backend.gpus():
        return "tensorflow", "there is a GPU"
    return "openvino", "the fastest on a processor"
