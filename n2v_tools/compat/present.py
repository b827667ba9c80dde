"""Prediction with a notebook's net as it is now: by OpenVINO, or by TensorFlow.

OpenVINO works on a copy of the weights. Callbacks, `set_weights`, an optimiser or an
assignment to one variable may change the net's own at any time, and no hook tells of
all of these; so they are compared before each prediction, which takes milliseconds.

Tests: ``tests/compat/test_present_weights.py``.
"""

from __future__ import annotations

import functools
import logging
import threading
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import keras_backend, openvino_backend
from ..errors import ModelError, N2VToolsError
from ..nets.reach import net_block, net_reach
from ..nets.sketch import Sketch, Step, sketch_net
from ..nets.unet import NetSettings
from ..restore.engine import choose_engine
from ..restore.keras_engine import KerasRestorer
from ..restore.trained import TrainedRestorer
from .likeness import layers_of
from .refusals import WrongValue

if TYPE_CHECKING:
    from ..restore.openvino_engine import OpenVinoRestorer

Weights = dict[Step, list[np.ndarray]]
LOG = logging.getLogger(__name__)
PRECISIONS = ("auto", "float32", "bfloat16")
ANY_REACH = 2**20  # px, more than an image is wide: it is restored in one piece


class Engine:
    """Makes and keeps the Restorer of one net."""

    def __init__(self) -> None:
        # Held from `restorer` to the end of the prediction: compiled nets serve one caller at a
        # time, and one caller uses all cores.
        self.lock = threading.RLock()
        self._net: Any = None
        self._sketch: Sketch | None = None  # of `_net`; None: TensorFlow predicts
        self._layers: dict[Step, Any] = {}
        self._weights: Weights = {}
        self._asked: dict[str, Any] = {}
        self._restorer: TrainedRestorer | None = None

    def __reduce__(self) -> tuple[type, tuple[()]]:
        """Start with nothing compiled in a copy of the model, pickled or not."""
        return Engine, ()

    def restorer(
        self,
        net: Any,
        settings: NetSettings,
        *,
        precision: str,
        means: Sequence[float],
        stds: Sequence[float],
        **known: Any,
    ) -> TrainedRestorer:
        """Return what predicts with the present weights.

        Parameters
        ----------
        net : keras.Model
        settings : NetSettings
            That the net was built with, unless somebody has put another in its place.
        precision : {"auto", "float32", "bfloat16"}
            Of OpenVINO, see `restore.openvino_engine`; TensorFlow's is always float32.
        means, stds : sequence of float
            Counts, one per channel.
        **known
            ``axes``, ``name``, ``struct_mask`` and ``in_percentiles`` of the model.

        Raises
        ------
        WrongValue
            If there is no such precision. A ValueError.
        """
        if precision not in PRECISIONS:
            raise WrongValue(f"precision is {precision!r}; take one of {', '.join(PRECISIONS)}.")
        if net is not self._net:
            self._restorer, self._net = None, net
            self._sketch, self._layers = _drawing(net, settings)
        intensity = {"means": list(means), "stds": list(stds)}
        asked = {"settings": settings, "precision": precision, **known}
        if self._sketch is None:  # its traced function holds the intensity
            asked["intensity"] = intensity
        weights = {step: layer.get_weights() for step, layer in self._layers.items()}
        if self._restorer is None or asked != self._asked or not _equal(weights, self._weights):
            self._restorer = None  # its memory goes before the next takes some
            if self._sketch is None:
                self._restorer = _with_tensorflow(net, settings, **intensity, **known)
            else:
                self._restorer = _with_openvino(
                    self._sketch, weights, precision, **intensity, **known
                )
            self._asked, self._weights = asked, weights
        if self._sketch is None:
            return self._restorer
        return self._restorer.with_intensity(np.array(means), np.array(stds))


def _drawing(net: Any, settings: NetSettings) -> tuple[Sketch | None, dict[Step, Any]]:
    """The sketch of a net and its layers with weights, if OpenVINO is to predict with it."""
    name, reason = _engine()
    if name == "openvino":
        sketch = sketch_net(settings)
        layers = layers_of(net, sketch)
        if layers is not None:
            return sketch, {step: layers[step] for step in sketch.weighted}
        reason = "keras_model is not the net that config describes"
        warnings.warn(f"{reason}, so TensorFlow predicts with it, more slowly.", stacklevel=5)
    LOG.info("predicting with TensorFlow in float32: %s", reason)
    return None, {}


@functools.cache
def _engine() -> tuple[str, str]:
    """What predicts on this machine, and why; says once if it is the slow one."""
    name, reason = choose_engine("auto")
    if name == "openvino":
        try:
            openvino_backend.load()
        except N2VToolsError as error:
            name, reason = "tensorflow", str(error)
    if name == "tensorflow" and not keras_backend.gpus():
        warnings.warn(
            f"TensorFlow predicts, which takes several times as long: {reason}. Install openvino "
            "with pip where there is a wheel for this system.",
            stacklevel=6,
        )
    return name, reason


def _with_openvino(
    sketch: Sketch, weights: Weights, precision: str, **known: Any
) -> OpenVinoRestorer:
    from ..restore.openvino_engine import restore_with_openvino

    made = restore_with_openvino(sketch, weights, precision, **known)
    LOG.info("%s: predicting with OpenVINO in %s", made.name, made.precision)
    return made


def _with_tensorflow(
    net: Any, settings: NetSettings, *, in_percentiles: bool, **known: Any
) -> KerasRestorer:
    """A Restorer of any net; one with layers of unknown reach takes an image in one piece."""
    try:
        reach, block = net_reach(net), net_block(net)
    except ModelError:
        reach, block = (ANY_REACH,) * settings.n_dim, (settings.block,) * settings.n_dim
        warnings.warn(
            "keras_model has layers of unknown reach, so an image is restored in one piece, "
            "however large.",
            stacklevel=5,
        )
    return KerasRestorer(net, reach_px=reach, block_px=block, **known)


def _equal(some: Weights, others: Weights) -> bool:
    return some.keys() == others.keys() and all(
        np.array_equal(one, other)
        for step in some
        for one, other in zip(some[step], others[step], strict=True)
    )
