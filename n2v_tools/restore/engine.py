"""One call behind which TensorFlow or OpenVINO works.

Which of them is decided here, and neither is loaded before it is needed: on a CPU with
OpenVINO a model restores without TensorFlow ever being imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import keras_backend, openvino_backend
from ..errors import N2VToolsError, UsageError

if TYPE_CHECKING:
    from ..methods.video.restorer import MovieRestorer
    from ..modelfolder import Model
    from .trained import TrainedRestorer

ENGINES = ("auto", "tensorflow", "openvino")


def open_restorer(
    model: Model, precision: str = "float32", engine: str = "tensorflow"
) -> TrainedRestorer | MovieRestorer:
    """Load a model's network and weights and make a Restorer of them.

    Parameters
    ----------
    model : Model
        As `modelfolder.read_model` returns it.
    precision : {"auto", "float32", "bfloat16"}
        Arithmetic of the network. Auto is bfloat16 with OpenVINO on a processor that has
        it, else float32.
    engine : {"auto", "tensorflow", "openvino"}
        See `choose_engine`.

    Returns
    -------
    restorer : TrainedRestorer or MovieRestorer
        Its ``engine`` and ``precision`` say what was chosen.

    Raises
    ------
    ModelError
        If the weights are missing, damaged or do not fit.
    N2VToolsError
        If the engine is not installed.
    """
    engine, _ = choose_engine(engine)
    if engine == "openvino":
        from .openvino_engine import open_with_openvino

        restorer: TrainedRestorer = open_with_openvino(model, precision)
    else:
        restorer = _open_with_tensorflow(model, "float32" if precision == "auto" else precision)
    restorer.subtracts_still = model.still
    if model.frames is None:
        return restorer
    from ..methods.video.restorer import MovieRestorer

    return MovieRestorer(restorer, model.frames, model.means[0], model.stds[0])


def choose_engine(engine: str = "auto") -> tuple[str, str]:
    """Say what shall run a network, and why.

    Parameters
    ----------
    engine : {"auto", "tensorflow", "openvino"}
        Auto: TensorFlow on a GPU or where OpenVINO is missing, else OpenVINO.

    Returns
    -------
    engine : {"tensorflow", "openvino"}
    reason : str
        One phrase for the user.

    Raises
    ------
    UsageError
        If there is no such engine.
    N2VToolsError
        If it is not installed.
    """
    if engine not in ENGINES:
        raise UsageError(f"engine {engine!r} is none of {', '.join(ENGINES)}.")
    installed = openvino_backend.available()
    if engine == "openvino" and not installed:
        raise N2VToolsError(
            "--engine openvino: OpenVINO is not installed. pip install openvino, or leave the "
            "choice to --engine auto."
        )
    if engine != "auto":
        return engine, "as asked for"
    if not installed:
        return "tensorflow", "OpenVINO is not installed"
    # TensorFlow takes seconds to load: it is asked for a GPU only if there may be one.
    if keras_backend.gpu_possible() and keras_backend.gpus():
        return "tensorflow", "there is a GPU"
    return "openvino", "the fastest on a processor"


def _open_with_tensorflow(model: Model, precision: str) -> TrainedRestorer:
    from ..modelfolder import load_net
    from ..nets.reach import net_block, net_halo, net_reach
    from .keras_engine import KerasRestorer

    net = load_net(model, precision)
    halo = net_halo(net)
    frames = model.frames is not None  # then its images are normalised before they come here
    return KerasRestorer(
        net,
        axes="YX" if frames else model.axes,
        n_channels=model.n_channels,
        means=None if frames else model.means or None,
        stds=None if frames else model.stds or None,
        reach_px=net_reach(net),
        block_px=net_block(net),
        halo_px=halo,
        margin_px=halo if model.net.layout == "deepcad" else (),
        name=model.name,
        struct_mask=model.struct_mask,
        precision=precision,
    )
